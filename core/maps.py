"""Where sounds lie on a map: a plane on which neighbours sound alike, kept so that it holds still.

Works out places and brings together what a map shows; draws nothing (`core.plots`, `core.map_page`).
"""

from dataclasses import dataclass, field

from core.records import Record


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
