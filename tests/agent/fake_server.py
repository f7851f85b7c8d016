"""Serves the real page over a stand-in library: `python fake_server.py FOLDER`. Run as a program by the tests.

The library is a folder of files named by their number. The agent breaks or hangs at every turn, as it is asked to.
Prints the address when it is there; an interrupt ends it.
"""

import asyncio
import itertools
import logging
import sys
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from langchain_core.messages import AIMessage

from agent.context import AgentContext
from agent.server import serve
from core.audio import open_source
from core.errors import AudioError, NotFoundError, UnknownNameError
from core.maps import SoundMap
from core.settings import Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Attachment:
    id: str
    name: str
    path: Path


class TwoSounds:
    """A map of two sounds and of one clustering, the first."""

    def get(self, space: str | None, clustering: int | None) -> SoundMap:
        if space not in (None, "builtin"):
            raise UnknownNameError(f"no ears are called {space!r}; known are builtin")
        if clustering not in (None, 1):
            raise NotFoundError(f"there is no clustering {clustering}; there is 1")
        names = ["</script><script>alert(1)</script>.wav", "b.wav"]
        return SoundMap(
            "builtin", 0, [1, 2], [0.0, 1.0], [0.0, 1.0], names, ["", ""], ["", ""], [1.0, 1.0], [False] * 2
        )


class FolderLibrary:
    maps = TwoSounds()

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ears = SimpleNamespace(chosen=lambda: "builtin")

    def overview(self) -> dict[str, Any]:
        return {"sounds": len(list((self.folder / "sounds").iterdir())), "spaces": []}

    def audio_path(self, sound_id: int) -> Path:
        return self._find("sounds", str(sound_id))

    def attachment(self, attachment_id: str) -> Attachment:
        path = self._find("attachments", attachment_id)
        return Attachment(attachment_id, path.name, path)

    def attach(self, path: Path, name: str, longest_s: float) -> Attachment:
        try:
            open_source(path)
        except AudioError as error:
            raise AudioError(name, error.reason) from error
        raise NotFoundError(f"{name}: this library keeps nothing")

    def _find(self, place: str, stem: str) -> Path:
        for path in (self.folder / place).iterdir():
            if path.stem == stem:
                return path
        raise NotFoundError(f"no sound is called {stem!r}")


class BreakingAgent:
    """Raises a problem that the person can mend for a message with "known" in it, runs for ever for one with "long" in
    it, and else makes a mistake."""

    checkpointer = None

    async def aget_state(self, _: Any) -> SimpleNamespace:
        """It never waits for an answer."""
        return SimpleNamespace(interrupts=())

    async def astream(self, given: Any, *_: Any, context: AgentContext, **__: Any) -> AsyncIterator[Any]:
        if "known" in str(given):
            raise AudioError("kick.wav", "no audio stream; convert it or remove it")
        if "long" not in str(given):
            raise ZeroDivisionError("a detail that only the log may tell")
        call = {"name": "ingest", "args": {"folder": "sounds"}, "id": "c1"}
        yield {"type": "updates", "data": {"model": {"messages": [AIMessage("", tool_calls=[call])]}}}
        threading.Thread(target=wait_for_stop, args=[context.cancelled], daemon=True).start()
        for done in itertools.count():
            yield {"type": "custom", "data": {"call_id": "c1", "done": done, "total": 1000, "label": f"take_{done}"}}
            await asyncio.sleep(0.2)


def wait_for_stop(cancelled: threading.Event) -> None:
    """What a tool does in its thread: it is not stopped, it looks whether it should."""
    cancelled.wait(60)
    log.info("the job was told to stop" if cancelled.is_set() else "nobody stopped the job")


def main(folder: Path) -> None:
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    settings = Settings(library=folder, port=0, _env_file=None)
    library: Any = FolderLibrary(folder)
    serve(
        library,
        lambda _: BreakingAgent(),
        settings,
        folder=folder / "page",
        on_ready=lambda url: print(url, flush=True),  # noqa: T201
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
