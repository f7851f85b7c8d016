"""Titles and summaries of groups, from what their sounds have and the other groups' sounds lack.

Works on words alone: tags as they are spoken, and the words of file names.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from core.grouping.plain import words_in
from core.ontology import audioset
from core.phrases import bare, phrases
from core.qualities import WORDS as FORMS
from core.sources import BROAD
from core.spoken import spoken_duration

KEYWORDS = 8
TITLE_WORDS = 3
NEARLY = 0.5  # a broad kind (animal) is left out beside a dog that weighs this share of it; others beside heavier ones
OPPOSITES = frozenset(
    map(frozenset, [("short", "long"), ("short", "sustained"), ("bright", "dark"), ("loud", "quiet"), ("high", "low")])
)
"""Words of which a group is told one only, the one that sets it apart more; parts of it may be so and others so."""

COMMON_FILE_WORDS = frozenset(
    "aif aiff audio clip copy edit file final flac loop mix mono mp3 new ogg old rec recording sample samples sfx sound"
    " sounds stereo take test the track unsorted untitled various version wav zoom".split()
)


@dataclass(frozen=True, slots=True)
class Described:
    """The words of one sound, each counted once, and what a summary says of it."""

    words: frozenset[str]
    duration_s: float
    domain: str


def keywords(groups: Sequence[Sequence[Described]]) -> list[list[str]]:
    """The words that set each group apart, best first, by class-based TF-IDF.

    Weight of a word in a group = the share of the group's sounds that have it, times log(1 / its mean share over all
    groups) (after Grootendorst 2022, "BERTopic", section 3.3; shares in place of counts, so that large groups do not
    rule; and no 1 in the logarithm, so that a word which all sounds share, such as their folder's, weighs nothing).
    """
    by_group = [word_shares(group) for group in groups]
    mean: Counter[str] = Counter()
    for share in by_group:
        mean.update({word: value / len(groups) for word, value in share.items()})
    if len(groups) == 1:  # nothing to be set apart from: the commonest words
        mean = Counter(dict.fromkeys(mean, 1 / math.e))
    return [_best_words(share, mean) for share in by_group]


def titles(ranked: Sequence[Sequence[str]], taken: Iterable[str] = ()) -> list[str]:
    """One title per group from its ranked words. No two are alike, not even in another order: a longer title, then a
    number, tells twins apart. taken: titles that others have already.
    """
    given: list[str] = []
    known = {words_in(title) for title in taken}
    for words in ranked:
        title = next(title for title in _candidates(words) if words_in(title) not in known)
        known.add(words_in(title))
        given.append(title)
    return given


def simpler_titles(words: Sequence[str]) -> list[str]:
    """Titles that say less, for a group whose first one does not find its own sounds: two words, then single ones."""
    pairs = [words[:2]] if len(words) > TITLE_WORDS - 1 else []
    return [_joined(each) for each in [*pairs, *([word] for word in words[:TITLE_WORDS])]]


def word_shares(group: Sequence[Described]) -> dict[str, float]:
    """The words of a group, and the share of its sounds that has each."""
    counts = Counter(word for sound in group for word in sound.words)
    return {word: count / len(group) for word, count in counts.items()}


def summarise(group: Sequence[Described], words: Sequence[str]) -> str:
    """A few sentences on a group: how many sounds, how long, of what kind, and what sets them apart."""
    durations = sorted(sound.duration_s for sound in group)
    shortest, median, longest = durations[0], durations[len(durations) // 2], durations[-1]
    length = f"{'' if len(group) == 1 else 'each about '}{spoken_duration(median)} long"
    if longest > 1.2 * shortest:
        length = (
            f"{spoken_duration(shortest)} to {spoken_duration(longest)} long, in the middle {spoken_duration(median)}"
        )
    sentences = [f"{_count(len(group))}, {length}."]
    if words:
        sentences.append(f"What sets them apart: {', '.join(words[:5])}.")
    domain, count = Counter(sound.domain for sound in group).most_common(1)[0]
    if domain:
        sentences.append(f"{_share(count, len(group))} heard as {domain}.")
    return " ".join(sentences)


def sound_words(name_words: Sequence[str], tags: Sequence[str]) -> frozenset[str]:
    """The words a title may be made of: tags as they are spoken, and the words of a file name that are words.

    What has no phrase is not spoken of (`core.phrases`); a label that is no class of the ontology is its own word.
    """
    written = {word for word in name_words if len(word) > 2 and word.isalpha() and word not in COMMON_FILE_WORDS}
    known = audioset().index
    said = {_spoken(tag) if tag in phrases() else tag.lower() for tag in tags if tag in phrases() or tag not in known}
    return frozenset(written | said)


def _spoken(name: str) -> str:
    """A class in a title: the sound of glass is glass."""
    return bare(phrases()[name].noun).removeprefix("sound of ").lower()


def _best_words(share: Mapping[str, float], mean: Mapping[str, float]) -> list[str]:
    weights = {word: value * math.log(1 / mean[word]) for word, value in share.items() if value >= 0.15}
    weights = {word: weight for word, weight in weights.items() if weight > 0}
    ranked: list[str] = []
    for word in sorted(weights, key=lambda word: (-weights[word], word)):
        if not any(_alike(word, other) or _opposed(word, other) for other in ranked) and not _is_kind(word, weights):
            ranked.append(word)
    return _names_first(sorted(ranked, key=lambda word: word in _broad())[:KEYWORDS])  # broad kinds tell little


def _opposed(one: str, other: str) -> bool:
    return frozenset({one, other}) in OPPOSITES


def _alike(one: str, other: str) -> bool:
    """Whether two words say the same, or one of them more of it: crickets and cricket, bell and church bell."""
    parts, others = _parts(one), _parts(other)
    return set(parts) <= set(others) or set(others) <= set(parts) or "".join(parts) == "".join(others)


@cache
def _parts(word: str) -> tuple[str, ...]:
    return tuple(re.sub(r"(?<=\w\w\w)(?:s|ing)$", "", part) for part in re.findall(r"\w+", word)) or (word,)


def _is_kind(word: str, weights: Mapping[str, float]) -> bool:
    """Whether another word is narrower and weighs more, or nearly as much if this one is broad: animal beside dog."""
    enough = weights[word] * (NEARLY if word in _broad() else 1)
    return any(word in _kinds().get(other, ()) for other, weight in weights.items() if weight >= enough)


@cache
def _kinds() -> Mapping[str, frozenset[str]]:
    """For each spoken class the words for what stands above it."""
    ontology, spoken = audioset(), {name: _spoken(name) for name in phrases()}
    above = {name: {spoken[kind] for kind in ontology.ancestors(name) if kind in spoken} for name in spoken}
    return {word: frozenset(above[name] - {word}) for name, word in spoken.items()}


@cache
def _broad() -> frozenset[str]:
    return frozenset(_spoken(name) for name in BROAD)


def _names_first(words: list[str]) -> list[str]:
    """Words in the order of a title: what it is, or is called, before how it sounds."""
    names = [word for word in words if word not in FORMS]
    head = words[:TITLE_WORDS]
    if names and not set(head) & set(names):
        head = [names[0], *head[:-1]]
    head = sorted(head, key=lambda word: word in FORMS)
    return [*head, *(word for word in words if word not in head)]


def _candidates(words: Sequence[str]) -> Iterator[str]:
    for n_words in range(TITLE_WORDS, max(TITLE_WORDS, len(words)) + 1):
        yield _joined(words[:n_words])
    number = 2
    while True:
        yield f"{_joined(words[:TITLE_WORDS])} ({number})"
        number += 1


def _joined(words: Sequence[str]) -> str:
    title = ", ".join(words) or "mixed sounds"
    return title[0].upper() + title[1:]


def _count(n: int) -> str:
    return "One sound" if n == 1 else f"{n} sounds"


def _share(count: int, total: int) -> str:
    if count == total:
        return "It is" if total == 1 else "All are"
    return "Most are" if count > 0.6 * total else f"{count} of them {'is' if count == 1 else 'are'}"
