"""Reads the folder of a CoNeTTE model: config.json beside model.safetensors or pytorch_model.bin. No code in it is run.

Only tensors and plain values are taken from a file. A pickle that asks for anything more is refused before it gets it.
"""

import io
import json
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from core.errors import NotFoundError, UnsupportedError

CONFIG, SAFE, PICKLED = "config.json", "model.safetensors", "pytorch_model.bin"
NEEDS = (CONFIG, f"{SAFE}|{PICKLED}")
"""What a folder must hold, as `core.weights.find` takes it."""

PACKED = "_extra_state_"  # bytes of a pickle: what the package saves beside its tensors
TOKENIZER = "model.tokenizers.0._extra_state"
OTHER_NAMES = {"gamma": "scale_layer"}  # names that ConvNeXt's own files have for the same weights


def read_config(folder: Path) -> dict[str, Any]:
    """What config.json says. Raises NotFoundError if it is not there, UnsupportedError if it is no such file."""
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    except OSError as problem:
        raise NotFoundError(f"the model in {folder} has no {CONFIG} that can be read; copy it there") from problem
    except ValueError as problem:
        raise UnsupportedError(f"{folder / CONFIG} is damaged; fetch the model again") from problem
    if not isinstance(config, dict):
        raise UnsupportedError(f"{folder / CONFIG} is not the configuration of a model; fetch the model again")
    return config


def read_weights(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors of a model by name, float32 where they are of floats, and by name what else its file holds.

    Raises NotFoundError if there is no file of weights, UnsupportedError if it is damaged or would run code.
    """
    path = next((folder / name for name in (SAFE, PICKLED) if (folder / name).is_file()), None)
    if path is None:
        raise NotFoundError(f"the model in {folder} has neither {SAFE} nor {PICKLED}; copy one of them there")
    held = _load(path)
    tensors = {name: value for name, value in held.items() if isinstance(value, Tensor) and name != PACKED}
    rest = {name: value for name, value in held.items() if name not in tensors}
    return {_official(name): _as_float32(value) for name, value in tensors.items()}, rest


def tokenizer_state(folder: Path, config: Mapping[str, Any], rest: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The saved state of the tokenizer: from config.json, else from what lies beside the tensors; None if nowhere.

    Raises UnsupportedError if it lies in a pickle that is damaged or would run code.
    """
    state = config.get("tokenizer_state") or rest.get(TOKENIZER)
    if state is None and isinstance(rest.get(PACKED), Tensor):
        state = _unpacked(folder, rest[PACKED]).get(TOKENIZER)
    return state if isinstance(state, Mapping) else None


def _load(path: Path) -> dict[str, Any]:
    try:
        if path.name == SAFE:
            from safetensors.torch import load_file

            return dict(load_file(path))
        held = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as problem:
        raise _holds_code(path) from problem
    except Exception as problem:  # a damaged file: each library has errors of its own for it
        raise UnsupportedError(f"{path} is damaged ({type(problem).__name__}); fetch the model again") from problem
    if not isinstance(held, Mapping):
        raise UnsupportedError(f"{path} holds no weights by name; fetch the model again")
    return dict(held)


def _unpacked(folder: Path, packed: Tensor) -> dict[str, Any]:
    try:
        held = _PlainUnpickler(io.BytesIO(bytes(packed.tolist()))).load()
    except pickle.UnpicklingError as problem:
        raise _holds_code(folder) from problem
    except Exception as problem:  # bytes that are no pickle may end in nearly any error
        raise UnsupportedError(f"the vocabulary of {folder} is damaged; fetch the model again") from problem
    return held if isinstance(held, dict) else {}


class _PlainUnpickler(pickle.Unpickler):
    """Reads numbers, texts, lists and dictionaries. Whatever would need a class or a function is refused."""

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        raise pickle.UnpicklingError(f"{module_name}.{global_name}")


def _holds_code(path: Path) -> UnsupportedError:
    return UnsupportedError(
        f"{path} holds more than weights and plain values, and code of a model is never run; fetch its {SAFE}"
    )


def _official(name: str) -> str:
    return ".".join(OTHER_NAMES.get(part, part) for part in name.split("."))


def _as_float32(tensor: Tensor) -> Tensor:
    return tensor.float() if tensor.is_floating_point() else tensor
