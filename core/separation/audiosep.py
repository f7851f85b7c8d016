"""The separator `audiosep`: what a text means is taken out of the mixture, one text after the other.

Liu et al., "Separate Anything You Describe" (2023, arXiv 2308.05037). The network is `_resunet.py`, its weights are the
published file; a text becomes a vector by the text tower of CLAP, in the form that transformers reads.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np

from core import device
from core.components.hearing import suggested
from core.embedding.clap import ClapEmbedder
from core.errors import NotFoundError, UnsupportedError
from core.records import Progress, Samples
from core.separation import _resunet
from core.separation._resunet import Network
from core.separation.base import Separator

FILE = "audiosep_base_4M_steps.ckpt"
SHORTEST = 2048  # samples; a shorter chunk is filled up with silence


class QueryTower(ClapEmbedder):
    """CLAP's text tower as AudioSep asks it: the text alone, in no other words."""

    def of_query(self, text: str) -> Samples:
        """The unit vector of one text, float32 (dim,)."""
        return self._read([" ".join(text.split())])


class AudiosepSeparator(Separator):
    """Takes out what each query means; without queries, what the built-in ears hear in a chunk. The rest is left over.

    The chunks are short: the network's memory grows with them, to 5 GB for half a minute.
    """

    name = "audiosep"
    sample_rate_hz: ClassVar[int] = _resunet.RATE_HZ
    chunk_s: ClassVar[float] = 6.0
    overlap_s: ClassVar[float] = 1.0
    understands_text: ClassVar[bool] = True

    def prepare(self) -> Iterator[Progress]:
        """See `Separator.prepare`. The separator's own file is never fetched; the text tower may be."""
        self._check()
        yield from self._tower.fetch()
        self._of_text("rain")

    def take_apart(self, chunk: Samples, queries: Sequence[str]) -> Mapping[str, Samples]:
        """See `Separator.take_apart`. Raises NotFoundError or UnsupportedError for weights that cannot be used."""
        wanted = list(dict.fromkeys(queries)) or suggested(chunk, self.sample_rate_hz)
        padded = np.pad(chunk, (0, max(0, SHORTEST - len(chunk))))
        return {query: self._taken(padded, query)[: len(chunk)] for query in wanted}

    def _taken(self, chunk: Samples, query: str) -> Samples:
        taken = self._network.run(chunk, self._of_text(query))
        if not np.isfinite(taken).all():
            raise UnsupportedError(f"the separator {self.name!r} is broken: it gives NaN; fetch {FILE} again")
        return taken

    def _of_text(self, query: str) -> Samples:
        if query not in self._texts:
            vector = self._tower.of_query(query)
            if len(vector) != self._network.condition:
                what = f"gives {len(vector)} numbers for a text, and the separator wants {self._network.condition}"
                raise UnsupportedError(f"the CLAP model {what}; set EARSHOT_CLAP to laion/larger_clap_general")
            self._texts[query] = vector
        return self._texts[query]

    def _check(self) -> Path:
        """Where the file is. Raises NotFoundError with the next step if it is not there."""
        path = self.settings.audiosep
        if path is None:
            what = f"separator 'audiosep' needs its weights; get {FILE} from its authors (Audio-AGI/AudioSep)"
            raise NotFoundError(f"{what} and set EARSHOT_AUDIOSEP to the file")
        if not path.expanduser().is_file():
            raise NotFoundError(f"there is no file {path}; set EARSHOT_AUDIOSEP to the weights of AudioSep")
        return path.expanduser()

    @cached_property
    def _network(self) -> Network:
        return _resunet.read_network(self._check()).to(device.choose(self.settings.device).name)

    @cached_property
    def _tower(self) -> QueryTower:
        return QueryTower(self.settings)

    @cached_property
    def _texts(self) -> dict[str, Samples]:
        return {}


BACKEND = AudiosepSeparator
