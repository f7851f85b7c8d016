"""The ears `vggish`: Google's VGGish as it was given out with AudioSet, 128 numbers for every 0.96 s (`core.vggish`).

Their two files (Apache-2.0) come from the port harritaylor/torchvggish; each bears the first eight hex digits of its
SHA-256 in its name, and is used only if they are true.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from core import device, known_weights, selftest, vggish, weights
from core.embedding.base import Embedder, Heard, check_clips, pooled_groups
from core.errors import NotFoundError, UnsupportedError
from core.records import Progress, Samples, Vectors
from core.vggish import DIM, EXAMPLE, RATE_HZ, Network, Whitening

RELEASE = "https://github.com/harritaylor/torchvggish/releases/download/v0.1"
NETWORK = "vggish-10086976.pth"
WHITENING = "vggish_pca_params-970ea276.pth"
SILENT = 1e-6  # of full scale, -120 dB: what is nowhere louder is silence


class VggishEmbedder(Embedder):
    """Hears the original's examples: windows of 0.975 s, which 96 frames take up, one every 0.96 s.

    A sound shorter than that is filled up with silence. Beyond the original, the last window ends with the sound, so
    that nothing of it is left unheard; and a silent window gets a zero row.
    """

    name = "vggish"
    version = "torchvggish-0.1"
    dim = DIM
    sample_rate_hz: ClassVar[int] = RATE_HZ
    window_s: ClassVar[float] = EXAMPLE / RATE_HZ
    hop_s: ClassVar[float] = 0.96
    most_processes: ClassVar[int | None] = 4  # each holds all of the weights: more than half a gigabyte

    def prepare(self) -> Iterator[Progress]:
        """See `Embedder.prepare`. Nothing is fetched where the settings name a folder."""
        vggish.import_torch()
        if self.settings.vggish is None:
            for name in (NETWORK, WHITENING):
                yield from weights.fetch_file(f"{RELEASE}/{name}", _promised(name), self._folder / name, self.settings)
        selftest.check_once(self, self._device.name)

    def hear(self, clips: Sequence[Samples]) -> Heard:
        """See `Embedder.hear`. A vector is the raw embedding of its window, brought to norm 1; there are no tags."""
        vectors = pooled_groups(self.raw(clips), np.ones(len(clips), np.int64))
        return Heard(vectors, np.zeros((len(clips), 0), np.float32))

    def raw(self, clips: Sequence[Samples]) -> Vectors:
        """Embeddings as the network gives them, float32 (n, dim), none of them negative; zeros for silence.

        clips: as for `hear`. Raises AudioError for a clip that cannot be heard, UnsupportedError for broken weights.
        """
        check_clips(clips)
        network = self._network
        rows = np.zeros((len(clips), self.dim), np.float32)
        loud = [place for place, clip in enumerate(clips) if np.abs(clip).max() > SILENT]
        if loud:
            padded = [np.pad(clips[place], (0, EXAMPLE - len(clips[place]))) for place in loud]
            rows[loud] = device.in_batches(
                padded, self._device.rows, lambda batch: network.run(np.stack([vggish.picture(clip) for clip in batch]))
            )
        if not np.isfinite(rows).all():
            raise UnsupportedError(f"the ears {self.name!r} are broken: embeddings are not finite; {selftest.BROKEN}")
        return rows

    def post(self, rows: Vectors) -> NDArray[np.uint8]:
        """What AudioSet's post-processing makes of raw embeddings, (n, dim) (`core.vggish.Whitening`).

        Raises NotFoundError with the next step if its constants are not on this machine.
        """
        return self._whitening.post(rows)

    def weights_hash(self) -> str:
        """The first 16 hex digits of the SHA-256 of the network's file; the post-processing is in no stored vector."""
        return self._checked_network[1]

    @property
    def _folder(self) -> Path:
        named = self.settings.vggish
        return self.settings.models / "vggish" if named is None else named.expanduser()

    @cached_property
    def _checked_network(self) -> tuple[Path, str]:
        return self._checked(NETWORK)

    @cached_property
    def _device(self) -> device.Device:
        return device.choose(self.settings.device)

    @cached_property
    def _network(self) -> Network:
        network = vggish.read_network(self._checked_network[0])
        return network.to(self._device.name)

    @cached_property
    def _whitening(self) -> Whitening:
        return vggish.read_whitening(self._checked(WHITENING)[0])

    def _checked(self, published: str) -> tuple[Path, str]:
        """A file and its hash. Raises NotFoundError if it is not there, or is not what its name says."""
        path = self._find(published)
        found = known_weights.hash_of(self.settings, path)
        if not found.startswith(_promised(path.name)):
            told = f"its hash begins with {found[:8]}, not {_promised(path.name)}"
            raise NotFoundError(f"{path} is damaged or another file ({told}); remove it and fetch it again")
        return path, found

    def _find(self, published: str) -> Path:
        """Where a published file lies; in a folder of the settings it may bear another hash in its name."""
        folder, stem = self._folder, published.rpartition("-")[0]
        if (folder / published).is_file():
            return folder / published
        if self.settings.vggish is None:
            offline = "nothing may be fetched (offline), so put it there yourself"
            told = offline if self.settings.offline else "an ingest with these ears fetches it"
            raise NotFoundError(f"VGGish's file {published} is not in {folder} yet; {told}")
        own = re.compile(rf"{re.escape(stem)}-[0-9a-f]{{8}}\.pth")
        found = sorted(path for path in folder.glob(f"{stem}-*.pth") if own.fullmatch(path.name))
        if len(found) > 1:
            raise NotFoundError(f"{folder} holds {len(found)} files {stem}-*.pth; leave only one of them there")
        if not found:
            raise NotFoundError(f"{folder} holds no {published}; copy it there from {RELEASE}")
        return found[0]


def _promised(name: str) -> str:
    """The digits in a name that the SHA-256 of the file begins with."""
    return Path(name).stem.rpartition("-")[2]


BACKEND = VggishEmbedder
