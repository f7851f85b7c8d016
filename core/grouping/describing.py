"""Groups of sounds in words: what is told of each cluster of a clustering, and whether its title is true.

Brings together the built-in namer or a chat model's (`Namer`), the check of names and what sets a group apart; neither
groups sounds nor keeps anything.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sqlite_utils import Database

from core.errors import EarshotError
from core.grouping import contrast, naming
from core.grouping.name_check import NameCheck
from core.records import WEAK_NAME, Cluster, Group, Progress, Record, Vectors
from core.store import sounds
from core.store.clusterings import Members
from core.text_ears import TextEars

log = logging.getLogger(__name__)

EXEMPLARS = 3
NEIGHBOURS = 3  # groups that sound most like one, which it is told apart from
TOLD, AT_BORDER = 8, 4  # captions of typical and of least typical members that a chat model reads
LONGEST_CAPTION, LONGEST_TITLE, LONGEST_TEXT = 160, 60, 600
NAMED_AT_ONCE = 4  # requests to a chat model
BUILT_IN, PERSON = "builtin", "person"


@dataclass(frozen=True, slots=True)
class Evidence(Record):
    """What a namer gets to know of a cluster. All texts but `apart` are data from strangers.

    typical, border: captions of its most and of its least typical members. tags: the words of its sounds with the share
    that has each, the commonest first. neighbours: titles of the groups that sound most like it. refused: a title that
    was tried and does not find the members of the cluster; empty at first.
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
    """Tells of the clusters of one clustering. vectors: float32 (n, dim), unit rows, of the members in their order."""

    def __init__(self, db: Database, ears: TextEars | None, members: Members, vectors: Vectors) -> None:
        self._members, self._vectors = members, vectors
        self._cards = sounds.cards(db, members.sounds.tolist())
        self._measured = sounds.measured(db, list(contrast.MEASURES))
        self._check = NameCheck(db, ears, members)
        self.numbers: list[int] = [int(number) for number in np.unique(members.clusters) if number > 0]

    def describe(
        self,
        kept: Mapping[int, Group],
        stability: Mapping[int, float],
        namer: Namer | None = None,
        report: Callable[[Progress], None] = lambda _: None,
    ) -> list[Group]:
        """Every cluster, by number. kept: those whose words stay as they are; only their exemplars are chosen anew.

        stability: of the clusters it was measured for. namer: names those that are not kept, each checked and asked for
        once more if its title does not find its members; without one, and where it fails, the built-in namer does.
        """
        given = {number: group.cluster.title for number, group in kept.items()}
        fresh = [number for number in self.numbers if number not in kept]
        ranked = dict(zip(self.numbers, self._keywords, strict=True))
        built_in = naming.titles([ranked[number] for number in fresh], given.values())
        titles = given | dict(zip(fresh, built_in, strict=True))
        groups = {number: self._built_in(number, ranked[number], titles) for number in fresh}
        if namer is not None:
            groups |= self._named(groups, titles, namer, report)
        every = {number: groups.get(number) or self._again(kept[number]) for number in self.numbers}
        return [
            replace(group, cluster=replace(group.cluster, stability=stability.get(number)))
            for number, group in every.items()
        ]

    def check(self, title: str, number: int) -> float | None:
        """How well a title finds the sounds of a cluster (`core.grouping.name_check`)."""
        return self._check.auc(title, number)

    def _built_in(self, number: int, words: Sequence[str], titles: dict[int, str]) -> Group:
        """By words alone. A title that does not find its sounds gives way to a simpler one that does better."""
        title, found = titles[number], self._check.auc(titles[number], number)
        if found is not None and found < WEAK_NAME:
            taken = {naming.words_of(other) for each, other in titles.items() if each != number}
            for other in naming.simpler_titles(words):
                score = self._check.auc(other, number)
                if naming.words_of(other) not in taken and score is not None and score > found:
                    title, found = other, score
                if found >= WEAK_NAME:
                    break
        titles[number] = title
        cluster = Cluster(number, title, self._size(number), list(words), self._exemplars(number), None, found)
        summary = naming.summarise(self._sounds_of(number), words)
        return Group(cluster, summary, self._apart(number, titles))

    def _named(
        self, groups: Mapping[int, Group], titles: dict[int, str], namer: Namer, report: Callable[[Progress], None]
    ) -> dict[int, Group]:
        """The groups that a namer could name, a few at a time; each title checked, and asked for once more if weak."""
        named: dict[int, Group] = {}
        evidence = [self._evidence(group, titles) for group in groups.values()]
        with ThreadPoolExecutor(NAMED_AT_ONCE) as threads:
            answers = threads.map(lambda each: _asked(namer, each), evidence)
            for done, (each, answer) in enumerate(zip(evidence, answers, strict=True), start=1):
                group = groups[each.cluster]
                better = self._checked(group, answer, titles, namer.name)
                if answer is not None and (better is None or better.cluster.is_weak):
                    again = _asked(namer, replace(each, refused=answer.title))
                    better = _best(better, self._checked(group, again, titles, namer.name))
                if better is not None:
                    named[each.cluster] = better
                    titles[each.cluster] = better.cluster.title
                report(Progress(done, len(evidence), "naming the groups"))
        return named

    def _checked(self, group: Group, name: Name | None, titles: Mapping[int, str], by: str) -> Group | None:
        """A group with the name that it was given; None for no name, or one that another group has already."""
        title = _tidy(name.title, LONGEST_TITLE) if name else ""
        number = group.cluster.cluster
        taken = {naming.words_of(other) for each, other in titles.items() if each != number}
        if name is None or not title or naming.words_of(title) in taken:
            return None
        cluster = replace(group.cluster, title=title, name_auc=self._check.auc(title, number), named_by=by)
        summary, apart = _tidy(name.summary, LONGEST_TEXT), _tidy(name.apart, LONGEST_TEXT)
        return Group(cluster, summary or group.summary, apart or group.apart)

    def _again(self, group: Group) -> Group:
        """A group whose words stay, with its size, its exemplars and the check of its name as they are now."""
        number = group.cluster.cluster
        found = self._check.auc(group.cluster.title, number)
        exemplars = self._exemplars(number)
        return replace(
            group, cluster=replace(group.cluster, size=self._size(number), exemplars=exemplars, name_auc=found)
        )

    def _evidence(self, group: Group, titles: Mapping[int, str]) -> Evidence:
        number = group.cluster.cluster
        ids = self._members.of(number).tolist()
        border = ids[TOLD:][-AT_BORDER:]
        shares = naming.word_shares(self._sounds_of(number))
        common = sorted(shares, key=lambda word: (-shares[word], word))[: 2 * naming.KEYWORDS]
        return Evidence(
            number,
            len(ids),
            group.cluster.keywords,
            [self._caption(each) for each in ids[:TOLD]],
            [self._caption(each) for each in border],
            {word: round(shares[word], 2) for word in common},
            [titles[each] for each in self._neighbours(number)],
            group.apart,
        )

    def _apart(self, number: int, titles: Mapping[int, str]) -> str:
        beside = self._neighbours(number)
        near = np.isin(self._members.clusters, beside)
        names = [titles[each] for each in beside]
        return contrast.apart(self._numbers, self._words, self._members.clusters == number, near, names)

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

    def _caption(self, sound_id: int) -> str:
        return str(self._cards[sound_id]["caption"])[:LONGEST_CAPTION]

    def _sounds_of(self, number: int) -> list[naming.Described]:
        return [self._described[row] for row in np.flatnonzero(self._members.clusters == number)]

    @cached_property
    def _described(self) -> list[naming.Described]:
        return [_described(self._cards[sound_id]) for sound_id in self._members.sounds.tolist()]

    @cached_property
    def _words(self) -> list[frozenset[str]]:
        return [each.words for each in self._described]

    @cached_property
    def _keywords(self) -> list[list[str]]:
        ranked = naming.keywords([self._sounds_of(number) for number in self.numbers])
        return [self._heard_first(number, words) for number, words in zip(self.numbers, ranked, strict=True)]

    def _heard_first(self, number: int, words: list[str]) -> list[str]:
        """Words, at the end those that only names hold and the ears do not bear out, such as that of a publisher."""
        ids = self._members.sounds[self._members.clusters == number].tolist()
        tagged = {word for each in ids for word in naming.sound_words([], self._cards[each]["tags"])}
        doubted = {word for word in words if word not in tagged and not self._check.is_heard(word, number)}
        return sorted(words, key=lambda word: word in doubted)

    @cached_property
    def _numbers(self) -> dict[str, NDArray[np.float64]]:
        ids = self._members.sounds.tolist()
        rows = np.array([self._measured[each] for each in ids], dtype=float).reshape(len(ids), -1)
        return {name: rows[:, column] for column, name in enumerate(contrast.MEASURES)}

    @cached_property
    def _means(self) -> dict[int, NDArray[np.float64]]:
        means = {}
        for number in self.numbers:
            mean = self._vectors[self._members.clusters == number].mean(axis=0, dtype=np.float64)
            means[number] = mean / max(float(np.linalg.norm(mean)), 1e-9)
        return means


def typicality(vectors: Vectors, clusters: NDArray[np.int64]) -> NDArray[np.float64]:
    """The cosine of each vector with the mean of its group, float64 (n,); 0 for one of no group."""
    found = np.zeros(len(clusters))
    for number in np.unique(clusters[clusters > 0]):
        inside = clusters == number
        mean = vectors[inside].mean(axis=0, dtype=np.float64)
        found[inside] = vectors[inside] @ (mean / max(float(np.linalg.norm(mean)), 1e-9))
    return found


def _asked(namer: Namer, evidence: Evidence) -> Name | None:
    try:
        return namer(evidence)
    except EarshotError as problem:
        log.warning("cluster %d keeps its built-in name: %s", evidence.cluster, problem)
        return None


def _best(one: Group | None, other: Group | None) -> Group | None:
    """The group whose title finds its sounds better."""
    known = [group for group in (one, other) if group is not None]
    return max(known, key=lambda group: group.cluster.name_auc or 0.0, default=None)


def _described(card: Mapping[str, Any]) -> naming.Described:
    words = naming.sound_words(sounds.name_words(card["path"]), card["tags"])
    return naming.Described(words, card["duration_s"], card["domain"])


def _tidy(text: str, longest: int) -> str:
    """A text of a stranger on one line, without control signs, cut at a word."""
    plain = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return plain if len(plain) <= longest else plain[: longest - 1].rpartition(" ")[0] + "…"


def joined_titles(titles: Iterable[str]) -> str:
    """Titles as a person lists them: “Rain”, “Wind” and “Kick”."""
    quoted = [f"“{title}”" for title in titles]
    return " and ".join([", ".join(quoted[:-1]), quoted[-1]]) if len(quoted) > 1 else "".join(quoted)
