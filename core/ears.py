"""The ears of a library: which space answers a search, how a file is heard for it, and whether it is of today's ears.

A space that was made by older ears goes on answering until the present ones have heard as many of the sounds that are
there. As long as that lasts, `Ears.note` says so.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlite_utils import Database

from core import tagging
from core.embedding import DESCRIBER, Embedder, make_embedder
from core.embedding.base import Fingerprint
from core.errors import EarshotError, NotFoundError, UnsupportedError
from core.heard import probabilities
from core.index import SpaceIndex, load_index
from core.records import SpaceCard, Vectors
from core.settings import Settings
from core.store import sounds, spaces
from core.store.db import Store
from core.store.spaces import Space
from core.text_ears import ByClasses, ByTower, TextEars

if TYPE_CHECKING:
    from core.listening import Listener

NEXT_STEP = "bring them up to date with: earshot ingest"


class Ears:
    """The spaces of one library, as searches use them. Indexes and ears are loaded when they are first needed."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._indexes: dict[tuple[str, int], SpaceIndex] = {}
        self._telling: tuple[tuple[tuple[str, int], str], Space | None] | None = None
        self._embedders: dict[str, Embedder] = {}
        self._listeners: dict[str, Listener] = {}
        self._present: dict[str, Fingerprint | None] = {}
        self._problems: dict[str, str] = {}
        self._notes: dict[str, tuple[tuple[str, int], str]] = {}
        self._tower: ByTower | None = None

    def refresh(self) -> None:
        """Looks at the ears anew: something may have been fetched or trained since."""
        for known in (self._embedders, self._listeners, self._present, self._notes):
            known.clear()
        self._tower = None

    def chosen(self) -> str:
        """The ears that this library is used with: those of a setting that is set, else those chosen for the library.

        What was chosen is a fact in the database (`core.store.spaces.choose`), so it holds for every door.
        """
        if "embedder" in self._settings.model_fields_set or not self._store.exists():
            return self._settings.embedder
        with self._store.reading() as db:
            return spaces.chosen(db) or self._settings.embedder

    def index(self, name: str | None = None) -> SpaceIndex:
        """The index of a space, fresh: another process may have added sounds since the last question."""
        name = name or self.chosen()
        with self._store.reading() as db:
            found = spaces.find_space(db, name, self.present(name))
        return self._index(found)

    def index_of(self, space_id: int) -> SpaceIndex:
        """The index of a space by its number, also of an older one. Raises NotFoundError if it was dropped."""
        with self._store.reading() as db:
            found = next((space for space in spaces.list_spaces(db) if space.id == space_id), None)
        if found is None:
            raise NotFoundError("the space of these groups was dropped; cluster the sounds again")
        return self._index(found)

    def for_text(self, name: str | None = None) -> TextEars | None:
        """The ears that judge how well sounds fit a text: those of the space, by their text tower if they have one.

        Else those that heard the classes of the ontology, of the same name if one of its spaces holds any; None where
        no ears have named a class. Raises UnsupportedError for a space that is asked for by name and knows no words.
        """
        wanted = name or self.chosen()
        ears = self._embedder(wanted)
        if ears is not None and ears.understands_text and (name or self._has(wanted)):
            return self._by_tower(self.index(wanted), ears)
        found = self._told(wanted)
        if name and (found is None or found.fingerprint.name != name):
            self.index(name)  # a space that does not exist is told first
            raise UnsupportedError(f"the ears {name!r} know no words; search with a sound, or with the built-in ears")
        return None if found is None else ByClasses(self._index(found))

    def spaces(self) -> list[SpaceCard]:
        """The spaces of the library, oldest first: which ears made them, of how many sounds, and which one answers."""
        if not self._store.exists():
            return []
        answering = self.chosen()
        with self._store.reading() as db:
            every, counts, total = spaces.list_spaces(db), spaces.count_sounds(db), len(sounds.present_ids(db))
            named = [space for space in every if space.fingerprint.name == answering]
            first = spaces.find_space(db, answering, self.present(answering)) if named else None
        cards = []
        for space in every:
            made, ears = space.fingerprint, self._embedder(space.fingerprint.name)
            present = self.present(made.name)
            problem = "" if present == made else self._problems.get(made.name, "its ears have changed since")
            reads = ears is not None and (ears.understands_text or bool(ears.labels))
            held = (counts.get(space.id, 0), total, space == first, reads, problem)
            cards.append(SpaceCard(made.name, made.version, made.dim, made.window_s, made.hop_s, *held))
        return cards

    def choose(self, name: str) -> None:
        """Has these ears answer from now on and hear what is added. Raises NotFoundError if they heard nothing yet."""
        with self._store.reading() as db:
            spaces.find_space(db, name)
        with self._store.writing() as db:
            spaces.choose(db, name)
            sounds.touch(db)

    def drop(self, name: str) -> list[int]:
        """Deletes the spaces of some ears, and the clusterings made in them, whose ids come back.

        Sounds, words and other spaces stay. Raises NotFoundError for ears that heard nothing, and UnsupportedError for
        the built-in ones, which all words rest on.
        """
        if name == DESCRIBER:
            raise UnsupportedError(f"the space {name!r} stays: tags, captions and searches by words rest on it")
        with self._store.reading() as db:
            spaces.find_space(db, name)
        with self._store.locked("drop a space", self._settings.lock_wait_s), self._store.writing() as db:
            named = [space for space in spaces.list_spaces(db) if space.fingerprint.name == name]
            clusterings = [each for space in named for each in spaces.drop_space(db, space)]
            if spaces.chosen(db) == name:
                spaces.choose(db, "")
            sounds.touch(db)
        self.refresh()
        return clusterings

    def clustering(self, space: Space, n_sounds: int) -> tuple[str, int | None]:
        """The method and number that a space is grouped with where nobody names one."""
        ears = self._embedder(space.fingerprint.name)
        method, k = ("gmm", None) if ears is None else ears.clustering
        return (method, k) if k is None or n_sounds > k else ("gmm", None)

    def _told(self, name: str) -> Space | None:
        with self._store.reading() as db:
            state = sounds.state(db)
            if self._telling is None or self._telling[0] != (state, name):
                self._telling = ((state, name), spaces.telling_space(db, name, self.present(name)))
        return self._telling[1]

    def _has(self, name: str) -> bool:
        with self._store.reading() as db:
            return any(space.fingerprint.name == name for space in spaces.list_spaces(db))

    def _by_tower(self, index: SpaceIndex, ears: Embedder) -> ByTower:
        if self._tower is None or self._tower.index is not index:
            self._check_same(index.space, ears)
            self._tower = ByTower(index, ears, self._store.folder / "cache")
        return self._tower

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
            self._listeners[name] = Listener(name, settings=self._settings)
        self._check_same(space, self._listeners[name].embedder)
        return self._listeners[name].embed(path, start_s, end_s)

    def present(self, name: str) -> Fingerprint | None:
        """What the ears of a name are today; None if they cannot be used here, where there is nothing to compare."""
        if name not in self._present:
            try:
                self._present[name] = make_embedder(name, self._settings).fingerprint()
            except EarshotError as problem:
                self._present[name], self._problems[name] = None, str(problem)
        return self._present[name]

    def _embedder(self, name: str) -> Embedder | None:
        """The ears of a name; None where they cannot be used, which is told when something is to be heard."""
        if name not in self._embedders:
            try:
                self._embedders[name] = make_embedder(name, self._settings)
            except EarshotError:
                return None
        return self._embedders[name]

    def _check_same(self, space: Space, ears: Embedder) -> None:
        present = ears.fingerprint()
        if present != space.fingerprint:
            what = f"the sounds were heard by older ears ({_told(space.fingerprint, present)})"
            raise UnsupportedError(f"{what}, and nothing new can be compared with them; {NEXT_STEP}")

    def _index(self, space: Space) -> SpaceIndex:
        with self._store.reading() as db:
            key = (sounds.state(db)[0], space.id)
        held = self._indexes.get(key)
        if held is None or held.space != space:
            held = load_index(self._store, space, self._settings.index, held)
            self._indexes[key] = held
        return held

    def note(self, name: str | None = None) -> str:
        """What a person should know of the answers of a space, as one sentence; empty if all is well."""
        name = name or self.chosen()
        present = self.present(name)
        with self._store.reading() as db:
            state = sounds.state(db)
            if present and self._notes.get(name, ("", ""))[0] != state:
                self._notes[name] = (state, _note(db, present))
        return self._notes[name][1] if present else f"the ears {name!r} cannot hear here: {self._problems[name]}"


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
