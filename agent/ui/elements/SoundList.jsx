// A list of sounds to hear: the hits of a search, or the examples of one group.
// Drawn from its props alone; every text is a stranger's and is shown as text.
import { useEffect, useRef, useState } from "react"
import { AlertTriangle, AudioWaveform, Info, Pause, Play } from "lucide-react"
import { useChatData } from "@chainlit/react-client"

const LOADED_AT_ONCE = 4 // the first few are loaded whole, the rest when they are played

const clock = (s) => {
  if (s < 10) return `${s.toFixed(1)} s`
  const whole = Math.round(s)
  const minutes = Math.floor(whole / 60)
  const hours = Math.floor(minutes / 60)
  const two = (n) => String(n).padStart(2, "0")
  return hours ? `${hours}:${two(minutes % 60)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`
}

// The state of one audio element, and the three things a person does to it.
function usePlayer(sound) {
  const audio = useRef(null)
  const [started, setStarted] = useState(false)
  const [playing, setPlaying] = useState(false)
  const [failed, setFailed] = useState(false)
  const [at, setAt] = useState(sound.start_s)

  useEffect(() => {
    if (!playing) return
    let frame
    const follow = () => {
      if (audio.current) setAt(audio.current.currentTime)
      frame = requestAnimationFrame(follow)
    }
    follow()
    return () => cancelAnimationFrame(frame)
  }, [playing])

  const seek = (s) => {
    setStarted(true)
    if (audio.current) audio.current.currentTime = s
    setAt(s)
  }
  const toggle = () => {
    const element = audio.current
    if (!element) return
    if (!element.paused) return element.pause()
    if (!started || element.ended) seek(sound.start_s < sound.duration_s ? sound.start_s : 0)
    element.play().catch((error) => setFailed(error.name !== "AbortError"))
  }
  const events = {
    ref: audio,
    onPlay: (event) => {
      document.querySelectorAll("audio").forEach((other) => other !== event.target && other.pause())
      setFailed(false)
      setPlaying(true)
    },
    onPause: () => setPlaying(false),
    onEnded: () => setPlaying(false),
    onError: () => setFailed(true),
  }
  return { at, events, failed, playing, seek, started, toggle }
}

function Track({ sound, player }) {
  const percent = (s) => `${Math.min(100, Math.max(0, (100 * s) / (sound.duration_s || 1)))}%`
  const whole = sound.end_s - sound.start_s > 0.9 * sound.duration_s // then there is no best part to mark
  const style = { "--es-at": percent(player.started ? player.at : 0), "--es-from": percent(sound.start_s), "--es-to": percent(whole ? sound.start_s : sound.end_s) }
  return (
    <input
      className="es-track"
      style={style}
      type="range"
      min={0}
      max={sound.duration_s}
      step={Math.max(0.01, sound.duration_s / 200)}
      value={Math.min(player.at, sound.duration_s)}
      onChange={(event) => player.seek(Number(event.target.value))}
      aria-label={`Position in ${sound.name}`}
      aria-valuetext={`${clock(player.at)} of ${clock(sound.duration_s)}`}
    />
  )
}

function Row({ sound, rank, preload, busy }) {
  const player = usePlayer(sound)
  const moment = sound.start_s > 0 ? `at ${clock(sound.start_s)} of ${clock(sound.duration_s)}` : clock(sound.duration_s)
  return (
    <li className="es-row" data-testid="sound-row" data-sound={sound.id}>
      <span className="es-rank" aria-label={`Number ${rank}`}>{rank}</span>
      <button
        type="button"
        className="es-play"
        onClick={player.toggle}
        aria-label={`${player.playing ? "Pause" : "Play"} ${sound.name}`}
        data-testid="play"
      >
        {player.playing ? <Pause size={16} /> : <Play size={16} />}
      </button>
      <div className="es-body">
        <div className="es-line">
          <span className="es-name" title={sound.name}>{sound.name}</span>
          <span className="es-id">{sound.id}</span>
          <span className="es-facts">
            {moment}
            {typeof sound.score === "number" ? <span title="Score: the higher, the better it fits"> · {sound.score.toFixed(2)}</span> : null}
          </span>
        </div>
        <Track sound={sound} player={player} />
        <div className="es-line es-under">
          <span className="es-caption">{sound.caption}</span>
          {sound.tags.map((tag) => <span key={tag} className="es-tag">{tag}</span>)}
        </div>
        {player.failed ? <div className="es-failed" role="alert"><AlertTriangle size={13} /> This sound cannot be played; its file may have moved.</div> : null}
        <audio {...player.events} src={sound.audio} preload={preload} data-testid={`audio-${sound.id}`} />
      </div>
      <div className="es-actions">
        <button type="button" className="es-act" disabled={busy} onClick={() => sendUserMessage(`more like ${sound.id}`)} aria-label={`More like ${sound.name}`} title="More like this" data-testid="more-like">
          <AudioWaveform size={16} />
        </button>
        <button type="button" className="es-act" disabled={busy} onClick={() => sendUserMessage(`what is ${sound.id}?`)} aria-label={`Details of ${sound.name}`} title="Details" data-testid="details">
          <Info size={16} />
        </button>
      </div>
    </li>
  )
}

export default function SoundList() {
  const { loading } = useChatData()
  return (
    <section className="es-card" aria-label={props.title} data-testid="sound-list">
      <header className="es-head">
        <h3 className="es-title">{props.title}</h3>
        <span className="es-count">
          {props.hits.length}{props.hidden ? ` of ${props.hits.length + props.hidden}` : ""} shown
        </span>
      </header>
      {props.keywords && props.keywords.length ? (
        <p className="es-words">{props.keywords.map((word) => <span key={word} className="es-tag">{word}</span>)}</p>
      ) : null}
      <ol className="es-list">
        {props.hits.map((sound, index) => (
          <Row key={`${sound.id}-${index}`} sound={sound} rank={index + 1} preload={index < LOADED_AT_ONCE ? "auto" : "metadata"} busy={loading} />
        ))}
      </ol>
    </section>
  )
}
