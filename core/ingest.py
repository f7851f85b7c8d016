"""Brings a library up to date with some folders: what is new is heard, what is known is left alone, what fails is told.

A run can be stopped or killed at any point. It commits batch by batch in the order of the paths, so that the next run
goes on where this one was and ends in the very same rows.
"""

import logging
import os
import stat
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from sqlite_utils import Database

from core import audio
from core.ahead import Now, Pending, Then, ahead
from core.captioning import CAPTIONERS, Captioner
from core.embedding import DESCRIBER, Embedder, make_embedder
from core.errors import AudioError, NotFoundError
from core.listening import Asked, Learned
from core.ontology import audioset
from core.records import IngestReport, Progress, Skip
from core.scan import GONE, FoundFile, find_again, find_files, printable
from core.settings import Settings
from core.store import places, sounds, spaces
from core.store.db import Store
from core.workers import ListenerPool, Result

log = logging.getLogger(__name__)

BATCH = 64  # files per commit: little to do again after a kill, few commits per second
BATCH_S = 2.0  # commit at least this often
HASHES_AHEAD = 32
LISTENS_AHEAD_PER_WORKER = 8


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was found out about one file: what was heard in it, or why nothing could be.

    Neither, if the library knows its bytes, or gets to know them earlier in this run; no hash if the file is unchanged.
    """

    file: FoundFile
    sha256: str = ""
    heard: Learned | None = None
    problem: AudioError | None = None


@dataclass(slots=True)
class _Batch:
    """What a batch brings, until it is committed. touched: the sounds whose words may have changed, in order.

    heard: the sounds that got vectors, by the name of the ears.
    """

    counted: IngestReport = field(default_factory=IngestReport)
    heard: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    ids: dict[str, int] = field(default_factory=dict)
    moved: set[str] = field(default_factory=set)
    touched: dict[int, None] = field(default_factory=dict)


class Ingest:
    """One run. Iterate it to the end, or stop: `report` tells what was done by then, and all of that is kept."""

    def __init__(self, store: Store, paths: Sequence[Path], embedder: str, captioner: str, settings: Settings) -> None:
        self.report = IngestReport()
        self._store = store
        self._paths = [Path(os.path.abspath(path.expanduser())) for path in paths]
        self._sought: set[str] = set()  # single paths, where no folders are named
        self._embedder, self._captioner = embedder, captioner
        self._settings = settings

    def __iter__(self) -> Iterator[Progress]:
        """Yields after every file. Raises NotFoundError or LibraryBusyError before anything was changed."""
        started = time.perf_counter()
        ears = _all_ears(make_embedder(self._embedder, self._settings), self._settings)
        captioner = CAPTIONERS.load(self._captioner)(self._settings)
        files = find_files(self._paths) if self._paths else self._find_known()
        for part in ears:
            yield from part.prepare()
        yield from captioner.prepare()
        self._describer = ears[0].name
        self._n_workers = _how_many(self._settings.n_workers, [*ears, captioner])
        with self._store.locked("ingest", self._settings.lock_wait_s):
            with self._store.writing() as db:
                self._spaces = {each.name: spaces.put_space(db, each) for each in ears}
                places.add_roots(db, [path for path in self._paths if path.is_dir()])
                self._remember(db, files)
            try:
                yield from self._run(files)
            finally:
                self.report.elapsed_s = round(time.perf_counter() - started, 3)
        log.info("ingest: %s", {key: value for key, value in self.report.as_dict().items() if key != "skipped"})

    def _find_known(self) -> list[FoundFile]:
        """The files that hold the sounds of earlier runs, those that went missing only if they are back."""
        with self._store.reading() as db:
            known = sounds.known_files(db)
        if not known:
            raise NotFoundError(f"no sound is known in {self._store.folder} yet; add some with: earshot ingest FOLDER")
        self._sought = {*known, *map(os.path.dirname, known)}
        return find_again(path for path in known if not known[path].missing or os.path.exists(path))

    def _remember(self, db: Database, files: list[FoundFile]) -> None:
        """What the library knows before this run."""
        self._ids = sounds.known_hashes(db)
        self._known = sounds.known_files(db)
        self._heard = {name: spaces.heard_ids(db, space) for name, space in self._spaces.items()}
        self._described = self._heard[self._describer] & sounds.captioned_ids(db, self._captioner)
        self._complete = self._described.intersection(*self._heard.values())
        self._failed: dict[str, AudioError] = {}
        self._begun: set[str] = set()
        self._moved: set[str] = set()
        self._held_at: dict[int, list[str]] = defaultdict(list)
        for path in sorted(self._known):
            self._held_at[self._known[path].sound_id].append(path)
        self._found = {file.path for file in files}
        self._unlisted = [file.path for file in files if file.problem]
        sounds.forget_skips(db, [row["path"] for row in db["skips"].rows if self._is_gone(row["path"])])
        self.report.found = len(files)

    def _is_gone(self, path: str) -> bool:
        """Whether a path of an earlier run was looked for in this one and not found."""
        if path in self._found or any(_lies_in(path, folder) for folder in self._unlisted):
            return False
        return path in self._sought or any(_lies_in(path, str(root)) for root in self._paths)

    def _run(self, files: list[FoundFile]) -> Iterator[Progress]:
        batch: list[Outcome] = []
        with ThreadPoolExecutor(1) as writer:
            try:
                due = time.monotonic() + BATCH_S
                for done, outcome in enumerate(self._outcomes(files), start=1):
                    batch.append(outcome)
                    if len(batch) >= BATCH or time.monotonic() > due or done == len(files):
                        self._hand_over(writer, batch)
                        due = time.monotonic() + BATCH_S
                    yield Progress(done, len(files), printable(Path(outcome.file.path).name))
            finally:
                self._hand_over(writer, batch)
        missing = [path for path in self._known if self._is_gone(path) and path not in self._moved]
        missing = [path for path in missing if not self._known[path].missing]
        if missing:
            with self._store.writing() as db:
                sounds.mark_missing(db, missing)
                sounds.index_words(db, dict.fromkeys(self._known[path].sound_id for path in missing))
                sounds.touch(db)
        self.report.missing = len(missing)
        self._forget_left_folders()

    def _forget_left_folders(self) -> None:
        """Forgets the folders that are not there and hold no known file any more: all was found elsewhere."""
        with self._store.reading() as db:
            gone = [row["path"] for row in db["skips"].rows_where("reason = ?", [GONE])]
            known = sounds.known_files(db) if gone else {}
        held = {os.path.dirname(path) for path in known if not known[path].missing}
        if left := [folder for folder in gone if folder not in held]:
            with self._store.writing() as db:
                sounds.forget_skips(db, left)
                sounds.touch(db)

    def _outcomes(self, files: Iterable[FoundFile]) -> Iterator[Outcome]:
        """One outcome per file, in order; hashes and listening run ahead of it in threads and processes."""
        n_workers = self._n_workers
        stopped = threading.Event()
        threads = ThreadPoolExecutor(2)
        try:
            with ListenerPool(self._describer, self._captioner, n_workers, self._settings) as pool:
                hashed = ahead((self._begin_hash(threads, file, stopped) for file in files), HASHES_AHEAD)
                yield from ahead((self._begin(pool, *each) for each in hashed), LISTENS_AHEAD_PER_WORKER * n_workers)
        finally:
            stopped.set()
            threads.shutdown(cancel_futures=True)

    def _begin_hash(
        self, threads: ThreadPoolExecutor, file: FoundFile, stopped: threading.Event
    ) -> Pending[tuple[FoundFile, str | AudioError]]:
        """Begins to hash a file, unless size, time and space say that it is as it was; then the hash is empty."""
        if file.problem:
            problem = AudioError(printable(Path(file.path).name), file.problem)
            return Now((file, problem))
        known = self._known.get(file.path)
        same = known and (known.size_bytes, known.mtime_ns) == (file.size_bytes, file.mtime_ns)
        if known and same and known.sound_id in self._complete:
            return Now((file, ""))
        future = threads.submit(_hash, Path(file.path), stopped)
        return Then(future, lambda sha256: (file, sha256))

    def _begin(self, pool: ListenerPool, file: FoundFile, sha256: str | AudioError) -> Pending[Outcome]:
        """Begins to listen to a file if its bytes are new to this space."""
        if isinstance(sha256, AudioError):
            return Now(Outcome(file, problem=sha256))
        if not sha256 or self._ids.get(sha256) in self._complete:
            return Now(Outcome(file, sha256))
        if sha256 in self._begun:
            return Then(Now(file), lambda file: self._as_its_twin(pool, file, sha256))
        self._begun.add(sha256)
        heard = pool.submit(self._lacking(Path(file.path), self._ids.get(sha256)))
        return Then(heard, lambda result: self._outcome(file, sha256, result))

    def _lacking(self, path: Path, sound_id: int | None) -> Asked:
        """What the library does not know of a sound yet."""
        others = [name for name in self._spaces if name != self._describer and sound_id not in self._heard[name]]
        return Asked(path, sound_id not in self._described, tuple(others))

    def _outcome(self, file: FoundFile, sha256: str, result: Result) -> Outcome:
        """What came of listening. If the file is not as it was found, then its bytes may not be those of the hash."""
        if not _is_still(file):
            self._begun.discard(sha256)
            name = printable(Path(file.path).name)
            return Outcome(file, sha256, problem=AudioError(name, "changed while it was being read; run again"))
        if isinstance(result, AudioError):
            self._failed[sha256] = result
            return Outcome(file, sha256, problem=result)
        return Outcome(file, sha256, heard=result)

    def _as_its_twin(self, pool: ListenerPool, file: FoundFile, sha256: str) -> Outcome:
        """What the same bytes came to at an earlier path; this one is heard itself if that one could not tell."""
        if problem := self._failed.get(sha256):
            return Outcome(file, sha256, problem=problem)
        if sha256 not in self._begun:
            return self._begin(pool, file, sha256).result()
        return Outcome(file, sha256)

    def _hand_over(self, writer: ThreadPoolExecutor, batch: list[Outcome]) -> None:
        """Has a batch committed, and empties it.

        In a thread, which Ctrl-C cannot reach: one that came between the commit and its count would have it done twice.
        """
        taken = list(batch)
        batch.clear()
        if taken:
            writer.submit(self._commit, taken).result()

    def _commit(self, batch: list[Outcome]) -> None:
        """Writes a batch, all of it or nothing, and counts it."""
        learned = _Batch()
        with self._store.writing() as db:
            for outcome in batch:
                self._write(db, outcome, learned)
            sounds.index_words(db, learned.touched)
            sounds.touch(db)
            for name in learned.heard:
                spaces.touch(db, self._spaces[name])
        self._keep(learned)  # only what is committed may be counted on

    def _write(self, db: Database, outcome: Outcome, learned: "_Batch") -> None:
        """Writes one outcome."""
        file, sha256 = outcome.file, outcome.sha256
        if outcome.problem is not None:
            if before := self._known.get(file.path):
                learned.touched[before.sound_id] = None
            skip = Skip(printable(file.path), outcome.problem.reason)
            sounds.put_skip(db, skip)
            learned.counted.skipped.append(skip)
            return
        if outcome.heard is not None:
            learned.ids[sha256] = self._put_sound(db, outcome, outcome.heard, learned)
        self._place(db, outcome, learned)

    def _put_sound(self, db: Database, outcome: Outcome, heard: Learned, learned: "_Batch") -> int:
        learned.counted.seconds_of_audio += heard.duration_s
        learned.counted.again += outcome.sha256 in self._ids
        told, sound_id = heard.described, self._ids.get(outcome.sha256)
        if told is not None:
            learned.counted.damaged += told.damaged_packets > 0
            sound_id = sounds.add_sound(db, outcome.sha256, outcome.file.size_bytes, told, self._captioner)
            if sound_id not in self._heard[self._describer]:  # it may be heard again for its caption alone
                spaces.put_vectors(db, self._spaces[self._describer], sound_id, told.vectors, told.heard)
                learned.heard[self._describer].add(sound_id)
        assert sound_id, "a sound that is new is described"
        for name, vectors in heard.others.items():
            spaces.put_vectors(db, self._spaces[name], sound_id, vectors)
            learned.heard[name].add(sound_id)
        return sound_id

    def _place(self, db: Database, outcome: Outcome, learned: "_Batch") -> None:
        """Notes where a sound lies now, and tells new, changed, copied, moved and unchanged files apart."""
        file, before, counted = outcome.file, self._known.get(outcome.file.path), learned.counted
        sound_id = learned.ids.get(outcome.sha256) or self._ids.get(outcome.sha256) or (before and before.sound_id)
        assert sound_id, "only a known file goes without a hash"
        old_path = None if before else self._old_path(sound_id, learned.moved)
        if before and before.sound_id == sound_id and outcome.heard is None:
            counted.unchanged += 1
            if (before.size_bytes, before.mtime_ns, before.missing) == (file.size_bytes, file.mtime_ns, False):
                return
        elif old_path is not None:
            sounds.move_file(db, old_path, file)
            learned.moved.add(old_path)
            counted.indexed += outcome.heard is not None
            counted.unchanged += outcome.heard is None
            counted.moved += 1
        else:
            counted.indexed += 1
            counted.changed += before is not None and before.sound_id != sound_id
            counted.copies += before is None and outcome.heard is None
        if old_path is None:
            sounds.put_file(db, file, sound_id)
        learned.touched |= dict.fromkeys([before.sound_id, sound_id] if before else [sound_id])

    def _old_path(self, sound_id: int, moved: set[str]) -> str | None:
        """Where a sound lay that now has a new path: a file of it that is not there any more, in whatever folder."""
        left = (path for path in self._held_at[sound_id] if path not in moved and path not in self._moved)
        return next((path for path in left if path not in self._found and not Path(path).exists()), None)

    def _keep(self, learned: "_Batch") -> None:
        self._ids |= learned.ids
        for name, ids in learned.heard.items():
            self._heard[name] |= ids
        self._described |= set(learned.ids.values())
        self._complete |= set(learned.ids.values())
        self._moved |= learned.moved
        self._add_counts(learned.counted)

    def _add_counts(self, counted: IngestReport) -> None:
        report = self.report
        report.indexed += counted.indexed
        report.unchanged += counted.unchanged
        report.skipped += counted.skipped
        report.seconds_of_audio = round(report.seconds_of_audio + counted.seconds_of_audio, 3)
        report.changed += counted.changed
        report.copies += counted.copies
        report.moved += counted.moved
        report.damaged += counted.damaged
        report.again += counted.again


def _all_ears(ears: Embedder, settings: Settings) -> list[Embedder]:
    """The ears of a run, first those that describe: the ones that were asked for if they name what is heard."""
    if ears.name == DESCRIBER or tuple(ears.labels) == audioset().names:
        return [ears]
    return [make_embedder(DESCRIBER, settings), ears]


def _how_many(processes: int, parts: Sequence[Embedder | Captioner]) -> int:
    """How many processes may listen: as many as are wanted, if none of the parts fills the memory before."""
    return min(processes, *(part.most_processes or processes for part in parts))


def _is_still(file: FoundFile) -> bool:
    """Whether a file is there as it was found."""
    try:
        status = os.stat(file.path)
    except OSError:
        return False
    return (status.st_size, status.st_mtime_ns) == (file.size_bytes, file.mtime_ns)


def _hash(path: Path, stopped: threading.Event) -> str | AudioError:
    try:
        str(path).encode()
        if not stat.S_ISREG(path.stat().st_mode):  # to read from a pipe would be to wait for ever
            return AudioError(path.name, "is no regular file; name a sound file")
        return audio.content_hash(path, stopped.is_set)
    except UnicodeEncodeError:
        return AudioError(printable(path.name), "its name is not valid text; rename it")
    except OSError as problem:
        return AudioError(path.name, f"{problem.strerror or problem}; check its permissions and run again")


def _lies_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)
