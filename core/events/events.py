"""The events of a library: what is heard in its sounds and when, kept, and found again by words.

Of each sound two things are kept: what its timeline tells, one label for one sound, and every kind of sound where it
would be found if it had been asked for (`core.events.finding.find_faint`). The first alone would hide what a question
finds: whoever asks for a dog wants the bark under the rain as well. So no question needs to hear a sound twice.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from core import text_search
from core.counting import labels_of
from core.ears import Ears
from core.embedding import DESCRIBER
from core.errors import UnsupportedError
from core.events.event import Moments, Timeline
from core.ontology import audioset
from core.records import Progress
from core.store import events as kept
from core.store.db import Store

if TYPE_CHECKING:
    from core.events.listening import ListenRun

FINDER = "1"  # grows with every change of what is found or kept, so that the sounds are listened to again
FOR_A_QUESTION_S = 600.0  # of sound that a question listens to first: ten seconds of work or so
LONGEST_S = 1800.0  # a longer sound is left to those who ask for it, or for all
CLEAR = 0.8  # `core.events.kinds.HEARD.on`: of what is as clear, but not told, 0.84 is right; of the rest 0.50


class Events:
    """The events of one library. ears: whose tags and searches say which sounds are worth listening to."""

    def __init__(self, store: Store, ears: Ears) -> None:
        self._store = store
        self._ears = ears

    def moments(self, text: str, k: int = 10, min_score: float = 0.0) -> Moments:
        """The k best moments in which what a text says is heard, in the sounds that were listened to so far.

        "animals" are all kinds of animals (`labels_of`); of two things ("rain and a dog") either is found. What an
        older finder heard counts until the present one has listened. Raises NotFoundError for words that name no sound,
        and UnsupportedError for a kind of which no event is ever told, such as silence.
        """
        labels, finder = told_labels(text), self._finder()
        with self._store.reading() as db:
            found, total, sure = kept.find_moments(db, labels, k, min_score, CLEAR)
            listened, older, of = kept.count_listened(db, finder)
        return Moments(found, total, sure, labels, listened, older, of)

    def of(self, sound_id: int, report: Callable[[Progress], None] = lambda _: None) -> Timeline:
        """What is heard in a sound, and when: as it was kept, or listened to now and kept.

        Raises NotFoundError for a sound that does not exist, whose file is gone or has changed, and AudioError.
        """
        from core.events.finding import EventRun  # the decoder takes a while to import
        from core.events.listening import find_path, keep

        finder = self._finder()
        with self._store.reading() as db:
            known = kept.get_timeline(db, sound_id, finder)
        if known is not None:
            return known
        run = EventRun(find_path(self._store, sound_id), with_faint=True)
        for progress in run:
            report(progress)
        return keep(self._store, finder, sound_id, run)

    def listen(self) -> "ListenRun":
        """A run over all sounds that are there and were not listened to yet; it can be left and begun again."""
        with self._store.reading() as db:
            return self._run(kept.waiting(db, self._finder()))

    def listen_for(self, text: str) -> "ListenRun":
        """A run over the sounds that a question should listen to before it is answered: those that a search for its
        words finds, the best first, up to FOR_A_QUESTION_S of sound, and none that is longer than LONGEST_S.

        Raises as `moments` does.
        """
        told_labels(text)
        chosen: dict[int, float] = {}
        total_s = 0.0
        for sound_id, length_s in self._likely(text).items():
            if total_s >= FOR_A_QUESTION_S:
                break
            if length_s <= LONGEST_S:
                chosen[sound_id] = length_s
                total_s += length_s
        return self._run(chosen)

    def count_likely(self, text: str) -> int:
        """How many sounds that a search for a text finds were not listened to yet."""
        return len(self._likely(text))

    def _likely(self, text: str) -> Mapping[int, float]:
        """The sounds not listened to that a search for a text finds, the best first, with their lengths."""
        with self._store.reading() as db:
            lengths_s = kept.waiting(db, self._finder())
            if not lengths_s:
                return {}
            ranking = text_search.rank(db, self._ears.for_text(), *text_search.wish(text), set(lengths_s))
        return {sound_id: lengths_s[sound_id] for sound_id in ranking.ids.tolist()}

    def _run(self, lengths_s: Mapping[int, float]) -> "ListenRun":
        from core.events.listening import ListenRun  # the decoder takes a while to import

        return ListenRun(self._store, self._finder(), lengths_s)

    def _finder(self) -> str:
        """What the present finder of events, with the ears that it listens with, is known by."""
        ears = self._ears.present(DESCRIBER)
        return f"{FINDER} {ears.version} {ears.weights}" if ears else FINDER


def told_labels(text: str) -> list[str]:
    """The kinds of sound that a text asks for, as events are called: what it means and all that is one of that.

    Where no event is called so, the nearest that is surely there with it: speech for a conversation. Raises
    NotFoundError for words that name no sound, UnsupportedError where there is no event of that kind.
    """
    from core.events.kinds import is_event  # what draws curves takes a while to import

    known = audioset()
    meant = labels_of(text)
    told = [label for label in meant if is_event(known.classes[known.index[label]])]
    if told:
        return told
    names = [each.name for each in known.classes if is_event(each)]
    above = {name for name in names for label in meant if known.implies(label, name)}
    nearest = {name for name in above if not any(other != name and known.implies(other, name) for other in above)}
    if not nearest:
        raise UnsupportedError(f"no event is ever told of {text!r}; ask for what is heard, such as a dog or rain")
    return sorted(name for name in names if any(name == each or known.implies(name, each) for each in nearest))
