// The buttons under a question that the agent waits for. Drawn from its props alone: answers is null while it is open.
import { useState } from "react"
import { Check, X } from "lucide-react"
import { toast } from "sonner"
import { useChatData } from "@chainlit/react-client"
import { Button } from "@/components/ui/button"

const told = (yes) => (yes === undefined ? "Not answered" : yes ? "You said: go ahead" : "You said: not now")

function Answered({ number, yes }) {
  return (
    <p className="flex items-center gap-1.5 text-sm text-muted-foreground" data-testid="decided">
      {yes ? <Check size={14} aria-hidden="true" /> : <X size={14} aria-hidden="true" />} {number ? `${number}. ` : ""}{told(yes)}
    </p>
  )
}

function Approval() {
  const { loading } = useChatData()
  const [chosen, setChosen] = useState({})
  const [sent, setSent] = useState(false)
  const numbers = Array.from({ length: props.count }, (_, place) => place)
  const label = (place) => (props.count > 1 ? place + 1 : 0)

  if (props.answers) {
    return <div data-testid="approval">{numbers.map((place) => <Answered key={place} number={label(place)} yes={props.answers[place]} />)}</div>
  }

  const choose = async (place, yes) => {
    const now = { ...chosen, [place]: yes }
    setChosen(now)
    if (Object.keys(now).length < props.count) return
    setSent(true)
    try {
      const { response } = await callAction({ name: "decide", payload: { asked: props.asked, answers: numbers.map((each) => now[each]) } })
      if (response && response.error) throw new Error(response.error)
    } catch (error) {
      setChosen({})
      setSent(false)
      toast.error("Your answer did not arrive; the program may have ended. Try once more.")
    }
  }

  return (
    <div className="flex flex-col gap-2 py-1" data-testid="approval" role="group" aria-label="Answer the question above">
      {numbers.map((place) => place in chosen && props.count > 1 ? <Answered key={place} number={label(place)} yes={chosen[place]} /> : (
        <div className="flex items-center gap-2" key={place}>
          {props.count > 1 ? <span className="text-sm">{place + 1}.</span> : null}
          <Button type="button" size="sm" disabled={loading || sent} onClick={() => choose(place, true)}><Check size={14} /> Go ahead</Button>
          <Button type="button" size="sm" variant="outline" disabled={loading || sent} onClick={() => choose(place, false)}><X size={14} /> Not now</Button>
        </div>
      ))}
    </div>
  )
}

export default <Approval />
