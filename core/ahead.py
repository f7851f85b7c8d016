"""Work that runs ahead of the one who waits for it: results come in its order, as soon as they are there."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

S = TypeVar("S")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Pending(Protocol[T_co]):
    """A result that may not be there yet; a `concurrent.futures.Future` is one."""

    def done(self) -> bool:
        """Whether `result` would return without waiting."""

    def result(self) -> T_co:
        """The result, waited for if need be."""


@dataclass(frozen=True, slots=True)
class Now(Generic[T]):
    """A result that is there."""

    value: T

    def done(self) -> bool:
        """Always."""
        return True

    def result(self) -> T:
        """The value."""
        return self.value


@dataclass(frozen=True, slots=True)
class Then(Generic[S, T]):
    """What a function makes of a result, when that is there."""

    before: Pending[S]
    make: Callable[[S], T]

    def done(self) -> bool:
        """Whether the result it is made of is there."""
        return self.before.done()

    def result(self) -> T:
        """What the function makes."""
        return self.make(self.before.result())


def ahead(begun: Iterable[Pending[T]], depth: int) -> Iterator[T]:
    """The results in order. Up to `depth` pieces of work are begun before the first that is not done is waited for."""
    waiting: deque[Pending[T]] = deque()
    for pending in begun:
        waiting.append(pending)
        while waiting and (len(waiting) > depth or waiting[0].done()):
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
