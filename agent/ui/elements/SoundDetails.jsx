// All that is known of one or a few sounds. Drawn from its props alone; every text is shown as text.
import { useRef, useState } from "react"
import { AudioWaveform, Pause, Play } from "lucide-react"
import { useChatData } from "@chainlit/react-client"

const seconds = (s) => (s < 60 ? `${s.toFixed(s < 10 ? 2 : 1)} s` : `${Math.floor(s / 60)} min ${Math.round(s % 60)} s`)
const known = (value) => value !== null && value !== undefined && value !== ""

// Label, value as a person reads it; a line whose value is not known is left out.
const facts = (sound) =>
  [
    ["Length", seconds(sound.duration_s)],
    ["Domain", sound.domain],
    ["Loudness", known(sound.loudness_lufs) && `${sound.loudness_lufs.toFixed(1)} LUFS`],
    ["Peak", known(sound.peak_dbfs) && `${sound.peak_dbfs.toFixed(1)} dBFS`],
    ["Brightness", known(sound.brightness_hz) && `${Math.round(sound.brightness_hz)} Hz`],
    ["Noisiness", known(sound.noisiness) && sound.noisiness.toFixed(2)],
    ["Pitch", known(sound.pitch_hz) && `${sound.pitch_hz.toFixed(sound.pitch_hz < 100 ? 1 : 0)} Hz`],
    ["Tempo", known(sound.tempo_bpm) && `${Math.round(sound.tempo_bpm)} bpm`],
    ["Format", [sound.codec, known(sound.sample_rate_hz) && `${sound.sample_rate_hz / 1000} kHz`, known(sound.channels) && (sound.channels === 1 ? "mono" : sound.channels === 2 ? "stereo" : `${sound.channels} channels`)].filter(Boolean).join(", ")],
    ["Chunks", known(sound.n_chunks) && `${sound.id}:0${sound.n_chunks > 1 ? ` to ${sound.id}:${sound.n_chunks - 1}` : ""}`],
  ].filter(([, value]) => value)

function PlayButton({ sound }) {
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
    <>
      <button type="button" className="es-play" onClick={toggle} disabled={failed} aria-label={`${playing ? "Pause" : "Play"} ${sound.name}`} title={failed ? "This sound cannot be played; its file may have moved." : undefined} data-testid="play">
        {playing ? <Pause size={16} /> : <Play size={16} />}
      </button>
      <audio ref={audio} src={sound.audio} preload="auto" onPlay={begin} onPause={() => setPlaying(false)} onEnded={() => setPlaying(false)} onError={() => setFailed(true)} data-testid={`audio-${sound.id}`} />
    </>
  )
}

function Sound({ sound, busy }) {
  const files = sound.files.length ? sound.files : [{ path: sound.path, missing: false }]
  return (
    <article className="es-detail" aria-label={sound.name} data-testid="sound-detail" data-sound={sound.id}>
      <div className="es-row">
        <PlayButton sound={sound} />
        <div className="es-body">
          <div className="es-line">
            <h3 className="es-name" title={sound.name}>{sound.name}</h3>
            <span className="es-id">{sound.id}</span>
          </div>
          <div className="es-caption">{sound.caption}</div>
        </div>
        <div className="es-actions">
          <button type="button" className="es-act" disabled={busy} onClick={() => sendUserMessage(`more like ${sound.id}`)} aria-label={`More like ${sound.name}`} title="More like this" data-testid="more-like">
            <AudioWaveform size={16} />
          </button>
        </div>
      </div>
      {sound.tags.length ? (
        <ul className="es-scores" aria-label="What is heard in it">
          {sound.tags.map((tag) => (
            <li key={tag.label}>
              <span className="es-score-label">{tag.label}</span>
              <span className="es-share" aria-hidden="true"><span style={{ width: `${Math.min(100, 100 * tag.score)}%` }} /></span>
              <span className="es-facts">{Math.round(100 * tag.score)} %</span>
            </li>
          ))}
        </ul>
      ) : null}
      <dl className="es-facts-grid">
        {facts(sound).map(([label, value]) => (
          <div key={label}><dt>{label}</dt><dd>{value}</dd></div>
        ))}
      </dl>
      <ul className="es-files" aria-label="Files">
        {files.map((file) => <li key={file.path} className={file.missing ? "es-struck" : undefined}>{file.path}{file.missing ? " (missing)" : ""}</li>)}
      </ul>
    </article>
  )
}

export default function SoundDetails() {
  const { loading } = useChatData()
  return (
    <section className="es-card" data-testid="sound-details">
      {props.sounds.map((sound) => <Sound key={sound.id} sound={sound} busy={loading} />)}
      {props.hidden ? <p className="es-count">and {props.hidden} more</p> : null}
    </section>
  )
}
