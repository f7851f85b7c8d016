"""The kinds of sound in the demo library: what each is called, where it lies, and how one of it is made."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.random import Generator

from core.demo import bells, creatures, drums, foley, instruments, machines, weather
from core.demo.shaping import RATE_HZ, Wave, air, finish, room
from core.records import Samples


class Sound(NamedTuple):
    """One synthesised sound: mono float32 samples in (-1, 1), and their rate."""

    samples: Samples
    sample_rate_hz: int


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of sound and how many variants the demo library holds.

    words: how people call the darkest and the brightest third of its variants in file names.
    rooms: reverberation times in seconds that a variant may be heard in; 0 is none.
    air_db: the level below the peak of the noise that a microphone hears in a place; None is a studio's silence.
    """

    name: str
    folder: str
    variants: int
    recipe: Callable[[Generator], Wave]
    words: tuple[str, str] = ("dark", "bright")
    rooms: tuple[float, ...] = (0.0,)
    fade_out_s: float = 0.03
    air_db: float | None = None

    def synthesise(self, rng: Generator, *, in_air: bool = True) -> Sound:
        """One variant, as `rng` draws it; its peak lies from -14 to -1 dBFS.

        in_air: with the noise of the place around it; leave it out to lay the sound on a bed that has its own.
        """
        wave = self.recipe(rng)
        t60_s = self.rooms[int(rng.integers(len(self.rooms)))]
        if t60_s:
            wave = room(wave, rng, t60_s, rng.uniform(0.12, 0.35))
        if in_air and self.air_db is not None:
            wave = air(wave, rng, self.air_db + rng.uniform(-5.0, 5.0))
        peak_db = -rng.uniform(1.0, 10.0) - rng.uniform(0.0, 4.0)
        return Sound(finish(wave, peak_db, fade_out_s=self.fade_out_s), RATE_HZ)

    def variant(self, number: int, seed: int) -> Sound:
        """Variant `number`, counted from 0, of the library of that seed; no other kind or variant changes it."""
        return self.synthesise(np.random.default_rng([seed, crc32(self.name.encode()), number]))


DRY_OR_STUDIO = (0.0, 0.0, 0.3)
ANY_ROOM = (0.0, 0.0, 0.4, 0.9)
OUTSIDE = (0.0, 0.0, 0.0, 0.6)

_ALL = (
    Kind("kick", "drums", 10, drums.kick, ("deep", "clicky"), DRY_OR_STUDIO),
    Kind("snare", "drums", 8, drums.snare, ("fat", "crisp"), DRY_OR_STUDIO),
    Kind("closed_hat", "drums", 8, drums.closed_hat),
    Kind("open_hat", "drums", 6, drums.open_hat),
    Kind("handclap", "drums", 6, drums.handclap, ("fat", "crisp"), DRY_OR_STUDIO, air_db=-56),
    Kind("tom", "drums", 8, drums.tom, ("low", "high")),
    Kind("cowbell", "drums", 6, drums.cowbell, ("low", "high"), DRY_OR_STUDIO),
    Kind("woodblock", "drums", 6, drums.woodblock, ("low", "high"), air_db=-50),
    Kind("church_bell", "bells", 6, bells.church_bell, ("big", "small"), fade_out_s=0.5),
    Kind("hand_bell", "bells", 6, bells.hand_bell, ("low", "high"), ANY_ROOM, 0.2),
    Kind("glass_clink", "bells", 6, bells.glass_clink, ("low", "high"), ANY_ROOM, 0.1),
    Kind("guitar_note", "synths", 8, instruments.plucked_string, ("warm", "bright"), DRY_OR_STUDIO, 0.1),
    Kind("bass_note", "synths", 8, instruments.bass, ("warm", "bright")),
    Kind("organ_chord", "synths", 6, instruments.organ_chord, ("warm", "bright"), ANY_ROOM),
    Kind("piano_note", "synths", 8, instruments.piano, ("warm", "bright"), fade_out_s=0.1, air_db=-65),
    Kind("flute_note", "synths", 6, instruments.flute, ("low", "high"), air_db=-60),
    Kind("brass_note", "synths", 6, instruments.brass, ("low", "bright"), ANY_ROOM),
    Kind("laser", "synths", 6, instruments.laser, ("low", "bright"), DRY_OR_STUDIO),
    Kind("wind", "weather", 6, weather.wind, ("low", "whistling"), fade_out_s=0.4, air_db=-48),
    Kind("rain", "weather", 6, weather.rain, ("soft", "hard"), fade_out_s=0.3),
    Kind("surf", "weather", 6, weather.surf, ("far", "near"), fade_out_s=0.5, air_db=-48),
    Kind("thunder", "weather", 6, weather.thunder, ("far", "near"), fade_out_s=0.5, air_db=-48),
    Kind("stream", "weather", 6, weather.stream, ("slow", "lively"), fade_out_s=0.3),
    Kind("fire", "weather", 6, weather.fire, ("low", "dry"), fade_out_s=0.3),
    Kind("engine", "machines", 6, machines.engine, ("low", "rough"), fade_out_s=0.2, air_db=-48),
    Kind("helicopter", "machines", 6, machines.helicopter, ("far", "near"), fade_out_s=0.2, air_db=-48),
    Kind("siren", "machines", 6, machines.siren, ("low", "high"), OUTSIDE, air_db=-50),
    Kind("car_horn", "machines", 6, machines.car_horn, ("low", "high"), air_db=-50),
    Kind("alarm", "machines", 6, machines.alarm, ("low", "high"), DRY_OR_STUDIO, air_db=-60),
    Kind("telephone", "machines", 6, machines.telephone, ("low", "high"), DRY_OR_STUDIO, 0.1, air_db=-58),
    Kind("clock", "machines", 6, machines.clock, ("wooden", "bright"), DRY_OR_STUDIO, air_db=-46),
    Kind("bird", "creatures", 8, creatures.bird, ("low", "high"), OUTSIDE, air_db=-48),
    Kind("crickets", "creatures", 6, creatures.crickets, ("low", "high"), air_db=-46),
    Kind("frog", "creatures", 6, creatures.frog, ("low", "high"), OUTSIDE, air_db=-46),
    Kind("dog_bark", "creatures", 8, creatures.dog_bark, ("big", "small"), air_db=-48),
    Kind("cat_meow", "creatures", 6, creatures.cat_meow, ("low", "high"), DRY_OR_STUDIO, air_db=-48),
    Kind("bee", "creatures", 6, creatures.bee, ("low", "high"), fade_out_s=0.2, air_db=-46),
    Kind("owl", "creatures", 6, creatures.owl, ("low", "high"), air_db=-44),
    Kind("footsteps", "foley", 6, foley.footsteps, ("soft", "gravel"), air_db=-46),
    Kind("heartbeat", "foley", 6, foley.heartbeat, ("deep", "near"), air_db=-56),
    Kind("typing", "foley", 6, machines.typing, ("soft", "loud"), air_db=-46),
    Kind("door_knock", "foley", 6, foley.door_knock, ("soft", "hard"), ANY_ROOM, air_db=-46),
    Kind("explosion", "foley", 6, foley.explosion, ("deep", "near"), (0.0, 0.9), 0.5, air_db=-52),
    Kind("applause", "foley", 6, foley.applause, ("far", "near"), fade_out_s=0.3),
    Kind("whistle", "foley", 6, foley.whistle, ("low", "high"), air_db=-50),
    Kind("singing", "voices", 8, creatures.singing, ("low", "high"), ANY_ROOM, air_db=-56),
)

KINDS: dict[str, Kind] = {kind.name: kind for kind in _ALL}
"""Every kind by its name, in the order in which the library is made."""
