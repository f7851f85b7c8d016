// The groups of a clustering: what each is called, how large it is, and a few sounds of it to hear.
// Drawn from its props alone; every text is shown as text.
import { useRef, useState } from "react"
import { ListMusic, Pause, Play } from "lucide-react"
import { useChatData } from "@chainlit/react-client"

const SHOWN_AT_FIRST = 12 // groups; a long list would push the conversation away

function Example({ sound }) {
  const audio = useRef(null)
  const [playing, setPlaying] = useState(false)
  const [failed, setFailed] = useState(false)
  const toggle = () => {
    if (!audio.current.paused) return audio.current.pause()
    audio.current.play().catch((error) => setFailed(error.name !== "AbortError"))
  }
  const begin = (event) => {
    document.querySelectorAll("audio").forEach((other) => other !== event.target && other.pause())
    setFailed(false)
    setPlaying(true)
  }
  return (
    <li className="es-example">
      <button
        type="button"
        className={`es-chip${playing ? " es-on" : ""}`}
        onClick={toggle}
        title={failed ? "This sound cannot be played; its file may have moved." : sound.caption || sound.name}
        aria-label={`${playing ? "Pause" : "Play"} ${sound.name}`}
        data-testid="play"
      >
        {playing ? <Pause size={12} /> : <Play size={12} />}
        <span className={failed ? "es-chip-name es-struck" : "es-chip-name"}>{sound.name}</span>
      </button>
      <audio ref={audio} src={sound.audio} preload="none" onPlay={begin} onPause={() => setPlaying(false)} onEnded={() => setPlaying(false)} onError={() => setFailed(true)} data-testid={`audio-${sound.id}`} />
    </li>
  )
}

// A number from 0 to 1 with what it says; nothing where it was not measured.
function Check({ label, value, explained, testId }) {
  if (typeof value !== "number") return null
  return (
    <span className="es-check" title={explained} data-testid={testId}>
      {label} {value.toFixed(2)}
      <span className="es-share" aria-hidden="true"><span style={{ width: `${Math.max(0, Math.min(100, 100 * value))}%` }} /></span>
    </span>
  )
}

function Group({ cluster, share, busy, ask }) {
  return (
    <li className="es-group" data-testid="cluster" data-cluster={cluster.cluster}>
      <div className="es-line">
        <span className="es-rank">{cluster.cluster}</span>
        <span className="es-name" title={cluster.title}>{cluster.title}</span>
        <span className="es-facts">{cluster.size === 1 ? "1 sound" : `${cluster.size} sounds`}</span>
        <button type="button" className="es-act" disabled={busy} onClick={ask} aria-label={`What is in group ${cluster.cluster}, ${cluster.title}?`} title="What is in it?" data-testid="open-cluster">
          <ListMusic size={16} />
        </button>
      </div>
      <div className="es-share" aria-hidden="true"><span style={{ width: `${share}%` }} /></div>
      <p className="es-checks">
        <Check label="holds still" value={cluster.stability} explained="How surely the group comes back when it is made from a part of the sounds; 1 is always" testId="stability" />
        <Check label="name finds its own" value={cluster.name_auc} explained="The chance that a search for the name puts a sound of the group before another; 0.5 says nothing" testId="name-check" />
        {cluster.weak ? <span className="es-check es-weak" data-testid="weak-name">weak name</span> : null}
        {cluster.named_by_person ? <span className="es-check">named by you</span> : null}
      </p>
      <p className="es-words">{cluster.keywords.map((word) => <span key={word} className="es-tag">{word}</span>)}</p>
      <ul className="es-examples">{cluster.exemplars.map((sound) => <Example key={sound.id} sound={sound} />)}</ul>
    </li>
  )
}

export default function Clusters() {
  const { loading } = useChatData()
  const [whole, setWhole] = useState(false)
  const shown = whole ? props.clusters : props.clusters.slice(0, SHOWN_AT_FIRST)
  const largest = Math.max(1, ...props.clusters.map((cluster) => cluster.size))
  return (
    <section className="es-card" aria-label={props.title} data-testid="clusters">
      <header className="es-head">
        <h3 className="es-title">{props.title}</h3>
        <span className="es-count">
          clustering {props.clustering}{props.name ? ` “${props.name}”` : ""} · {props.method}
          {props.outliers ? ` · ${props.outliers} in no group` : ""}
        </span>
      </header>
      {props.change ? <p className="es-change" data-testid="change">{props.change}</p> : null}
      <ol className="es-groups">
        {shown.map((cluster) => (
          <Group
            key={cluster.cluster}
            cluster={cluster}
            share={(100 * cluster.size) / largest}
            busy={loading}
            ask={() => sendUserMessage(`what is in cluster ${cluster.cluster} of clustering ${props.clustering}?`)}
          />
        ))}
      </ol>
      {shown.length < props.clusters.length ? (
        <button type="button" className="es-more" onClick={() => setWhole(true)} data-testid="all-clusters">
          Show all {props.clusters.length} groups
        </button>
      ) : null}
    </section>
  )
}
