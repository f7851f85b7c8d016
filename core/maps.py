"""Where sounds lie on a map: a plane on which neighbours sound alike, kept so that it holds still.

Brings together the places (`core.layout`), what is known of the sounds and their groups; draws nothing (`core.plots`,
`core.map_page`).
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.ears import Ears
from core.errors import NotFoundError
from core.layout import (
    Ids,
    Moment,
    Points,
    Report,
    discriminant_plane,
    fitted_rows,
    lay_out,
    place,
    shaping,
)
from core.looks import Mark, apart
from core.records import Clustering, Progress, Record
from core.seriation import sorted_by_likeness
from core.store import layouts, spaces
from core.store.db import Store
from core.store.layouts import Layout
from core.store.spaces import Space

if TYPE_CHECKING:
    from core.grouping.groups import Groups

AGED = 0.5  # the share of sounds that were only placed above which a map is better made anew


@dataclass(frozen=True, slots=True)
class SoundMap(Record):
    """A map as data, one entry in each list per sound, in the order of `ids`.

    x, y: places, from 0 to 1, y upwards; one unit is as long in both. clusters: the number of each sound's group, 0 for
    none. titles: of the groups by number. descriptors: by name (brightness_hz, loudness_lufs, pitch_hz, duration_s,
    tempo_bpm, noisiness), None where a sound has none. placed: whether a sound was put among the others later.
    """

    space: str
    seed: int
    ids: list[int]
    x: list[float]
    y: list[float]
    names: list[str]
    captions: list[str]
    domains: list[str]
    durations_s: list[float]
    placed: list[bool]
    clustering: int | None = None
    clusters: list[int] = field(default_factory=list)
    titles: dict[int, str] = field(default_factory=dict)
    descriptors: dict[str, list[float | None]] = field(default_factory=dict)

    def marks(self) -> dict[int, Mark]:
        """The look of each group that has sounds on the map, by its number."""
        return apart(self.clusters, np.column_stack([self.x, self.y])) if self.clusters else {}

    @property
    def note(self) -> str:
        """What a person should be told beside the map, as one sentence; empty if all is well."""
        n_placed = sum(self.placed)
        if n_placed <= AGED * len(self.placed):
            return ""
        what = f"{n_placed} of {len(self.placed)} sounds came after the map was made and were put among the others"
        return f"{what}; lay all of them out anew with: earshot map --anew --out FILE"


@dataclass(frozen=True, slots=True)
class Shaping:
    """How a map took shape. rows: int64 (n,), the sounds of the map that UMAP moved, by their place in its lists.

    line: int64 (n,), the rank of each of them in an order in which neighbours are alike. moments: from the principal
    plane at epoch 0 to the end, each with n places; the last ones, normalised, are those of the map.
    """

    sound_map: SoundMap
    rows: NDArray[np.int64]
    line: NDArray[np.int64]
    moments: list[Moment]


@dataclass(frozen=True, slots=True)
class GroupPlane:
    """Groups as they lie in the vectors themselves, not on the map: places float64 (n, 2), groups int64 (n,) from 1.

    marks: the look that each group has on the map; empty where no map was made.
    """

    places: NDArray[np.float64]
    groups: NDArray[np.int64]
    marks: dict[int, Mark] = field(default_factory=dict)


class Maps:
    """The maps of one library, one for each space. ears: whose spaces. groups: what they are coloured by."""

    def __init__(self, store: Store, ears: Ears, groups: "Groups") -> None:
        self._store = store
        self._ears = ears
        self._groups = groups

    def get(
        self,
        space: str | None = None,
        clustering: int | None = None,
        *,
        anew: bool = False,
        seed: int = 0,
        report: Report = lambda _: None,
    ) -> SoundMap:
        """The map of a space with the groups of a clustering; else of the current one, if there is any.

        Of the space that the clustering was made in if only that is named. The places are made by the first call
        (10 s, a minute for 100,000 sounds) and hold still: new sounds are put among the others, those that are gone are
        left out. anew: all places are made again, with another seed if one is given. Raises NotFoundError.
        """
        grouped = self._grouped(clustering)
        if space is None and clustering is not None and grouped is not None:
            space = grouped.space
        found = self._space(space)
        layout = self._layout(found, seed, anew=anew, report=report)
        return self._filled(found, layout, grouped)

    def plane(self, clustering: int) -> GroupPlane:
        """The sounds of a clustering on the plane in which its groups lie furthest apart (`discriminant_plane`).

        Without silence and those of no group. Raises NotFoundError.
        """
        grouped, members = self._groups.get(clustering), self._groups.members(clustering)
        space = self._space(grouped.space)
        with self._store.reading() as db:
            held, layout = spaces.all_vectors(db, space), layouts.get_layout(db, space)
        rows, known = _rows_of(held.sounds, members.sounds)
        shown = known & (members.clusters > 0) & held.vectors[rows].any(axis=1)
        groups = members.clusters[shown]
        marks = self._filled(space, layout, grouped).marks() if layout is not None else {}
        return GroupPlane(discriminant_plane(held.vectors[rows[shown]], groups), groups, marks)

    def shaping(
        self,
        space: str | None = None,
        clustering: int | None = None,
        *,
        n_moments: int = 80,
        report: Report = lambda _: None,
    ) -> Shaping:
        """How the map that `get` gives took shape: its run of UMAP is made again, with its sounds and its seed.

        It takes as long as a new map. Sounds that were put among the others, and those that are gone, are left out.
        """
        shown = self.get(space, clustering, report=report)
        found = self._space(shown.space)
        with self._store.reading() as db:
            layout, held = layouts.get_layout(db, found), spaces.all_vectors(db, found)
        assert layout is not None, "it was kept when the map was made"
        made = layout.sounds[: layout.n_made]
        vectors = held.vectors[_rows_of(held.sounds, made)[0]]
        fitted = fitted_rows(vectors, layout.seed)
        report(Progress(0, len(fitted), "laying out again"))
        moments = shaping(vectors[fitted], made[fitted], layout.seed, n_moments) if len(fitted) else []
        rows, there = _rows_of(np.array(shown.ids, np.int64), made[fitted])
        order = sorted_by_likeness(vectors[fitted[there]])
        line = np.empty(len(order), np.int64)
        line[order] = np.arange(len(order))
        report(Progress(len(fitted), len(fitted), "laid out again"))
        return Shaping(shown, rows[there], line, [Moment(each.epoch, each.places[there]) for each in moments])

    def _grouped(self, clustering: int | None) -> Clustering | None:
        if clustering is not None:
            return self._groups.get(clustering)
        with self._store.reading():  # that there is a library at all
            pass
        try:
            return self._groups.current()
        except NotFoundError:
            return None

    def _space(self, name: str | None) -> Space:
        name = name or self._ears.chosen()
        with self._store.reading() as db:
            return spaces.find_space(db, name, self._ears.present(name))

    def _layout(self, space: Space, seed: int, *, anew: bool, report: Report) -> Layout:
        """The kept layout with every sound that is there on it; made, or added to, and kept, if it is not."""
        with self._store.reading() as db:
            kept = None if anew else layouts.get_layout(db, space)
            there = layouts.ids_on_map(db, space)
            if not len(there):
                what = f"no sound that is there was heard with the ears {space.fingerprint.name!r}"
                raise NotFoundError(f"{what}; add some with: earshot ingest FOLDER")
            new = there if kept is None else np.setdiff1d(there, kept.sounds)
            if kept is not None and not len(new):
                return kept
            held = spaces.all_vectors(db, space)
        vectors = held.vectors[_rows_of(held.sounds, new)[0]]
        if kept is None:
            made = Layout(seed, new, lay_out(vectors, new, seed, report), len(new))
        else:
            rows, known = _rows_of(held.sounds, kept.sounds)
            points = place(vectors, new, held.vectors[rows[known]], kept.points[known], report)
            made = _with(kept, new, points)
        with self._store.writing() as db:
            if anew or _same(layouts.get_layout(db, space), kept):
                layouts.put_layout(db, space, made)
                return made
        return self._layout(space, seed, anew=False, report=report)  # another process was first; its places stand

    def _filled(self, space: Space, layout: Layout, grouped: Clustering | None) -> SoundMap:
        with self._store.reading() as db:
            shown = layouts.shown(db, space)
        found, placed = _rows_of(layout.sounds, np.array(shown["id"], np.int64))
        here = np.flatnonzero(placed)  # one that came just now waits for its place
        rows = found[here]

        def column(name: str) -> list[Any]:
            values = shown[name]
            return [values[row] for row in here.tolist()]

        ids = layout.sounds[rows]
        return SoundMap(
            space=space.fingerprint.name,
            seed=layout.seed,
            ids=ids.tolist(),
            x=np.round(layout.points[rows, 0].astype(float), 6).tolist(),
            y=np.round(layout.points[rows, 1].astype(float), 6).tolist(),
            names=[Path(path or "").name for path in column("path")],
            captions=[text or "" for text in column("caption")],
            domains=[domain or "" for domain in column("domain")],
            durations_s=column("duration_s"),
            placed=(rows >= layout.n_made).tolist(),
            clustering=grouped.clustering if grouped else None,
            clusters=self._clusters(grouped, ids),
            titles={each.cluster: each.title for each in grouped.clusters} if grouped else {},
            descriptors={name: column(name) for name in ("duration_s", *layouts.DESCRIPTORS)},
        )

    def _clusters(self, grouped: Clustering | None, ids: Ids) -> list[int]:
        if grouped is None:
            return []
        members = self._groups.members(grouped.clustering)
        known = dict(zip(members.sounds.tolist(), members.clusters.tolist(), strict=True))
        return [known.get(sound_id, 0) for sound_id in ids.tolist()]


def _with(layout: Layout, ids: Ids, points: Points) -> Layout:
    """A layout with more sounds on it."""
    sounds, places = np.concatenate([layout.sounds, ids]), np.concatenate([layout.points, points])
    return Layout(layout.seed, sounds, places, layout.n_made)


def _rows_of(known: Ids, wanted: Ids) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Where in `known` each of the wanted ids is, and whether it is there at all; where not, the row means nothing."""
    order = np.argsort(known)
    rows = order[np.minimum(np.searchsorted(known, wanted, sorter=order), len(known) - 1)] if len(known) else 0 * wanted
    return rows, known[rows] == wanted if len(known) else np.zeros(len(wanted), bool)


def _same(one: Layout | None, other: Layout | None) -> bool:
    return (one is None and other is None) or (
        one is not None and other is not None and np.array_equal(one.sounds, other.sounds)
    )
