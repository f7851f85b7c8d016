// A map of the sounds, in a frame of its own, and what can be asked of those that were drawn around or clicked on it.
// Drawn from its props alone; every text is shown as text.
import { useEffect, useRef, useState } from "react"
import { Boxes, FolderDown, Info, ListMusic, Maximize2 } from "lucide-react"
import { toast } from "sonner"
import { useChatData } from "@chainlit/react-client"

// What the map in the frame tells: {earshot: "ready" | "selection" | "pinned", ...}. It and this page share an origin.
function useMap(frame) {
  const [ids, setIds] = useState([])
  const [pinned, setPinned] = useState(null)
  useEffect(() => {
    const tellTheme = () => {
      const map = frame.current && frame.current.contentWindow
      if (map) map.postMessage({ earshot: "theme", dark: document.documentElement.classList.contains("dark") }, window.location.origin)
    }
    const hear = (event) => {
      if (event.origin !== window.location.origin || !frame.current || event.source !== frame.current.contentWindow) return
      const told = event.data || {}
      if (told.earshot === "ready") tellTheme()
      if (told.earshot === "selection") setIds(told.ids)
      if (told.earshot === "pinned") setPinned(told.id === null ? null : { id: told.id, name: told.name })
    }
    const watch = new MutationObserver(tellTheme)
    watch.observe(document.documentElement, { attributes: true, attributeFilter: ["class"] })
    window.addEventListener("message", hear)
    return () => {
      watch.disconnect()
      window.removeEventListener("message", hear)
    }
  }, [])
  return { ids, pinned }
}

function Ask({ children, disabled, onClick, testId }) {
  return <button type="button" className="es-ask" disabled={disabled} onClick={onClick} data-testid={testId}>{children}</button>
}

function SoundMap({ props, callAction, sendUserMessage }) {
  const { loading } = useChatData()
  const frame = useRef(null)
  const [sending, setSending] = useState(false)
  const { ids, pinned } = useMap(frame)
  const idle = loading || sending

  const ask = async (then) => {
    setSending(true)
    try {
      const { response } = await callAction({ name: "keep_selection", payload: { ids, then } })
      if (response && response.say) sendUserMessage(response.say)
      else toast.error(response && response.error ? response.error : "The selection could not be kept. Try once more.")
    } catch (error) {
      toast.error("The selection could not be kept; the program may have ended. Try once more.")
    } finally {
      setSending(false)
    }
  }

  return (
    <section className="es-card" aria-label={props.title} data-testid="sound-map">
      <header className="es-head">
        <h3 className="es-title">{props.title}</h3>
        {props.clustering === null ? null : <span className="es-count">clustering {props.clustering}</span>}
        <a className="es-act" href={props.url} target="_blank" rel="noopener" aria-label="Open the map in a page of its own" title="Open in a page of its own"><Maximize2 size={16} /></a>
      </header>
      <iframe ref={frame} className="es-map" src={props.url} title={props.title} loading="lazy" allow="autoplay; clipboard-write" />
      <footer className="es-asks">
        <span className="es-count" role="status">{ids.length ? `${ids.length.toLocaleString("en")} selected` : pinned ? pinned.name : "Draw around sounds with the lasso to ask about them."}</span>
        <Ask disabled={idle || !ids.length} onClick={() => ask("what")} testId="ask-what"><ListMusic size={14} /> What is this?</Ask>
        <Ask disabled={idle || !ids.length} onClick={() => ask("cluster")} testId="ask-cluster"><Boxes size={14} /> Cluster only these</Ask>
        <Ask disabled={idle || !ids.length} onClick={() => ask("export")} testId="ask-export"><FolderDown size={14} /> Export these</Ask>
        <Ask disabled={idle || !pinned} onClick={() => sendUserMessage(`what is ${pinned.id}?`)} testId="ask-details"><Info size={14} /> Details</Ask>
      </footer>
    </section>
  )
}

// Chainlit evaluates this file anew at the start and end of every turn. Were the component a new one each time, the frame
// would be loaded again, and what was drawn around would be lost; so the first one stays, and is given what is current.
window.EarshotSoundMap = window.EarshotSoundMap || SoundMap
const Kept = window.EarshotSoundMap
export default <Kept props={props} callAction={callAction} sendUserMessage={sendUserMessage} />
