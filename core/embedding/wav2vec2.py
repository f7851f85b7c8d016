"""The ears `wav2vec2`: a network that learned from unlabelled speech, and heads that a person's labels taught upon it.

Source: Baevski et al., wav2vec 2.0 (2020, arXiv 2006.11477), in the form that transformers reads (Apache-2.0). Bare, it
is poor at sounds that are no speech: most of what it hears is shared by all of them. A head (`core.heads`) finds what
tells them apart.
"""

import hashlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from core import device, heads, selftest
from core.embedding._pretrained import CONFIG, FRONT_ENDS, PretrainedEmbedder, read_json
from core.embedding.base import Heard, check_clips
from core.errors import UnsupportedError
from core.heads import Head, Rows
from core.records import Progress, Samples
from core.settings import Settings

VERSION = "1"  # of what is done here; another one is another space
OF_NO_WEIGHT = "masked_spec_embed"  # it stands where sound was hidden in the training; nothing is hidden here
KERNELS, STRIDES = (10, 3, 3, 3, 3, 2, 2), (5, 2, 2, 2, 2, 2, 2)  # where the configuration is silent, as the paper
SILENT = 1e-6  # of full scale, -120 dB: what moves nowhere more is silence
LEAST_POWER = 1e-7  # added to that of a clip before it is divided by; so transformers does it


class Wav2Vec2Embedder(PretrainedEmbedder):
    """Hears windows of 5 s side by side. "wav2vec2" is the bare model, "wav2vec2:birds" has the head "birds" upon it.

    The vector of the bare model is the mean and the standard deviation over frames (one every 20 ms) of its last layer,
    one after the other. Five seconds are what it can take in on a processor in about the time of a breath, hold most
    single events whole, and lie within the lengths it was taught with (2 to 15 s); its mean over frames makes overlap
    needless.
    """

    kind = "wav2vec2"
    title = "Wav2Vec2"
    of_no_weight = (OF_NO_WEIGHT,)
    sample_rate_hz: ClassVar[int] = 16_000
    window_s: ClassVar[float] = 5.0
    hop_s: ClassVar[float] = 5.0
    has_variants: ClassVar[bool] = True
    most_processes: ClassVar[int | None] = 4  # each takes 0.9 GB

    def __init__(self, settings: Settings | None = None, variant: str = "") -> None:
        super().__init__(settings, variant)
        self.name = f"wav2vec2:{variant}" if variant else "wav2vec2"
        if variant:
            heads.folder_of(self.settings, variant)  # raises for what cannot be a name

    @property
    def version(self) -> str:  # type: ignore[override]  # it depends on the model of the settings
        """The name of the model, what is made of its frames, and whether a head follows."""
        return f"{self.model_name}-mean-std-{VERSION}" + (f"-head-{heads.FORMAT}" if self.variant else "")

    @property
    def dim(self) -> int:  # type: ignore[override]  # read from the model's configuration, or from the head
        """Numbers in a vector. Raises NotFoundError if the model is not on this machine."""
        return self._head.dim if self._head else self.n_statistics

    @property
    def n_statistics(self) -> int:
        """Numbers in a row of `statistics`: two for each channel of the last layer."""
        return 2 * int(self._config.get("hidden_size", 768))

    @property
    def rows(self) -> int:
        """Clips that are heard at a time; more of one length at once are heard sooner where this is above 1."""
        return self._device.rows

    def prepare(self) -> Iterator[Progress]:
        """See `Embedder.prepare`. Raises UnknownNameError for a head that is not there, before anything is fetched."""
        if self.variant:
            heads.read_file(self.settings, self.variant)
        yield from super().prepare()

    def hear(self, clips: Sequence[Samples]) -> Heard:
        """See `Embedder.hear`. There are no tags.

        Raises UnknownNameError for a head that is not there, and UnsupportedError for one that was taught on another
        model, or for a model that is damaged or no Wav2Vec2.
        """
        vectors = np.zeros((len(clips), self.dim), np.float32)
        statistics = self.statistics(clips)
        loud = statistics.any(axis=1)
        vectors[loud] = self._head.vectors(statistics[loud]) if self._head else heads.unit(statistics[loud])
        return Heard(vectors, np.zeros((len(clips), 0), np.float32))

    def statistics(self, clips: Sequence[Samples]) -> Rows:
        """What the bare model hears, before it is brought to norm 1: float32 (n_clips, n_statistics), 0 for silence."""
        self._check_installed()
        check_clips(clips)
        heard = np.zeros((len(clips), self.n_statistics), np.float32)
        loud = [place for place, clip in enumerate(clips) if np.ptp(clip) > SILENT]  # nobody hears a constant
        if loud:
            heard[loud] = device.in_batches([self._ready(clips[place]) for place in loud], self.rows, self._run)
        return heard

    def weights_hash(self) -> str:
        """See `Embedder.weights_hash`: of the bare model, and of the head if there is one.

        A file of 0.4 GB takes a second, once (`core.known_weights`).
        """
        backbone = self.backbone_hash()
        if not self.variant:
            return backbone
        return hashlib.sha256(backbone.encode() + self._head_file).hexdigest()[:16]

    def backbone_hash(self) -> str:
        """A short hash of the bare model's files and of what is done here with them: what a head is taught upon."""
        names = (self._weights.name, CONFIG, self._front_end.name)
        return self._hash(names, repr((VERSION, self.window_s, self.hop_s, SILENT)))

    def _ready(self, clip: Samples) -> Samples:
        """A clip as the model wants it: at one level if it was taught so, and no shorter than what a frame looks at."""
        if self._evens_level:
            clip = (clip - clip.mean()) / np.sqrt(clip.var() + np.float32(LEAST_POWER))
        return np.pad(clip, (0, max(0, self._field - len(clip))))

    def _run(self, batch: Rows) -> Rows:
        """The mean and the standard deviation over frames, (n, n_statistics), of clips of one length, (n, n_samples).

        No frame is masked: a mask would only tell sound from padding, and there is none within clips of one length.
        """
        import torch

        with torch.inference_mode():
            frames = self._model(torch.from_numpy(batch).to(self._device.name, self._device.dtype)).last_hidden_state
            frames = frames.float()
            rows: Rows = torch.cat([frames.mean(dim=1), frames.std(dim=1, correction=0)], dim=1).cpu().numpy()
        if not np.isfinite(rows).all():
            raise UnsupportedError(f"the ears {self.name!r} are broken: vectors of sounds hold NaN; {selftest.BROKEN}")
        return rows

    @property
    def _front_end(self) -> Path:
        return next(self._folder / name for name in FRONT_ENDS if (self._folder / name).is_file())

    @cached_property
    def _field(self) -> int:
        """Samples that one frame looks at: 400 for all models known, 25 ms."""
        field = 1
        kernels, strides = self._config.get("conv_kernel", KERNELS), self._config.get("conv_stride", STRIDES)
        for kernel, stride in reversed(list(zip(kernels, strides, strict=True))):
            field = (field - 1) * stride + kernel
        return int(field)

    @cached_property
    def _evens_level(self) -> bool:
        """Whether the model was taught with clips of mean zero and variance one."""
        path = self._front_end
        front_end = read_json(path)
        front_end = front_end.get("feature_extractor", front_end)
        rate_hz = front_end.get("sampling_rate", self.sample_rate_hz)
        if rate_hz != self.sample_rate_hz:
            what = f"the model in {path.parent} hears {rate_hz} Hz, not {self.sample_rate_hz}"
            raise UnsupportedError(f"{what}; set EARSHOT_WAV2VEC2 to another")
        return bool(front_end.get("do_normalize", True))

    @cached_property
    def _head_file(self) -> bytes:
        """Read once: a training that ends meanwhile must not give the hash of one head and the vectors of another."""
        return heads.read_file(self.settings, self.variant)

    @cached_property
    def _head(self) -> Head | None:
        if not self.variant:
            return None
        return heads.read_head(self._head_file, self.variant, self.backbone_hash(), self.n_statistics)

    @cached_property
    def _model(self) -> Any:
        from transformers.models.wav2vec2.modeling_wav2vec2 import Wav2Vec2Model

        # The adapter shortens speech for a translator, and what is needed here is below it.
        return self._load(Wav2Vec2Model, add_adapter=False)


BACKEND = Wav2Vec2Embedder
