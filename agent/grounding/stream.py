"""The events of a turn with the answers of the chat model checked, whatever door they go to."""

from collections.abc import Iterator

from agent.events import Event, Notice, TextDelta, ToolFinished
from agent.grounding.checking import TAKEN_OUT, Checker
from agent.grounding.known import Known


class Grounded:
    """Passes events on; of an answer only what has been checked, a sentence at a time."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._message_id = ""
        self._checker: Checker | None = None
        self._told = False

    def take(self, event: Event) -> Iterator[Event]:
        """What the person may see of an event, and of what was held back before it."""
        if not isinstance(event, TextDelta) or event.checked or event.message_id != self._message_id:
            yield from self.end()
        if isinstance(event, TextDelta) and not event.checked:
            yield from self._write(event)
            return
        if isinstance(event, ToolFinished):
            self._known.hear_tool(event.text, event.artifact, failed=event.failed)
        yield event

    def end(self) -> Iterator[Event]:
        """The rest of an answer that has ended; once in a turn, that something was taken out."""
        checker, self._checker = self._checker, None
        if checker is None:
            return
        if rest := checker.end():
            yield TextDelta(self._message_id, rest, checked=True)
        if checker.mended and not self._told:
            self._told = True
            yield Notice(TAKEN_OUT)

    def _write(self, event: TextDelta) -> Iterator[Event]:
        self._message_id = event.message_id
        if self._checker is None:
            self._checker = Checker(self._known)
        if shown := self._checker.feed(event.text):
            yield TextDelta(event.message_id, shown, checked=True)
