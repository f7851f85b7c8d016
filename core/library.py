"""A library: one folder on disk, and everything a caller may ask of it.

The module that callers outside of `core` need. It decides nothing about sounds itself: it brings the parts together.
"""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core import counting, search, text_search
from core.attachments import PATTERN as ATTACHMENT
from core.attachments import Attachment, Attachments
from core.ears import Ears
from core.embedding.base import pooled
from core.errors import NotFoundError, UnknownNameError
from core.events.events import Events
from core.export import Exported, Exports
from core.grouping.groups import Groups
from core.index import SpaceIndex
from core.maps import Maps
from core.records import DOMAINS, Filters, Hit, Progress, Vectors
from core.references import parse_reference
from core.settings import Settings
from core.store import clusterings as kept
from core.store import selections, sounds, spaces
from core.store.db import Store
from core.store.spaces import Space

if TYPE_CHECKING:
    from core.comparison import Comparison
    from core.ingest import Ingest


class Library:
    """The library in a folder. Nothing is read before the first question, nothing written before the first change.

    ears: its spaces, and which of them answers. groups: its clusterings. maps: where its sounds lie. events: what
    is heard in them when.
    """

    def __init__(self, folder: Path | None = None, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self.folder = (folder or self.settings.library).expanduser().absolute()
        self._store = Store(self.folder)
        self._attachments = Attachments(self.folder / "attachments")
        self.ears = Ears(self._store, self.settings)
        self.groups = Groups(self._store, self.ears)
        self.maps = Maps(self._store, self.ears, self.groups)
        self.events = Events(self._store, self.ears)
        self.exports = Exports(self._store, self.groups, self.settings)
        self._present: tuple[tuple[tuple[str, int], Filters], set[int]] | None = None

    # Adding

    def ingest(
        self, paths: Sequence[Path] = (), *, embedder: str | None = None, captioner: str | None = None
    ) -> "Ingest":
        """A run that brings the library up to date with some folders and files; iterate it, then read its report.

        Without any it is brought up to date with the files it knows.
        """
        from core.ingest import Ingest  # the decoder and the workers take half a second to load; a search needs neither

        self.ears.refresh()
        ears, writer = embedder or self.ears.chosen(), captioner or self.settings.captioner
        return Ingest(self._store, paths, ears, writer, self.settings)

    def attach(self, path: Path, name: str, longest_s: float = math.inf) -> Attachment:
        """Keeps a sound to ask about. Raises AudioError with the reason if the file holds none, or a longer one."""
        return self._attachments.keep(path, name, longest_s)

    def attachment(self, attachment_id: str) -> Attachment:
        """A sound that was attached before. Raises NotFoundError."""
        return self._attachments.get(attachment_id)

    def source_path(self, source: str) -> Path:
        """The file behind the id of a sound or an attachment. Raises NotFoundError."""
        if ATTACHMENT.fullmatch(source):
            return self.attachment(source).path
        return self.audio_path(parse_reference(source)[0])

    # Finding

    def search_by_audio(
        self,
        source: Path | int | str,
        *,
        start_s: float | None = None,
        end_s: float | None = None,
        without: str = "",
        k: int = 10,
        space: str | None = None,
        filters: Filters | None = None,
    ) -> list[Hit]:
        """The k sounds most like another one, or like the part of it between two seconds; score is a cosine.

        source: a file (Path), or as text a sound "412", one of its chunks "412:7" or an attachment "a3fa9c2d1".
        Raises NotFoundError, or AudioError for a file or part that cannot be heard.
        """
        index = self.load_index(space)
        windows = self._windows_of(source, index.space, start_s, end_s)
        matches = search.by_sound(index, windows, k, self._allowed(filters) - self._named(without))
        return self._hits(matches, index.space)

    def search_by_text(
        self, text: str, *, without: str = "", k: int = 10, space: str | None = None, filters: Filters | None = None
    ) -> list[Hit]:
        """The k sounds that fit the words best, by their names, by what the ears heard, by tags and captions.

        What is not to be in them is said in `without`, or in the text ("a dog, no traffic"): what a name says is left
        out, what is heard to be so is lowered. The score is from 0 to 1, and the moment is the one that fits, or the
        whole sound where only words matched. Words that fit nothing find nothing; no words at all find every sound that
        passes the filters, if there are any, in order of id and with score 0.
        """
        text, without = text_search.wish(text, without)
        allowed, ears = self._allowed(filters), self.ears.for_text(space)
        with self._store.reading() as db:
            if not search.words_query(text) and filters not in (None, Filters()):
                ids = sorted(allowed - text_search.named(db, without))
                matches = [search.Match(sound_id, 0.0, None) for sound_id in ids[: max(0, k)]]
            else:
                ranking = text_search.rank(db, ears, text, without, allowed)
                matches = text_search.matches(db, ears, text, ranking, max(0, k))
        return self._hits(matches, ears.index.space if ears else None)

    def search_by_both(
        self,
        text: str,
        source: Path | int | str,
        *,
        without: str = "",
        k: int = 10,
        space: str | None = None,
        filters: Filters | None = None,
    ) -> list[Hit]:
        """The k sounds that rank best by words and by likeness together (reciprocal rank fusion of both lists)."""
        text, without = text_search.wish(text, without)
        allowed = self._allowed(filters) - self._named(without)
        index, ears = self.load_index(space), self.ears.for_text()
        windows = self._windows_of(source, index.space, None, None)
        with self._store.reading() as db:
            worded = text_search.rank(db, ears, text, without, allowed).ids.tolist()
        alike = search.by_sound(index, windows, 10 * k, allowed)
        scores = search.fused([worded, [match.sound_id for match in alike]])
        best = sorted(scores, key=lambda sound_id: (-scores[sound_id], sound_id))[: max(0, k)]
        query = pooled(windows)
        return self._hits(
            [search.Match(each, scores[each], search.best_chunk(index, query, each)) for each in best], index.space
        )

    # Knowing

    def sounds(self, ids: Sequence[str]) -> list[dict[str, Any]]:
        """All that is known of some sounds ("412") or chunks ("412:7", with start_s and end_s), in the order given.

        The tags of a chunk are what was heard in it, where that is kept; the rest, measured words included, is of the
        whole sound.

        Raises NotFoundError that names the one that does not exist.
        """
        return [self._sound(each) for each in ids]

    def cards(self, ids: Sequence[int]) -> list[dict[str, Any]]:
        """What a list shows of some sounds: id, path, caption, tags, duration_s, domain; in the order given."""
        with self._store.reading() as db:
            found = sounds.cards(db, ids)
        return [found[sound_id] for sound_id in ids if sound_id in found]

    def count(
        self, heard: Sequence[str] = (), without: Sequence[str] = (), filters: Filters | None = None
    ) -> counting.Counted:
        """How many sounds hold some things and none of others, by their tags (`core.counting`).

        Raises NotFoundError for a word that names no sound.
        """
        allowed, every = self._allowed(filters), self._allowed(None)
        ears = self.ears.for_text() if every else None
        with self._store.reading() as db:
            return counting.count(db, ears.index.space if ears else None, heard, without, allowed, every)

    def count_by_domain(self, filters: Filters | None = None) -> dict[str, tuple[int, float]]:
        """How many sounds each domain has, and how many seconds, the largest first; "" where none is sure."""
        allowed = self._allowed(filters)
        with self._store.reading() as db:
            return counting.by_domain(db, allowed)

    def exists(self) -> bool:
        """Whether anything was ever kept in its folder."""
        return self._store.exists()

    def overview(self) -> dict[str, Any]:
        """How much the library holds: sounds, files, seconds_of_audio, domains, spaces, clusterings, skipped."""
        if not self._store.exists():
            return dict.fromkeys(("sounds", "files", "skipped"), 0) | {
                "seconds_of_audio": 0.0,
                "domains": {},
                "spaces": [],
                "clusterings": [],
            }
        with self._store.reading() as db:
            present = sounds.present_ids(db)
            return sounds.totals(db, present) | {
                "spaces": [space.fingerprint.as_dict() for space in spaces.list_spaces(db)],
                "clusterings": kept.clustering_ids(db),
            }

    def note(self, space: str | None = None) -> str:
        """What a person should be told beside the answers of a space: that older ears made it, and what to do.

        One sentence; empty where the ears of today have heard all sounds that are there, or there is no library.
        """
        return self.ears.note(space) if self._store.exists() else ""

    def audio_path(self, sound_id: int) -> Path:
        """A file that holds a sound. Raises NotFoundError if there is no such sound, or its files are gone."""
        with self._store.reading() as db:
            metadata = sounds.metadata(db, sound_id)
        if metadata is None:
            raise NotFoundError(f"there is no sound {sound_id}; search for one")
        for file in metadata["files"]:
            if not file["missing"] and (path := Path(file["path"])).is_file():
                return path
        raise NotFoundError(f"the file of sound {sound_id} is gone; ingest the folder that holds it now")

    def audio_paths(self) -> list[Path]:
        """The files that hold the sounds that are there, one for each, in the order of their paths."""
        with self._store.reading() as db:
            known = sounds.known_files(db)
        paths = {known[path].sound_id: Path(path) for path in sorted(known, reverse=True) if not known[path].missing}
        return sorted(paths.values())

    def compare_spaces(
        self,
        *,
        labels: Path | None = None,
        base: Path | None = None,
        by_folder: bool = False,
        report: Callable[[Progress], None] = lambda _: None,
    ) -> "Comparison":
        """Which spaces are best for these sounds (`core.comparison.compare_spaces`)."""
        from core.comparison import compare_spaces  # scikit-learn takes a second to import

        return compare_spaces(self._store, labels=labels, folder=base, by_folder=by_folder, report=report)

    # Choosing

    def keep_selection(self, ids: Sequence[int]) -> int:
        """Keeps some sounds under a number, to be asked about later; at most 100,000, each once.

        Raises UnsupportedError for none or too many, NotFoundError for a sound that does not exist.
        """
        with self._store.reading() as db:
            chosen = selections.checked(db, ids)
        with self._store.writing() as db:
            return selections.put_selection(db, chosen)

    def selection(self, selection_id: int) -> list[int]:
        """The ids of the sounds of a selection. Raises NotFoundError with the newest that there are."""
        with self._store.reading() as db:
            return selections.get_selection(db, selection_id)

    # Taking away

    def export(
        self,
        ids: Sequence[int] = (),
        *,
        clustering: int | None = None,
        clusters: Sequence[int] | None = None,
        to: Path | None = None,
        name: str = "",
        link: str = "copy",
        form: str = "folders",
        skip_missing: bool = False,
    ) -> Exported:
        """Writes sounds, a clustering or some of its clusters out at once; `exports` plans, shows and takes back.

        What it takes and raises: see `Exports.plan`.
        """
        plan = self.exports.plan(
            ids,
            clustering=clustering,
            clusters=clusters,
            to=to,
            name=name,
            link=link,
            form=form,
            skip_missing=skip_missing,
        )
        run = self.exports.write(plan)
        for _ in run:
            continue
        return run.exported

    # Parts of the above

    def load_index(self, space: str | None = None) -> SpaceIndex:
        """The index of a space, fresh: another process may have added sounds since the last question."""
        return self.ears.index(space)

    def _allowed(self, filters: Filters | None) -> set[int]:
        """The sounds that are there and pass the filters; remembered until the next change of the library."""
        if filters and filters.domain and filters.domain not in DOMAINS:
            raise UnknownNameError(f"no domain is called {filters.domain!r}; known are {', '.join(DOMAINS)}")
        with self._store.reading() as db:
            key = (sounds.state(db), filters or Filters())
            present = self._present
            if present is None or present[0] != key:
                present = (key, sounds.present_ids(db, filters))
                self._present = present
            return present[1]

    def _windows_of(
        self, source: Path | int | str, space: Space, start_s: float | None, end_s: float | None
    ) -> Vectors:
        """The vectors of what a search starts from, float32 (n_windows, dim)."""
        if isinstance(source, str) and ATTACHMENT.fullmatch(source):
            source = self.attachment(source).path
        if isinstance(source, Path):
            return self.ears.embed(space, source, start_s or 0.0, end_s)
        sound_id, chunk = parse_reference(str(source))
        if start_s is not None or end_s is not None:
            return self.ears.embed(space, self.audio_path(sound_id), start_s or 0.0, end_s)
        with self._store.reading() as db:
            self._require(db, sound_id)
            windows = spaces.get_vectors(db, space, sound_id)
        if chunk is None:
            return windows
        _check_chunk(sound_id, chunk, len(windows))
        return windows[chunk : chunk + 1]

    def _named(self, text: str) -> set[int]:
        """The sounds that a text finds by its whole words; none for an empty text."""
        if not text:
            return set()
        with self._store.reading() as db:
            return text_search.named(db, text)

    def _hits(self, matches: Sequence[search.Match], space: Space | None) -> list[Hit]:
        cards = {card["id"]: card for card in self.cards([match.sound_id for match in matches])}
        hits = []
        for match in matches:
            card = cards[match.sound_id]
            start_s, end_s = 0.0, card["duration_s"]
            if space is not None and match.chunk is not None:
                start_s, end_s = space.fingerprint.seconds_of(match.chunk, card["duration_s"])
            hits.append(Hit(**card, start_s=round(start_s, 3), end_s=round(end_s, 3), score=match.score))
        return hits

    def _sound(self, reference: str) -> dict[str, Any]:
        sound_id, chunk = parse_reference(reference)
        with self._store.reading() as db:
            metadata = self._require(db, sound_id)
            heard_in = spaces.list_spaces(db)
            names = {space.fingerprint.name for space in heard_in}
            chosen = self.ears.chosen()
            name = chosen if chosen in names or not names else min(names)
            space = spaces.find_space(db, name, self.ears.present(name))
            n_chunks = spaces.count_windows(db, space, sound_id)
            heard = self.ears.window_tags(db, space, sound_id, chunk) if chunk is not None and chunk < n_chunks else []
        metadata["n_chunks"] = n_chunks
        if heard:
            metadata["tags"] = [*heard, *(tag for tag in metadata["tags"] if tag["source"] == "signal")]
        if chunk is not None:
            _check_chunk(sound_id, chunk, n_chunks)
            start_s, end_s = space.fingerprint.seconds_of(chunk, metadata["duration_s"])
            metadata |= {"chunk": chunk, "start_s": round(start_s, 3), "end_s": round(end_s, 3)}
        return metadata

    def _require(self, db: Any, sound_id: int) -> dict[str, Any]:
        metadata = sounds.metadata(db, sound_id)
        if metadata is None:
            raise NotFoundError(f"there is no sound {sound_id}; search for one")
        return metadata


def _check_chunk(sound_id: int, chunk: int, n_chunks: int) -> None:
    if chunk >= n_chunks:
        has = f"it has 0 to {n_chunks - 1}" if n_chunks else "these ears have not heard it yet: ingest it again"
        raise NotFoundError(f"sound {sound_id} has no chunk {chunk}; {has}")
