"""Groups of sounds in words: what is told of each cluster of a clustering, and whether its title is true.

Brings together the built-in namer or a chat model's (`Namer`), the check of names and what sets a group apart; neither
groups sounds nor keeps anything.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sqlite_utils import Database

from core.errors import EarshotError
from core.grouping import contrast, naming
from core.grouping.contrast import Side
from core.grouping.name_check import NameCheck, sample
from core.grouping.plain import one_line, words_in
from core.records import WEAK_NAME, Cluster, Group, Progress, Record, Vectors
from core.store import sounds
from core.store.clusterings import Members
from core.text_ears import TextEars

log = logging.getLogger(__name__)

EXEMPLARS = 3
NEIGHBOURS = 3  # groups that sound most like one, which it is told apart from
MOST_WORDS = 20_000  # sounds whose words are read; of more, each group sends its share (`name_check.sample`)
TOLD, AT_BORDER = 8, 4  # captions of typical and of least typical members that a chat model reads
LONGEST_CAPTION, LONGEST_TITLE, LONGEST_TEXT = 160, 60, 600
NAMED_AT_ONCE = 4  # requests to a chat model
BUILT_IN, PERSON = "builtin", "person"
UNFOUND, TAKEN = "a search for it does not find these sounds", "another group has it"

Report = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Evidence(Record):
    """What a namer gets to know of a cluster. All texts but `refused_as` are data from strangers.

    typical, border: captions of its most and of its least typical members. tags: the words of its sounds with the share
    that has each, the commonest first. neighbours: titles of the groups that sound most like it. refused, refused_as: a
    title that was tried, and why it cannot be; empty at first.
    """

    cluster: int
    size: int
    keywords: list[str]
    typical: list[str]
    border: list[str]
    tags: dict[str, float]
    neighbours: list[str]
    apart: str
    refused: str = ""
    refused_as: str = ""


@dataclass(frozen=True, slots=True)
class Name(Record):
    """What a namer says of a cluster: a title, a paragraph on what it holds, a sentence on what sets it apart."""

    title: str
    summary: str
    apart: str


class Namer(Protocol):
    """Anything that names clusters from evidence, such as a chat model. `name` is kept beside what it wrote.

    Raises EarshotError where it cannot; the cluster then keeps its built-in name.
    """

    name: str

    def __call__(self, evidence: Evidence) -> Name:
        """The name of a cluster."""


class Describer:
    """Tells of the clusters of one clustering. vectors: float32 (n, dim), unit rows, of the members in their order.

    Reads of the database what is asked for, no more: to tell of one cluster is cheap in a large library.
    """

    def __init__(self, db: Database, ears: TextEars | None, members: Members, vectors: Vectors) -> None:
        self._db, self._members, self._vectors = db, members, vectors
        self._check = NameCheck(db, ears, members)
        self.numbers: list[int] = [int(number) for number in np.unique(members.clusters) if number > 0]

    def describe(
        self, kept: Mapping[int, Group], namer: Namer | None = None, report: Report = lambda _: None
    ) -> dict[int, Group]:
        """Clusters that have no words yet, by number. kept: the others, whose titles are not given again.

        namer: names them, each title checked, and asked for once more if it does not find the members of its cluster or
        another one has it; without a namer, and where it fails, the built-in namer does.
        """
        titles = {number: group.cluster.title for number, group in kept.items()}
        fresh = [number for number in self.numbers if number not in kept]
        ranked = {number: self._ranked(number) for number in fresh}
        built_in = naming.titles([ranked[number] for number in fresh], titles.values())
        titles |= dict(zip(fresh, built_in, strict=True))
        groups = {number: self._built_in(number, ranked[number], titles) for number in fresh}
        return groups | (self._named(groups, titles, namer, report) if namer is not None else {})

    def renewed(self, group: Group) -> Group:
        """A cluster with other members than before: the same title, checked anew, the rest told of what it holds."""
        number = group.cluster.cluster
        cluster = replace(
            group.cluster,
            size=self._size(number),
            exemplars=self._exemplars(number),
            stability=None,
            name_auc=self.check(group.cluster.title, number),
        )
        summary = naming.summarise(self._sounds_of(number), group.cluster.keywords)
        return Group(cluster, summary, self.apart(number))

    def check(self, title: str, number: int) -> float | None:
        """How well a title finds the sounds of a cluster (`core.grouping.name_check`)."""
        return self._check.auc(title, number)

    def apart(self, number: int) -> str:
        """What sets a cluster apart from its neighbours (`core.grouping.contrast`)."""
        return contrast.apart(self._side(number), {each: self._side(each) for each in self._neighbours(number)})

    # By words alone

    def _built_in(self, number: int, words: Sequence[str], titles: dict[int, str]) -> Group:
        """A title that does not find its sounds gives way to a simpler one that does better."""
        title, found = titles[number], self.check(titles[number], number)
        if found is not None and found < WEAK_NAME:
            taken = _taken(titles, number)
            for other in naming.simpler_titles(words):
                score = self.check(other, number)
                if words_in(other) not in taken and score is not None and score > found:
                    title, found = other, score
                if found >= WEAK_NAME:
                    break
        titles[number] = title
        cluster = Cluster(number, title, self._size(number), list(words), self._exemplars(number), None, found)
        return Group(cluster, naming.summarise(self._sounds_of(number), words), self.apart(number))

    def _ranked(self, number: int) -> list[str]:
        """The keywords of a cluster, at the end those that only names hold and the ears do not bear out."""
        words = self._keywords[number]
        rows = self._read[self._members.clusters[self._read] == number]
        tagged = {tag for row in rows.tolist() for tag in naming.sound_words([], self._cards[row]["tags"])}
        doubted = {word for word in words if word not in tagged and not self._check.is_heard(word, number)}
        return sorted(words, key=lambda word: word in doubted)

    # By a namer

    def _named(
        self, groups: Mapping[int, Group], titles: dict[int, str], namer: Namer, report: Report
    ) -> dict[int, Group]:
        """The groups that a namer could name, a few at a time; who stops in between pays for no more than those.

        A namer that fails for as many in a row as are asked at once is taken to be away, and asked no more.
        """
        named: dict[int, Group] = {}
        failed = 0
        evidence = [self._evidence(group, titles) for group in groups.values()]
        threads = ThreadPoolExecutor(NAMED_AT_ONCE)
        try:
            answers = [threads.submit(_asked, namer, each) for each in evidence]
            for done, (each, answer) in enumerate(zip(evidence, answers, strict=True), start=1):
                failed = failed + 1 if answer.result() is None else 0
                if failed == NAMED_AT_ONCE:
                    break
                if (better := self._accepted(groups[each.cluster], each, answer.result(), titles, namer)) is not None:
                    named[each.cluster] = better
                    titles[each.cluster] = better.cluster.title
                report(Progress(done, len(evidence), "naming the groups"))
        finally:
            threads.shutdown(wait=False, cancel_futures=True)
        return named

    def _accepted(
        self, group: Group, evidence: Evidence, name: Name | None, titles: Mapping[int, str], namer: Namer
    ) -> Group | None:
        """A group with the name that it was given, or with a second one if the first is weak or taken; else None."""
        if name is None:
            return None
        first = self._checked(group, name, titles, namer.name)
        if first is not None and not first.cluster.is_weak:
            return first
        why = TAKEN if first is None else UNFOUND
        again = _asked(namer, replace(evidence, refused=name.title, refused_as=why))
        second = None if again is None else self._checked(group, again, titles, namer.name)
        return max(filter(None, (first, second)), key=lambda each: each.cluster.name_auc or 0.0, default=None)

    def _checked(self, group: Group, name: Name, titles: Mapping[int, str], by: str) -> Group | None:
        """A group with a name; None for one without words, or that another group has already."""
        title, number = one_line(name.title, LONGEST_TITLE), group.cluster.cluster
        if not words_in(title) or words_in(title) in _taken(titles, number):
            return None
        cluster = replace(group.cluster, title=title, name_auc=self.check(title, number), named_by=by)
        summary, apart = (one_line(text, LONGEST_TEXT).replace("{", "(") for text in (name.summary, name.apart))
        return Group(cluster, summary or group.summary, apart or group.apart)

    def _evidence(self, group: Group, titles: Mapping[int, str]) -> Evidence:
        number = group.cluster.cluster
        ids = self._members.of(number).tolist()
        told = sounds.cards(self._db, [*ids[:TOLD], *ids[TOLD:][-AT_BORDER:]])
        captions = [str(told[each]["caption"])[:LONGEST_CAPTION] for each in told]
        shares = naming.word_shares(self._sounds_of(number, read=True))
        common = sorted(shares, key=lambda word: (-shares[word], word))[: 2 * naming.KEYWORDS]
        return Evidence(
            number,
            len(ids),
            group.cluster.keywords,
            captions[:TOLD],
            captions[TOLD:],
            {word: round(shares[word], 2) for word in common},
            [titles[each] for each in self._neighbours(number)],
            contrast.with_titles(group.apart, titles),
        )

    # What is known of the sounds

    def _neighbours(self, number: int) -> list[int]:
        """The groups whose mean is nearest to that of one."""
        others = [each for each in self.numbers if each != number]
        cosines = {each: float(self._means[each] @ self._means[number]) for each in others}
        return sorted(others, key=lambda each: (-cosines[each], each))[:NEIGHBOURS]

    def _exemplars(self, number: int) -> list[int]:
        exemplars: list[int] = self._members.of(number)[:EXEMPLARS].tolist()
        return exemplars

    def _size(self, number: int) -> int:
        return int((self._members.clusters == number).sum())

    def _side(self, number: int) -> Side:
        rows = np.flatnonzero(self._members.clusters == number)
        return Side(
            {name: self._numbers[rows, column] for column, name in enumerate(contrast.MEASURES)},
            [each.words for each in self._sounds_of(number, read=True)],
        )

    def _sounds_of(self, number: int, *, read: bool = False) -> list[naming.Described]:
        """The sounds of a cluster: all of them, of which some have no words, or those whose words are `read`."""
        rows = np.flatnonzero(self._members.clusters == number)
        rows = np.intersect1d(rows, self._read) if read else rows
        length = list(contrast.MEASURES).index("duration_s")
        return [
            naming.Described(self._words.get(row, frozenset()), float(self._numbers[row, length]), self._domains[row])
            for row in rows.tolist()
        ]

    @cached_property
    def _read(self) -> NDArray[np.int64]:
        """The rows of the sounds whose words are read."""
        return sample(self._members.clusters, MOST_WORDS)

    @cached_property
    def _cards(self) -> dict[int, dict[str, Any]]:
        """What a list shows of the sounds whose words are read, by row."""
        ids = self._members.sounds[self._read].tolist()
        known = sounds.cards(self._db, ids)
        return {row: known[sound] for row, sound in zip(self._read.tolist(), ids, strict=True)}

    @cached_property
    def _words(self) -> dict[int, frozenset[str]]:
        """The words of the sounds whose words are read, by row."""
        return {
            row: naming.sound_words(sounds.name_words(card["path"]), card["tags"]) for row, card in self._cards.items()
        }

    @cached_property
    def _keywords(self) -> dict[int, list[str]]:
        groups = [self._sounds_of(number, read=True) for number in self.numbers]
        return dict(zip(self.numbers, naming.keywords(groups), strict=True))

    @cached_property
    def _measured(self) -> list[tuple[Any, ...]]:
        known = sounds.measured(self._db, [*contrast.MEASURES, "domain"])
        return [known[sound] for sound in self._members.sounds.tolist()]

    @cached_property
    def _numbers(self) -> NDArray[np.float64]:
        """The descriptors of `contrast.MEASURES` for each member, NaN where it has none."""
        return np.array([row[:-1] for row in self._measured], float).reshape(-1, len(contrast.MEASURES))

    @cached_property
    def _domains(self) -> list[str]:
        return [row[-1] or "" for row in self._measured]

    @cached_property
    def _means(self) -> dict[int, NDArray[np.float64]]:
        means = {}
        for number in self.numbers:
            mean = self._vectors[self._members.clusters == number].mean(axis=0, dtype=np.float64)
            means[number] = mean / max(float(np.linalg.norm(mean)), 1e-9)
        return means


def _taken(titles: Mapping[int, str], number: int) -> Set[frozenset[str]]:
    """The words of the titles of all other clusters."""
    return {words_in(title) for each, title in titles.items() if each != number}


def _asked(namer: Namer, evidence: Evidence) -> Name | None:
    try:
        return namer(evidence)
    except EarshotError as problem:
        log.warning("cluster %d keeps its built-in name: %s", evidence.cluster, problem)
        return None


def joined_titles(titles: Iterable[str]) -> str:
    """Titles as a person lists them: “Rain”, “Wind” and “Kick”."""
    quoted = [f"“{title}”" for title in titles]
    return " and ".join([", ".join(quoted[:-1]), quoted[-1]]) if len(quoted) > 1 else "".join(quoted)
