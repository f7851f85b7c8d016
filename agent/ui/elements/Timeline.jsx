// What is heard in a sound or a video, and when: a player with subtitles, and a lane for each kind of sound.
// Drawn from its props alone; every text is shown as text.
import { useRef, useState } from "react"
import { Download } from "lucide-react"

const clock = (s) => `${Math.floor(s / 60)}:${String(Math.floor(s % 60)).padStart(2, "0")}`
const percent = (s) => `${Math.min(100, Math.max(0, (100 * s) / Math.max(props.duration_s, 0.001)))}%`

// An address of a text that the page itself holds. It is kept: a card is drawn anew while its player still reads it.
const addresses = (window.earshotAddresses ??= new Map())
function addressOf(text, type) {
  if (!addresses.has(text)) addresses.set(text, URL.createObjectURL(new Blob([text], { type })))
  return addresses.get(text)
}

export default function Timeline() {
  const media = useRef(null)
  const [at, setAt] = useState(0)
  const [failed, setFailed] = useState(false)
  const vtt = addressOf(props.vtt, "text/vtt")
  const srt = addressOf(props.srt, "application/x-subrip")
  const Media = props.has_picture ? "video" : "audio"

  const begin = (event) => {
    document.querySelectorAll("audio, video").forEach((other) => other !== event.target && other.pause())
    setFailed(false)
  }
  const play = (second) => {
    media.current.currentTime = second
    media.current.play().catch((error) => setFailed(error.name !== "AbortError"))
  }

  return (
    <section className="es-card" data-testid="timeline">
      <header className="es-head">
        <h3 className="es-title">{props.title}</h3>
        <span className="es-count">{props.n === 1 ? "1 event" : `${props.n} events`}</span>
      </header>
      <Media ref={media} className="es-media" src={props.url} controls preload="metadata" onPlay={begin} onTimeUpdate={(event) => setAt(event.target.currentTime)} onError={() => setFailed(true)} data-testid="media">
        {props.has_picture ? <track kind="captions" label="Sounds" src={vtt} default /> : null}
      </Media>
      {failed ? <p className="es-count">This cannot be played here; its file may have moved.</p> : null}
      <ol className="es-lanes">
        {props.lanes.map((lane) => (
          <li key={lane.label} className="es-lane" data-testid="lane">
            <span className="es-score-label" title={lane.label}>{lane.label}</span>
            <span className="es-strip">
              {lane.spans.map(([start, end, score]) => (
                <button key={start} type="button" className="es-span" style={{ left: percent(start), width: `calc(${percent(end)} - ${percent(start)})`, opacity: 0.45 + 0.55 * score }} onClick={() => play(start)} title={`${lane.label}, ${clock(start)} to ${clock(end)}`} aria-label={`Play ${lane.label} at ${clock(start)}`} />
              ))}
              <span className="es-now" style={{ left: percent(at) }} aria-hidden="true" />
            </span>
          </li>
        ))}
      </ol>
      {props.n ? (
        <footer className="es-asks">
          <span className="es-count">Subtitles to take away</span>
          <a className="es-ask" href={srt} download={`${props.file}.srt`} data-testid="srt"><Download size={14} />SRT</a>
          <a className="es-ask" href={vtt} download={`${props.file}.vtt`} data-testid="vtt"><Download size={14} />WebVTT</a>
        </footer>
      ) : null}
    </section>
  )
}
