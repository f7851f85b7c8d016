// What an ingest did: found = indexed + unchanged + skipped, and why something was skipped.
// Drawn from its props alone; every text is shown as text.
import { CheckCircle2, FileX2 } from "lucide-react"

const length = (s) => {
  if (s < 60) return `${s.toFixed(1)} s`
  if (s < 3600) return `${Math.floor(s / 60)} min ${Math.round(s % 60)} s`
  return `${Math.floor(s / 3600)} h ${Math.round((s % 3600) / 60)} min`
}

function Count({ value, label, sign }) {
  return (
    <>
      {sign ? <span className="es-sign" aria-hidden="true">{sign}</span> : null}
      <div className="es-number" data-testid={`n-${label}`}><b>{value}</b><span>{label}</span></div>
    </>
  )
}

export default function IngestReport() {
  const more = [
    [props.again, "known and heard again"],
    [props.changed, "changed"],
    [props.copies, "copies of known sounds"],
    [props.moved, "moved"],
    [props.missing, "missing since the last time"],
    [props.damaged, "damaged, heard as far as they can be read"],
  ].filter(([n]) => n > 0)
  const unlisted = props.n_skipped - props.skipped.length
  return (
    <section className="es-card" aria-label="What was added" data-testid="ingest-report">
      <div className="es-sum">
        <Count value={props.found} label="found" />
        <Count value={props.indexed} label="indexed" sign="=" />
        <Count value={props.unchanged} label="unchanged" sign="+" />
        <Count value={props.n_skipped} label="skipped" sign="+" />
      </div>
      <p className="es-under-sum">
        <CheckCircle2 size={14} /> {length(props.seconds_of_audio)} of sound heard in {length(props.elapsed_s)}
        {more.map(([n, what]) => ` · ${n} ${what}`).join("")}
      </p>
      {props.skipped.length ? (
        <details className="es-skips" open={props.n_skipped <= 5}>
          <summary><FileX2 size={14} /> {props.n_skipped === 1 ? "1 file was skipped" : `${props.n_skipped} files were skipped`}</summary>
          <ul>
            {props.skipped.map((skip) => (
              <li key={skip.path}><span className="es-path" title={skip.path}>{skip.path.split(/[\\/]/).pop()}</span><span className="es-reason">{skip.reason}</span></li>
            ))}
          </ul>
          {unlisted > 0 ? <p className="es-count">and {unlisted} more</p> : null}
        </details>
      ) : null}
    </section>
  )
}
