"""The ears of a library: which space answers a search, how a file is heard for it, and whether it is of today's ears.

A space that was made by older ears goes on answering until the present ones have heard as many of the sounds that are
there. As long as that lasts, `Ears.note` says so.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlite_utils import Database

from core import tagging
from core.embedding import EMBEDDERS
from core.embedding.base import Fingerprint
from core.errors import EarshotError, UnsupportedError
from core.heard import probabilities
from core.index import SpaceIndex, load_index
from core.records import Vectors
from core.settings import Settings
from core.store import sounds, spaces
from core.store.db import Store
from core.store.spaces import Space

if TYPE_CHECKING:
    from core.listening import Listener

NEXT_STEP = "bring them up to date with: earshot ingest"


class Ears:
    """The spaces of one library, as searches use them. Indexes and ears are loaded when they are first needed."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._indexes: dict[tuple[str, int], SpaceIndex] = {}
        self._telling: tuple[tuple[str, int], Space | None] | None = None
        self._listeners: dict[str, Listener] = {}
        self._present: dict[str, Fingerprint | None] = {}
        self._notes: dict[str, tuple[tuple[str, int], str]] = {}

    def index(self, name: str | None = None) -> SpaceIndex:
        """The index of a space, fresh: another process may have added sounds since the last question."""
        name = name or self._settings.embedder
        with self._store.reading() as db:
            library, found = sounds.state(db)[0], spaces.find_space(db, name, self.present(name))
        return self._index(library, found)

    def heard(self) -> SpaceIndex | None:
        """The index of the space that holds what was heard, that of the settings' ears if one of theirs does.

        None where no ears have named a class.
        """
        name = self._settings.embedder
        with self._store.reading() as db:
            state = sounds.state(db)
            if self._telling is None or self._telling[0] != state:
                self._telling = (state, spaces.telling_space(db, name, self.present(name)))
        found = self._telling[1]
        return None if found is None else self._index(state[0], found)

    def window_tags(self, db: Database, space: Space, sound_id: int, window: int) -> list[dict[str, Any]]:
        """What was heard in one window of a sound, the most telling first: label, score and source, the ears' name.

        Calibrated like those of a whole sound. Empty where the space does not hold what was heard in it.
        """
        heard = spaces.heard_windows(db, space, [sound_id]).get(sound_id)
        if heard is None:
            return []
        row = heard[window : window + 1]
        named = tagging.named(probabilities(row), np.asarray(row.any(axis=1)), silent=False)
        return [tag.as_dict() | {"source": space.fingerprint.name} for tag in tagging.telling_first(named.tags)]

    def embed(self, space: Space, path: Path, start_s: float, end_s: float | None) -> Vectors:
        """The windows of a part of a file as vectors of a space. Raises UnsupportedError if its ears are gone."""
        from core.listening import Listener  # decoding and the ears load when a file is heard, not before

        name = space.fingerprint.name
        if name not in self._listeners:
            self._listeners[name] = Listener(name)
        if self._listeners[name].embedder.fingerprint() != space.fingerprint:
            what = f"the sounds were heard by older ears ({_told(space.fingerprint, self.present(name))})"
            raise UnsupportedError(f"{what}, and nothing new can be compared with them; {NEXT_STEP}")
        return self._listeners[name].embed(path, start_s, end_s)

    def present(self, name: str) -> Fingerprint | None:
        """What the ears of a name are today; None if they cannot be used here, where there is nothing to compare."""
        if name not in self._present:
            try:
                self._present[name] = EMBEDDERS.load(name)().fingerprint()
            except EarshotError:
                self._present[name] = None
        return self._present[name]

    def _index(self, library: str, space: Space) -> SpaceIndex:
        key = (library, space.id)
        held = self._indexes.get(key)
        if held is None or held.space != space:
            held = load_index(self._store, space, self._settings.index, held)
            self._indexes[key] = held
        return held

    def note(self, name: str | None = None) -> str:
        """What a person should know of the answers of a space, as one sentence; empty if it is up to date."""
        name = name or self._settings.embedder
        present = self.present(name)
        with self._store.reading() as db:
            state = sounds.state(db)
            if present and self._notes.get(name, ("", ""))[0] != state:
                self._notes[name] = (state, _note(db, present))
        return self._notes[name][1] if present else ""


def _note(db: Database, present: Fingerprint) -> str:
    waiting, total = spaces.count_waiting(db, present)
    if not waiting:
        return ""
    some = f"{'all' if waiting == total else f'{waiting} of'} {total} sounds were" if total > 1 else "its one sound was"
    older = f"{some} heard by older ears only"
    answering = spaces.find_space(db, present.name, present).fingerprint
    if answering == present:
        return f"{older}, and those of today ({present.name} {present.version}) answer without them; {NEXT_STEP}"
    return f"{older} ({_told(answering, present)}), which answer until those of today know as many; {NEXT_STEP}"


def _told(older: Fingerprint, present: Fingerprint | None) -> str:
    """Older ears by name and version, and how those of today differ if their version does not tell."""
    same = present is not None and older.version == present.version
    return f"{older.name} {older.version}{' with other weights' if same else ''}"
