"""The words everything else is said in. Plain data: no behaviour beyond turning into JSON."""

from dataclasses import asdict, dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Samples: TypeAlias = NDArray[np.float32]
"""Mono sound, shape (n_samples,), in [-1, 1]."""

Vectors: TypeAlias = NDArray[np.float32]
"""Embeddings, shape (n, dim), each row of norm 1; a zero row stands for silence and is left out of searches."""


class Record:
    """A record as JSON: the names of the fields are the keys."""

    __slots__ = ()

    def as_dict(self) -> dict[str, Any]:
        """The record and all it holds as plain dicts and lists."""
        return asdict(self)  # type: ignore[call-overload, no-any-return]  # every subclass is a dataclass


@dataclass(frozen=True, slots=True)
class Tag(Record):
    """A label heard in a sound, and how sure the ears are of it, from 0 to 1."""

    label: str
    score: float


@dataclass(frozen=True, slots=True)
class Hit(Record):
    """One sound of an answer, and the moment of it that fits best."""

    id: int
    path: str
    start_s: float
    end_s: float
    score: float
    caption: str
    tags: list[str]
    duration_s: float
    domain: str


@dataclass(frozen=True, slots=True)
class Skip(Record):
    """A file that was found and could not be indexed, and why."""

    path: str
    reason: str


@dataclass(slots=True)
class IngestReport(Record):
    """What an ingest did. `found == indexed + unchanged + len(skipped)` holds at the end of every run.

    indexed: files whose sound was heard in this run, or that are new copies (`copies`) of a known sound. Of these, some
    have other bytes than before (`changed`), and some were known and heard `again`, by other ears or for another
    captioner. unchanged: files known before. Either may have been found at a new path (`moved`).
    missing: files of an earlier run that are gone from the folders of this one; their sounds are kept, out of sight.
    damaged: files of those indexed of which parts could not be decoded; the rest was heard.
    """

    found: int = 0
    indexed: int = 0
    unchanged: int = 0
    skipped: list[Skip] = field(default_factory=list)
    seconds_of_audio: float = 0.0
    elapsed_s: float = 0.0
    changed: int = 0
    copies: int = 0
    moved: int = 0
    missing: int = 0
    damaged: int = 0
    again: int = 0


@dataclass(frozen=True, slots=True)
class Progress(Record):
    """How far a long job is; `label` names what was just finished."""

    done: int
    total: int
    label: str = ""


WEAK_NAME = 0.7
"""The AUC below which the title of a cluster is called weak: its text does not find the members of the cluster."""


@dataclass(frozen=True, slots=True)
class Cluster(Record):
    """One group of a clustering. `cluster` counts from 1; `exemplars` are sound ids, the most typical first.

    stability: how far beyond chance the group comes back when parts of the sounds are grouped, from 0 to 1
    (`core.clustering.stability`); None where it was not measured. name_auc: the chance that a search for the title puts
    a member before a sound of another group, 0.5 if it says nothing; None where nothing could be searched. named_by:
    builtin, person, or the name of a chat model.
    """

    cluster: int
    title: str
    size: int
    keywords: list[str]
    exemplars: list[int]
    stability: float | None = None
    name_auc: float | None = None
    named_by: str = "builtin"

    @property
    def is_weak(self) -> bool:
        """Whether the title was checked and does not find its own members."""
        return self.name_auc is not None and self.name_auc < WEAK_NAME


@dataclass(frozen=True, slots=True)
class Group(Record):
    """A cluster and what is written about it. summary: what it holds. apart: what sets it apart from its neighbours."""

    cluster: Cluster
    summary: str = ""
    apart: str = ""


@dataclass(frozen=True, slots=True)
class Clustering(Record):
    """A grouping of a library, kept under its id.

    bic: the curve the number was chosen from, (k, BIC), lower is better; empty where it was forced. outliers: how many
    of the sounds belong to no group. name: what a person calls this version. based_on: the clustering that it was
    changed from, or that it is told against. change: what is different from that one, as a sentence. is_edit: whether
    a person changed it by hand. automatic: whether the number of groups was found, and nobody changed it since.
    """

    clustering: int
    k: int
    method: str
    space: str
    query: str
    created_at: str
    clusters: list[Cluster]
    bic: list[tuple[int, float]]
    outliers: int = 0
    name: str = ""
    based_on: int | None = None
    change: str = ""
    is_edit: bool = False
    automatic: bool = False

    @property
    def how(self) -> str:
        """Where the number of groups comes from, in words."""
        if self.is_edit:
            return "changed by hand"
        if not self.automatic:
            return "the number asked for"
        return "the number found by BIC" if self.bic else "the number found by density"


@dataclass(frozen=True, slots=True)
class ClusterSummary(Record):
    """What one cluster holds, in words, with all of its members, the most typical first.

    apart: what sets it apart from its neighbours, as a sentence. The others: as in `Cluster` and `Clustering`.
    """

    clustering: int
    cluster: int
    title: str
    summary: str
    keywords: list[str]
    members: list[int]
    apart: str = ""
    stability: float | None = None
    name_auc: float | None = None
    named_by: str = "builtin"
    is_edit: bool = False


@dataclass(frozen=True, slots=True)
class SpaceCard(Record):
    """A space as a list shows it. sounds: how many of those that are there it holds, of `total`.

    answers: whether searches that name no space are answered by it. reads: whether its ears understand text.
    problem: why its ears cannot hear here; empty if they can.
    """

    name: str
    version: str
    dim: int
    window_s: float
    hop_s: float
    sounds: int
    total: int
    answers: bool
    reads: bool
    problem: str


DOMAINS = ("speech", "singing", "music", "animal", "nature", "machine", "effect", "silence")
"""The kinds of sound that ears may tell apart; an empty domain is one that they are not sure of."""


@dataclass(frozen=True, slots=True)
class Filters(Record):
    """What a sound must be to count: bounds on its length in seconds, and its domain, one of DOMAINS."""

    min_s: float | None = None
    max_s: float | None = None
    domain: str | None = None
