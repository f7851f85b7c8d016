"""The ears `wav2vec2`: a network that learned from unlabelled speech, and heads that a person's labels taught upon it.

Source: Baevski et al., wav2vec 2.0 (2020, arXiv 2006.11477), in the form that transformers reads (Apache-2.0). Bare, it
is poor at sounds that are no speech: most of what it hears is shared by all of them. A head (`core.heads`) finds what
tells them apart.
"""

import hashlib
import importlib.util
import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from core import device, heads, selftest, weights
from core.embedding.base import Embedder, Heard, check_clips
from core.errors import EarshotError, MissingDependencyError, UnsupportedError
from core.heads import Head, Rows
from core.records import Progress, Samples
from core.settings import Settings

CONFIG, SAFE, PICKLED = "config.json", "model.safetensors", "pytorch_model.bin"
FRONT_ENDS = ("preprocessor_config.json", "processor_config.json")
NEEDS = (CONFIG, f"{SAFE}|{PICKLED}", "|".join(FRONT_ENDS))
"""What the folder of a model must hold, as `core.weights.find` takes it."""

VERSION = "1"  # of what is done here; another one is another space
OF_NO_WEIGHT = "masked_spec_embed"  # it stands where sound was hidden in the training; nothing is hidden here
KERNELS, STRIDES = (10, 3, 3, 3, 3, 2, 2), (5, 2, 2, 2, 2, 2, 2)  # where the configuration is silent, as the paper
SILENT = 1e-6  # of full scale, -120 dB: what moves nowhere more is silence
LEAST_POWER = 1e-7  # added to that of a clip before it is divided by; so transformers does it


class Wav2Vec2Embedder(Embedder):
    """Hears windows of 5 s side by side. "wav2vec2" is the bare model, "wav2vec2:birds" has the head "birds" upon it.

    The vector of the bare model is the mean and the standard deviation over frames (one every 20 ms) of its last layer,
    one after the other. Five seconds are what it can take in on a processor in about the time of a breath, hold most
    single events whole, and lie within the lengths it was taught with (2 to 15 s); its mean over frames makes overlap
    needless.
    """

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
    def model_name(self) -> str:
        """The model's name without its owner; a folder of the hub's cache is called after the model it holds."""
        path = Path(self.settings.wav2vec2).expanduser()
        if path.parent.name == "snapshots":
            return path.parent.parent.name.rpartition("--")[2]
        return path.name or path.resolve().name

    @property
    def rows(self) -> int:
        """Clips that are heard at a time; more of one length at once are heard sooner where this is above 1."""
        return self._device.rows

    def prepare(self) -> Iterator[Progress]:
        """See `Embedder.prepare`. Raises UnknownNameError for a head that is not there, before anything is fetched."""
        if self.variant:
            heads.read_file(self.settings, self.variant)
        yield from self.fetch()
        selftest.check(self)

    def fetch(self) -> Iterator[Progress]:
        """Fetches what is missing of the bare model; the first half of `prepare`, and all that a training needs."""
        _check_installed()
        yield from weights.fetch(self.settings.wav2vec2, self.settings, (CONFIG,))
        assert self._config  # another kind of model is noticed before its weights are fetched
        yield from weights.fetch(self.settings.wav2vec2, self.settings, NEEDS)

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
        _check_installed()
        check_clips(clips)
        heard = np.zeros((len(clips), self.n_statistics), np.float32)
        loud = [place for place, clip in enumerate(clips) if np.ptp(clip) > SILENT]  # nobody hears a constant
        if loud:
            heard[loud] = device.in_batches([self._ready(clips[place]) for place in loud], self.rows, self._run)
        return heard

    def weights_hash(self) -> str:
        """See `Embedder.weights_hash`: of the bare model, and of the head if there is one.

        A file of 0.4 GB takes a second, once per process.
        """
        backbone = self.backbone_hash()
        if not self.variant:
            return backbone
        return hashlib.sha256(backbone.encode() + self._head_file).hexdigest()[:16]

    def backbone_hash(self) -> str:
        """A short hash of the bare model's files and of what is done here with them: what a head is taught upon."""
        folder = self._folder
        paths = [path for path in (_weights_of(folder), folder / CONFIG, _front_end_of(folder)) if path.is_file()]
        stamps = tuple((path, path.stat().st_size, path.stat().st_mtime_ns) for path in paths)
        return _hashed(stamps, repr((VERSION, self.window_s, self.hop_s, SILENT)))

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

    @cached_property
    def _config(self) -> dict[str, Any]:
        return _read_config(self._find(CONFIG))

    @cached_property
    def _folder(self) -> Path:
        """Where the model is, whole. One of another kind is told by what it is, not by what it lacks."""
        assert self._config
        return self._find(*NEEDS)

    def _find(self, *needs: str) -> Path:
        return weights.find(self.settings.wav2vec2, self.settings, needs)

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
        path = _front_end_of(self._folder)
        front_end = _read_json(path)
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
    def _device(self) -> device.Device:
        return device.choose(self.settings.device)

    @cached_property
    def _model(self) -> Any:
        from transformers.models.wav2vec2.modeling_wav2vec2 import Wav2Vec2Model

        with _reading(self._folder):
            model, told = Wav2Vec2Model.from_pretrained(
                self._folder,
                dtype=self._device.dtype,
                add_adapter=False,  # it shortens speech for a translator, and what is needed here is below it
                local_files_only=True,
                weights_only=True,
                output_loading_info=True,
            )
        lacking = sorted(name for name in told["missing_keys"] if name != OF_NO_WEIGHT)
        if lacking:  # the library would fill them with random numbers
            what = f"lacks {len(lacking)} of its weights ({lacking[0]}...)"
            raise UnsupportedError(f"{_weights_of(self._folder)} {what}; fetch the model again")
        return model.eval().to(self._device.name)


def _check_installed() -> None:
    for package in ("torch", "transformers"):
        if importlib.util.find_spec(package) is None:
            command = "pip install 'earshot[models]'"
            raise MissingDependencyError(f"embedder 'wav2vec2' needs the package {package}; install it with: {command}")


def _read_config(folder: Path) -> dict[str, Any]:
    """The configuration of a Wav2Vec2 model. Raises UnsupportedError for that of anything else."""
    config = _read_json(folder / CONFIG)
    kind = config.get("model_type")
    if kind != "wav2vec2":
        found = f"a {kind!r} model" if kind else "no model that is known"
        raise UnsupportedError(f"{folder} holds {found}, not a Wav2Vec2; set EARSHOT_WAV2VEC2 to one")
    return config


def _read_json(path: Path) -> dict[str, Any]:
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as problem:
        raise UnsupportedError(f"{path} is damaged; fetch the model again") from problem
    return read if isinstance(read, dict) else {}


def _weights_of(folder: Path) -> Path:
    return next((path for path in (folder / SAFE, folder / PICKLED) if path.is_file()), folder / SAFE)


def _front_end_of(folder: Path) -> Path:
    return next(folder / name for name in FRONT_ENDS if (folder / name).is_file())


@lru_cache(maxsize=8)
def _hashed(stamps: tuple[tuple[Path, int, int], ...], extra: str) -> str:
    """The hash of files that are known by their path, size and time."""
    return weights.hash_of(*(path for path, _, _ in stamps), extra=extra)


@contextmanager
def _reading(folder: Path) -> Iterator[None]:
    """Keeps the library quiet, and turns its errors, of which every kind of damage has its own, into one of ours."""
    from transformers.utils import logging as told

    level, bars = told.get_verbosity(), told.is_progress_bar_enabled()
    told.set_verbosity(logging.CRITICAL)
    told.disable_progress_bar()
    try:
        yield
    except EarshotError:
        raise
    except Exception as problem:
        why = f"the weights of the Wav2Vec2 model in {folder} cannot be read ({type(problem).__name__})"
        raise UnsupportedError(f"{why}; fetch its files again") from problem
    finally:
        told.set_verbosity(level)
        if bars:
            told.enable_progress_bar()


BACKEND = Wav2Vec2Embedder
