"""A CoNeTTE model that is ready to write: network, words, tasks and the rules of its search, from one folder."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor

from core.conette import checkpoint
from core.conette.decoding import Hypothesis, Rules, search
from core.conette.network import DECODER, ENCODER, POSITIONS, PROJECTION, RATE_HZ, SIZED, Encoded, Geometry, Network
from core.conette.vocabulary import Vocabulary, read_vocabulary
from core.errors import UnknownNameError, UnsupportedError
from core.records import Samples

SHORTEST = RATE_HZ  # samples; a shorter sound is filled up with zeros. The model learned from sounds of 1 to 30 s.
LISTED = 8  # names of missing weights in a message
TASK_STARTS, NOT_TWICE = "model.task_id_to_token_id", "model.forbid_rep_mask"
TASKS = (
    "clotho",
    "audiocaps",
    "macs",
    "wavcaps_audioset_sl",
    "wavcaps_bbc_sound_effects",
    "wavcaps_freesound",
    "wavcaps_soundbible",
)
DEFAULTS = {"nhead": 8, "beam_size": 3, "min_pred_size": 3, "max_pred_size": 20}
LIMITS = {"nhead": (1, 256), "beam_size": (1, 32), "min_pred_size": (0, 100), "max_pred_size": (1, 100)}
"""What a configuration may ask for; one that is damaged would otherwise keep a machine busy for hours."""


@dataclass(frozen=True, slots=True)
class Described:
    """What a model writes of one sound.

    text: the likeliest caption; empty, with a score of minus infinity, if none is possible. score: its mean
    log-probability of a token. hypotheses: all that the search ended with, the likeliest first.
    """

    text: str
    score: float
    hypotheses: Sequence[Hypothesis]


@dataclass(frozen=True, slots=True)
class Conette:
    """starts: the first token of a caption, by task; empty for a model without tasks."""

    network: Network
    vocabulary: Vocabulary
    starts: Mapping[str, int]
    rules: Rules
    device: str

    @classmethod
    def read(cls, folder: Path, device: str = "cpu") -> Self:
        """The model in a folder. Raises NotFoundError or UnsupportedError in one sentence if it cannot be used."""
        config = checkpoint.read_config(folder)
        state, rest = checkpoint.read_weights(folder)
        network = _network(folder, config, state)
        tasks = _tasks(config)
        vocabulary = _vocabulary(folder, checkpoint.tokenizer_state(folder, config, rest), tasks, len(state[NOT_TWICE]))
        tokens = state[TASK_STARTS].tolist() if tasks else []
        if len(tokens) != len(tasks) or not all(0 <= token < len(vocabulary.words) for token in tokens):
            raise _unusable(folder, f"names {len(tasks)} tasks, but its weights begin {len(tokens)}")
        sizes = {name: _whole(folder, config, name) for name in ("beam_size", "min_pred_size", "max_pred_size")}
        most = min(sizes["max_pred_size"], len(state[POSITIONS]))
        rules = Rules(vocabulary.end, state[NOT_TWICE].bool(), sizes["beam_size"], sizes["min_pred_size"], most)
        return cls(network.to(device), vocabulary, dict(zip(tasks, tokens, strict=True)), rules, device)

    def start(self, task: str) -> int:
        """The token that a caption in the manner of a task begins with. Raises UnknownNameError listing the tasks."""
        if not self.starts:
            return self.vocabulary.start()
        if task not in self.starts:
            known = ", ".join(self.starts)
            raise UnknownNameError(
                f"this CoNeTTE model has no task {task!r}; set EARSHOT_CONETTE_TASK to one of: {known}"
            )
        return self.starts[task]

    def encode(self, sounds: Sequence[Samples]) -> Encoded:
        """Frames and tags of mono sounds at 32 kHz, padded to the longest of them and to a second."""
        with torch.inference_mode():
            waves = torch.zeros(len(sounds), max(SHORTEST, *map(len, sounds)))
            for row, sound in zip(waves, sounds, strict=True):
                row[: len(sound)] = torch.from_numpy(sound)
            return self.network.encode(waves.to(self.device), [len(sound) for sound in sounds])

    def describe(self, encoded: Encoded, task: str) -> list[Described]:
        """What is heard in encoded sounds, in the manner of a task; one for each."""
        start = self.start(task)
        with torch.inference_mode():
            return [self._describe(self.network.memory(encoded, place), start) for place in range(len(encoded.counts))]

    def _describe(self, memory: Tensor, start: int) -> Described:
        def next_logits(prefixes: Tensor) -> Tensor:
            return self.network.next_logits(memory, prefixes.to(self.device))

        found = search(next_logits, start, self.rules)
        if not found:
            return Described("", -math.inf, [])
        return Described(self.vocabulary.text(found[0].tokens), found[0].score, found)


def _network(folder: Path, config: Mapping[str, Any], state: Mapping[str, Tensor]) -> Network:
    activation, heads = config.get("acti_name", "gelu"), _whole(folder, config, "nhead")
    if activation not in ("gelu", "relu"):
        raise _unusable(folder, f"has the activation {activation!r}, where gelu and relu are known")
    if lacking := [name for name in (*SIZED, TASK_STARTS, NOT_TWICE) if name not in state]:
        raise _lacks(folder, lacking)
    try:
        geometry = Geometry.of(state, heads, activation)
    except ValueError as problem:
        raise _unusable(folder, "has weights of other shapes") from problem
    if state[NOT_TWICE].shape != (geometry.vocabulary,) or state[TASK_STARTS].ndim != 1:
        raise _unusable(folder, "has weights of other shapes")
    if geometry.width % heads:
        raise _unusable(folder, f"shares a width of {geometry.width} among {heads} heads")
    with torch.device("meta"):
        network = Network(geometry)
    known = network.state_dict().keys()
    if lacking := sorted(known - state.keys()):
        raise _lacks(folder, lacking)
    foreign = [name for name in state if name not in known and _is_ours(name)]
    if foreign:
        raise _unusable(folder, f"has weights that are not known here ({_listed(sorted(foreign))})")
    try:
        network.load_state_dict({name: state[name] for name in known}, assign=True)
    except RuntimeError as problem:  # torch lists every shape that does not fit, in many lines
        raise _unusable(folder, "has weights of other shapes") from problem
    network.eval().requires_grad_(False)
    return network


def _is_ours(name: str) -> bool:
    """Whether a weight belongs to a part that is computed here; its transform is computed, not read."""
    return name.startswith((f"{ENCODER}.", f"{DECODER}.", f"{PROJECTION}.")) and not name.startswith(
        f"{ENCODER}.spectrogram_extractor."
    )


def _tasks(config: Mapping[str, Any]) -> list[str]:
    if config.get("task_mode", "ds_src") == "none":
        return []
    return [str(task) for task in config.get("task_names") or TASKS]


def _vocabulary(folder: Path, saved: Mapping[str, Any] | None, tasks: Sequence[str], n_words: int) -> Vocabulary:
    if saved is None:
        raise _unusable(folder, "holds no vocabulary, neither in config.json nor beside its weights")
    try:
        vocabulary = read_vocabulary(saved, tasks, n_words)
        if not tasks:
            vocabulary.start()
    except (ValueError, StopIteration) as problem:
        raise _unusable(folder, f"has a vocabulary that {problem or 'lists no <bos>'}") from problem
    return vocabulary


def _whole(folder: Path, config: Mapping[str, Any], name: str) -> int:
    value = config.get(name)
    value = DEFAULTS[name] if value is None else value
    low, high = LIMITS[name]
    if type(value) is not int or not low <= value <= high:
        raise _unusable(folder, f"has {name} {value!r}, where {low} to {high} is possible")
    return value


def _lacks(folder: Path, names: Sequence[str]) -> UnsupportedError:
    return _unusable(folder, f"lacks {len(names)} of its weights ({_listed(names)})")


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + more


def _unusable(folder: Path, what: str) -> UnsupportedError:
    return UnsupportedError(
        f"the CoNeTTE model in {folder} {what}; fetch it again, or choose another in EARSHOT_CONETTE"
    )
