"""Which ears are best for *my* sounds: the spaces of a library compared on the sounds that all of them have heard.

Finds the labels of sounds, if a person has any, and brings vectors and labels to `core.measures`, which scores them.
"""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from sqlite_utils import Database

from core.embedding.base import Fingerprint, pooled
from core.errors import UnsupportedError
from core.labels import Labelled, read_labels
from core.measures import (
    FEWEST,
    NEXT_STEP,
    Comparison,
    SpaceScore,
    SpaceSounds,
    compare_by_agreement,
    compare_by_labels,
    sample,
)
from core.records import Filters, Progress, Vectors
from core.store import sounds
from core.store.db import Store
from core.store.spaces import Space, find_space, get_vectors, heard_ids, list_spaces

TOLD_EVERY = 500  # sounds

__all__ = ["Comparison", "Matched", "SpaceScore", "compare_spaces", "label_by_folder", "match_labels"]


@dataclass(frozen=True, slots=True)
class Matched:
    """Labels of sounds by id, and the recording each is from. See `Comparison` for the counts."""

    labels: dict[int, str]
    sources: dict[int, str]
    unmatched: int
    ambiguous: int


def compare_spaces(
    store: Store,
    *,
    spaces: Sequence[str] | None = None,
    labels: Path | None = None,
    folder: Path | None = None,
    by_folder: bool = False,
    seed: int = 0,
    report: Callable[[Progress], None] = lambda _: None,
) -> Comparison:
    """The spaces of a library, those of all its ears or of some by name, ranked on the sounds that all of them heard.

    labels: a table, whose paths begin in `folder` or else beside it, or a folder (`core.labels.read_labels`); its files
    are found in the library by path, or as copies with the same bytes. by_folder: the name of the folder that a sound
    lies in is its label. Neither: see `compare_by_agreement`. Of several versions of some ears the one that answers
    searches is taken. At most two spaces are in memory at a time. report: hears how far it is, in sounds of each space.
    Raises NotFoundError for a name or file that does not exist, and UnsupportedError where there is too little to
    compare.
    """
    began_s = time.monotonic()
    if labels is not None and by_folder:
        raise UnsupportedError(f"labels come from {labels} or from the library's folders, not both; leave one out")
    with store.reading() as db:
        names = dict.fromkeys(spaces or [space.fingerprint.name for space in list_spaces(db)])
        chosen = [find_space(db, name) for name in names]
        if not chosen:
            raise UnsupportedError("no sound was heard yet, so there is nothing to compare; run: earshot ingest FOLDER")
        if len(chosen) == 1 and labels is None and not by_folder:
            only = chosen[0].fingerprint.name
            raise UnsupportedError(f"there is only the space {only!r}, and nothing to compare it with; {NEXT_STEP}")
        present = sounds.present_ids(db)
        matched = match_labels(db, read_labels(labels, folder=folder), present) if labels else None
        if by_folder:
            matched = label_by_folder(db, present)
        wanted = set(present if matched is None else matched.labels)
        held = [heard_ids(db, space) & present for space in chosen]
        ids = sorted(_audible(db, chosen, wanted.intersection(*held)))
        counts = [len(each) for each in held]
        if matched is None:
            compared = compare_by_agreement(_loaded(db, chosen, counts, ids, report, seed), seed)
        else:
            names_of, sources = [matched.labels[each] for each in ids], [matched.sources[each] for each in ids]
            if len(set(names_of)) < 2:
                raise UnsupportedError(_too_few_labels(len(ids), matched, labels))
            compared = compare_by_labels(_loaded(db, chosen, counts, ids, report), names_of, sources, seed)
    lacking = {space.fingerprint.name: len(wanted - heard) for space, heard in zip(chosen, held, strict=True)}
    compared = replace(
        compared,
        left_out=len(wanted) - len(ids),
        unmatched=matched.unmatched if matched else 0,
        ambiguous=matched.ambiguous if matched else 0,
    )
    note = " ".join([compared.note, *_told(compared, lacking)])
    return replace(compared, note=note, elapsed_s=time.monotonic() - began_s)


# The sounds of a library


def match_labels(db: Database, labelled: Sequence[Labelled], present: Set[int]) -> Matched:
    """Those of the sounds that are present that labelled files hold.

    They are known by their path if a file is as it was heard, else by their bytes. Only files of a size that the
    library knows are read.
    """
    from core.audio import content_hash  # the decoder loads with it; whoever has no labels need not wait for it

    files, hashes = sounds.known_files(db), sounds.known_hashes(db)
    sizes = {known.size_bytes for known in files.values()}
    found: list[tuple[int, str, str]] = []
    for each in labelled:
        try:
            status, known = each.path.stat(), files.get(os.path.abspath(each.path))
            if known and (known.size_bytes, known.mtime_ns) == (status.st_size, status.st_mtime_ns):
                found.append((known.sound_id, each.label, each.source))
            elif status.st_size in sizes and (sound_id := hashes.get(content_hash(each.path))) is not None:
                found.append((sound_id, each.label, each.source))
        except OSError:  # a file that cannot be read is one that the library does not hold
            continue
    there = [each for each in found if each[0] in present]
    return _matched(there, len(labelled) - len(there))


def label_by_folder(db: Database, present: Set[int]) -> Matched:
    """Every sound that is present by the name of the folder that its file lies in.

    Each is taken for a recording of its own: of two cuts of one, one finds the other, which flatters all ears alike.
    """
    there = [(path, known.sound_id) for path, known in sounds.known_files(db).items() if not known.missing]
    return _matched([(each, Path(path).parent.name, str(each)) for path, each in there if each in present], 0)


def _matched(found: Sequence[tuple[int, str, str]], unmatched: int) -> Matched:
    labels: dict[int, str] = {}
    sources: dict[int, str] = {}
    twice = set()
    for sound_id, label, source in found:
        if labels.setdefault(sound_id, label) != label:
            twice.add(sound_id)
        sources.setdefault(sound_id, source)
    return Matched({each: label for each, label in labels.items() if each not in twice}, sources, unmatched, len(twice))


def _audible(db: Database, spaces: Sequence[Space], ids: set[int]) -> set[int]:
    """Those of some sounds that no space holds for silence."""
    for space in spaces:
        ids = {each for each in ids if pooled(get_vectors(db, space, each)).any()}
    return ids


def _loaded(
    db: Database,
    spaces: Sequence[Space],
    held: Sequence[int],
    ids: Sequence[int],
    report: Callable[[Progress], None],
    seed: int | None = None,
) -> Iterator[SpaceSounds]:
    """Each space when its turn comes; with a seed, also the halves of sounds that are long enough for all of them."""
    durations_s: dict[int, float] = {}
    if seed is not None:
        longest_s = max(space.fingerprint.window_s for space in spaces)
        long = np.array(sorted(sounds.present_ids(db, Filters(min_s=2 * longest_s)).intersection(ids)), np.int64)
        cards = sounds.cards(db, sample(long, seed).tolist())
        durations_s = {each: card["duration_s"] for each, card in cards.items()} if len(cards) >= FEWEST else {}
    total = len(spaces) * len(ids)
    for number, (space, n_held) in enumerate(zip(spaces, held, strict=True)):
        made = space.fingerprint
        vectors = np.zeros((len(ids), made.dim), np.float32)
        halves = np.zeros((2, len(durations_s), made.dim), np.float32)
        n_halved = 0
        for place, each in enumerate(ids):
            if place % TOLD_EVERY == 0:
                report(Progress(number * len(ids) + place, total, f"reading {made.name}"))
            windows = get_vectors(db, space, each)
            vectors[place] = pooled(windows)
            if each in durations_s:
                halves[:, n_halved] = _halves(windows, made, durations_s[each])
                n_halved += 1
        report(Progress((number + 1) * len(ids), total, f"scoring {made.name}"))
        yield SpaceSounds(made.name, n_held, vectors, (halves[0], halves[1]) if n_halved else None)


def _halves(windows: Vectors, made: Fingerprint, duration_s: float) -> tuple[Vectors, Vectors]:
    """The vector of the windows that end by the middle of a sound, and of those that begin after it."""
    spans = np.array([made.seconds_of(window, duration_s) for window in range(len(windows))])
    middle_s, rounding_s = duration_s / 2, 1e-6
    first, second = spans[:, 1] <= middle_s + rounding_s, spans[:, 0] >= middle_s - rounding_s
    return pooled(windows[first]), pooled(windows[second])


def _told(compared: Comparison, lacking: Mapping[str, int]) -> Iterator[str]:
    """The sentences that say what did not count. lacking: how many of the sounds each pair of ears has not heard."""
    if compared.left_out:
        worst = max(lacking, key=lambda name: lacking[name])
        step = f"; have {worst} hear them with: earshot ingest --embedder {worst}" if lacking[worst] else ""
        yield f"Left out: {compared.left_out} sounds that are silent or that not all of these ears have heard{step}."
    if compared.unmatched:
        yield f"Not in the library: {compared.unmatched} of the labelled files."
    if compared.ambiguous:
        yield f"Two labels each, so none: {compared.ambiguous} sounds."


def _too_few_labels(n: int, matched: Matched, labels: Path | None) -> str:
    where = str(labels) if labels else "the library's folders"
    lost = f", and {matched.unmatched} of its files are not in the library" if matched.unmatched else ""
    return f"{where} gives no two different labels to the {n} of its sounds that all ears have heard{lost}; label more"
