"""What all ears share whose model transformers reads from a folder: finding, fetching, testing, hashing and loading it.

Does not know what such a model hears, what it is fed with or what becomes of its numbers: each of the ears does.
"""

import importlib.util
import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from core import device, known_weights, selftest, weights
from core.embedding.base import Embedder
from core.errors import EarshotError, MissingDependencyError, UnsupportedError
from core.records import Progress

CONFIG, SAFE, PICKLED = "config.json", "model.safetensors", "pytorch_model.bin"
FRONT_ENDS = ("preprocessor_config.json", "processor_config.json")
NEEDS = (CONFIG, f"{SAFE}|{PICKLED}", "|".join(FRONT_ENDS))
"""What the folder of a model must hold, as `core.weights.find` takes it."""


class PretrainedEmbedder(Embedder):
    """Ears with a model that others trained. Nothing of it is read before it is needed."""

    kind: ClassVar[str]
    """The model's kind, by which its configuration, the setting that chooses it and the ears are called alike."""

    title: ClassVar[str]
    """The kind as people write it."""

    needs: ClassVar[Sequence[str]] = NEEDS
    of_no_weight: ClassVar[tuple[str, ...]] = ()
    """Ends of the names of weights that are not missed."""

    def prepare(self) -> Iterator[Progress]:
        """See `Embedder.prepare`."""
        yield from self.fetch()
        selftest.check_once(self, self._device.name)

    def fetch(self) -> Iterator[Progress]:
        """Fetches what is missing of the model: the first half of `prepare`."""
        self._check_installed()
        yield from weights.fetch(self._chosen, self.settings, (CONFIG,))
        self._read_config()  # another kind of model is noticed before its weights are fetched
        yield from weights.fetch(self._chosen, self.settings, self.needs)

    @property
    def model_name(self) -> str:
        """The model's name without its owner; a folder of the hub's cache is called after the model it holds."""
        path = Path(self._chosen).expanduser()
        if path.parent.name == "snapshots":
            return path.parent.parent.name.rpartition("--")[2]
        return path.name or path.resolve().name

    def _check_installed(self) -> None:
        for package in ("torch", "transformers"):
            if importlib.util.find_spec(package) is None:
                what = f"embedder {self.kind!r} needs the package {package}"
                raise MissingDependencyError(f"{what}; install it with: pip install 'earshot[models]'")

    def _hash(self, names: Sequence[str], extra: str) -> str:
        """A short hash of those of the model's files that are there, and of a text that says what is done with them."""
        paths = [self._folder / name for name in names]
        return known_weights.hash_of(self.settings, *(path for path in paths if path.is_file()), extra=extra)

    def _load(self, model_class: Any, **options: Any) -> Any:
        """The model, whole and on its device. Raises UnsupportedError for files that are damaged or lack weights."""
        with self._reading(self._weights.name):
            model, told = model_class.from_pretrained(
                self._folder,
                dtype=self._device.dtype,
                local_files_only=True,
                weights_only=True,
                output_loading_info=True,
                **options,
            )
        lacking = sorted(name for name in told["missing_keys"] if not name.endswith(self.of_no_weight))
        if lacking:  # the library would fill them with random numbers
            what = f"lacks {len(lacking)} of its weights ({lacking[0]}...)"
            raise UnsupportedError(f"{self._weights} {what}; fetch the model again")
        return model.eval().to(self._device.name)

    @contextmanager
    def _reading(self, what: str) -> Iterator[None]:
        """Keeps the library quiet and turns its errors, of which every kind of damage has its own, into one of ours."""
        from transformers.utils import logging as told

        level, bars = told.get_verbosity(), told.is_progress_bar_enabled()
        told.set_verbosity(logging.CRITICAL)
        told.disable_progress_bar()
        try:
            yield
        except EarshotError:
            raise
        except Exception as problem:
            model = f"the {self.title} model in {self._folder}"
            why = f"the {what} of {model} cannot be read ({type(problem).__name__})"
            raise UnsupportedError(f"{why}; fetch its files again") from problem
        finally:
            told.set_verbosity(level)
            if bars:
                told.enable_progress_bar()

    @property
    def _chosen(self) -> str:
        """The model of the settings: an id on the hub, or a folder."""
        return str(getattr(self.settings, self.kind))

    def _find(self, *needs: str) -> Path:
        return weights.find(self._chosen, self.settings, needs)

    @cached_property
    def _folder(self) -> Path:
        """Where the model is, whole. One of another kind is told by what it is, not by what it lacks."""
        self._read_config()
        return self._find(*self.needs)

    @property
    def _weights(self) -> Path:
        safe, pickled = self._folder / SAFE, self._folder / PICKLED
        return pickled if pickled.is_file() and not safe.is_file() else safe

    @cached_property
    def _config(self) -> dict[str, Any]:
        return self._read_config()

    def _read_config(self) -> dict[str, Any]:
        """The model's configuration. Raises UnsupportedError for that of another kind."""
        folder = self._find(CONFIG)
        config = read_json(folder / CONFIG)
        kind = config.get("model_type")
        if kind != self.kind:
            found = f"a {kind!r} model" if kind else "no model that is known"
            setting = f"EARSHOT_{self.kind.upper()}"
            raise UnsupportedError(f"{folder} holds {found}, not a {self.title}; set {setting} to one")
        return config

    @cached_property
    def _device(self) -> device.Device:
        return device.choose(self.settings.device)


def read_json(path: Path) -> dict[str, Any]:
    """The names and values in a file of a model, none if it holds no such. Raises UnsupportedError if it is damaged."""
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as problem:
        raise UnsupportedError(f"{path} is damaged; fetch the model again") from problem
    return read if isinstance(read, dict) else {}
