"""The layers of CoNeTTE under the names of its published weights: a ConvNeXt that hears, a transformer that writes.

Knows no files, no words and no search. Sources: Liu et al., "A ConvNet for the 2020s" (2022); Pellegrini et al.,
"Adapting a ConvNeXt model to audio classification on AudioSet" (2023). The geometry is the conette package's (MIT).
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn import functional

RATE_HZ = 32_000
N_FFT = 1024
HOP = 320
FLOOR = 1e-10  # power, so -100 dB
STEM = 4  # spectrogram frames and mel bands that one unit of the first layer sees
LAYER_SCALE_EPS = 1e-6
ENCODER, DECODER, PROJECTION = "preprocessor.encoder", "model.decoder", "model.projection"

STEMS = tuple(f"{ENCODER}.downsample_layers.{stage}.{1 if stage else 0}.weight" for stage in range(4))
MEL, HEAD = f"{ENCODER}.logmel_extractor.melW", f"{ENCODER}.head_audioset.weight"
WORDS, HIDDEN = f"{DECODER}.classifier.weight", f"{DECODER}.layers.0.linear1.weight"
POSITIONS = f"{DECODER}.pos_encoding.pos_embedding"
SIZED = (MEL, *STEMS, HEAD, HIDDEN, POSITIONS, WORDS)
"""The weights whose shapes say how large a network is."""


@dataclass(frozen=True, slots=True)
class Geometry:
    """The sizes of a network. All but `heads` and `activation` can be read from the shapes of its weights."""

    mels: int
    widths: tuple[int, ...]
    depths: tuple[int, ...]
    classes: int
    width: int
    hidden: int
    layers: int
    positions: int
    vocabulary: int
    heads: int
    activation: str

    @classmethod
    def of(cls, state: Mapping[str, Tensor], heads: int, activation: str) -> Self:
        """The sizes of some weights; all of `SIZED` must be there. Raises ValueError for shapes of another network."""
        if any(state[name].ndim < 2 for name in SIZED):
            raise ValueError("a weight has too few axes")
        vocabulary, width = state[WORDS].shape
        return cls(
            mels=state[MEL].shape[1],
            widths=tuple(state[name].shape[0] for name in STEMS),
            depths=tuple(_count(state, rf"{ENCODER}.stages.{stage}.(\d+).dwconv.weight") for stage in range(4)),
            classes=state[HEAD].shape[0],
            width=width,
            hidden=state[HIDDEN].shape[0],
            layers=_count(state, rf"{DECODER}.layers.(\d+).linear1.weight"),
            positions=state[POSITIONS].shape[0],
            vocabulary=vocabulary,
            heads=heads,
            activation=activation,
        )


@dataclass(frozen=True, slots=True)
class Encoded:
    """What the encoder makes of some sounds.

    frames: (n_sounds, n_frames, features). counts: how many of the frames of each are its own; the rest comes from
    padding. tags: (n_sounds, 527), the probabilities of the classes of AudioSet.
    """

    frames: Tensor
    counts: Sequence[int]
    tags: Tensor


class Network(nn.Module):  # type: ignore[misc]
    """The whole network, its parts named as in the published weights: `preprocessor.encoder`, `model.decoder`..."""

    def __init__(self, geometry: Geometry) -> None:
        super().__init__()
        self.preprocessor = nn.ModuleDict({"encoder": Encoder(geometry)})
        linear = nn.Linear(geometry.widths[-1], geometry.width)
        projection = nn.Sequential(nn.Identity(), nn.Identity(), linear, nn.ReLU())
        self.model = nn.ModuleDict({"projection": projection, "decoder": Decoder(geometry)})

    def encode(self, waves: Tensor, lengths: Sequence[int]) -> Encoded:
        """Frames and tags of sounds, float32 (n_sounds, n_samples) at 32 kHz, padded with zeros behind `lengths`."""
        encoded: Encoded = self.preprocessor["encoder"](waves, lengths)
        return encoded

    def memory(self, encoded: Encoded, sound: int) -> Tensor:
        """What the decoder sees of one sound: (n_frames, width). The frames of padding are left out.

        Leaving a frame out and forbidding attention to it, as the conette package does, come to the same.
        """
        seen: Tensor = self.model["projection"](encoded.frames[sound, : encoded.counts[sound]])
        return seen

    def next_logits(self, memory: Tensor, prefixes: Tensor) -> Tensor:
        """Logits of the next token, (n_prefixes, vocabulary), for tokens so far, int64 (n_prefixes, length)."""
        logits: Tensor = self.model["decoder"](memory, prefixes)
        return logits


class Encoder(nn.Module):  # type: ignore[misc]
    """ConvNeXt on a log-mel spectrogram: one frame of features for every 320 ms or so."""

    def __init__(self, geometry: Geometry) -> None:
        super().__init__()
        self.logmel_extractor = _holder(melW=torch.zeros(N_FFT // 2 + 1, geometry.mels))
        self.bn0 = nn.BatchNorm2d(geometry.mels)
        stem = nn.Conv2d(1, geometry.widths[0], STEM, STEM, padding=(STEM, 0))
        self.downsample_layers = nn.ModuleList([nn.Sequential(stem, ChannelNorm(geometry.widths[0]))])
        for before, after in zip(geometry.widths, geometry.widths[1:], strict=False):
            self.downsample_layers.append(nn.Sequential(ChannelNorm(before), nn.Conv2d(before, after, 2, 2)))
        sizes = zip(geometry.widths, geometry.depths, strict=True)
        self.stages = nn.ModuleList(nn.Sequential(*[Block(width) for _ in range(depth)]) for width, depth in sizes)
        self.norm = nn.LayerNorm(geometry.widths[-1], eps=LAYER_SCALE_EPS)
        self.head_audioset = nn.Linear(geometry.widths[-1], geometry.classes)

    def forward(self, waves: Tensor, lengths: Sequence[int]) -> Encoded:
        """See `Network.encode`."""
        levels = log_mel(waves, self.logmel_extractor.melW)
        x = self.bn0(levels.transpose(1, 2).unsqueeze(-1)).permute(0, 3, 2, 1)
        for downsample, stage in zip(self.downsample_layers, self.stages, strict=True):
            x = stage(downsample(x))
        frames = x.mean(3)
        tags = self.head_audioset(self.norm(frames.amax(2) + frames.mean(2))).sigmoid()
        counts = own_frames(lengths, waves.shape[1], frames.shape[2])
        return Encoded(frames.transpose(1, 2), counts, tags)


class Block(nn.Module):  # type: ignore[misc]
    """One block of ConvNeXt: what is near in time and pitch, then what belongs together, added to what was there."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.dwconv = nn.Conv2d(width, width, 7, padding=3, groups=width)
        self.norm = nn.LayerNorm(width, eps=LAYER_SCALE_EPS)
        self.pwconv1 = nn.Linear(width, 4 * width)
        self.pwconv2 = nn.Linear(4 * width, width)
        self.scale_layer = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        """(n_sounds, width, time, pitch) to the same shape."""
        inner = self.norm(self.dwconv(x).permute(0, 2, 3, 1))
        inner = self.scale_layer * self.pwconv2(functional.gelu(self.pwconv1(inner)))
        return x + inner.permute(0, 3, 1, 2)


class ChannelNorm(nn.LayerNorm):  # type: ignore[misc]
    """Layer normalisation over the channels of (n_sounds, channels, time, pitch)."""

    def __init__(self, width: int) -> None:
        super().__init__(width, eps=LAYER_SCALE_EPS)

    def forward(self, x: Tensor) -> Tensor:
        """The same shape."""
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Decoder(nn.Module):  # type: ignore[misc]
    """A transformer decoder whose layers normalise after each step, as in Vaswani et al. (2017)."""

    def __init__(self, geometry: Geometry) -> None:
        super().__init__()
        self.emb_layer = nn.Embedding(geometry.vocabulary, geometry.width)
        self.pos_encoding = _holder(pos_embedding=torch.zeros(geometry.positions, 1, geometry.width))
        sizes = (geometry.width, geometry.heads, geometry.hidden)
        layers = (nn.TransformerDecoderLayer(*sizes, 0.0, geometry.activation) for _ in range(geometry.layers))
        self.layers = nn.ModuleList(layers)
        self.classifier = nn.Linear(geometry.width, geometry.vocabulary)

    def forward(self, memory: Tensor, prefixes: Tensor) -> Tensor:
        """See `Network.next_logits`."""
        n_prefixes, length = prefixes.shape
        x = self.emb_layer(prefixes.T) * math.sqrt(memory.shape[1]) + self.pos_encoding.pos_embedding[:length]
        seen = memory.unsqueeze(1).expand(-1, n_prefixes, -1)
        future = nn.Transformer.generate_square_subsequent_mask(length, device=memory.device, dtype=memory.dtype)
        for layer in self.layers:
            x = layer(x, seen, tgt_mask=future)
        return self.classifier(x[-1])


def log_mel(waves: Tensor, mel: Tensor) -> Tensor:
    """Levels in dB, (n_sounds, n_frames, mels), one frame every 10 ms, of sounds (n_sounds, n_samples).

    mel: (513, mels), the filters, which belong to the published weights. The frames are those of librosa and
    torchlibrosa: a periodic Hann window, centred, the ends of the sound mirrored; power; nothing under `FLOOR`.
    """
    window = torch.hann_window(N_FFT, device=waves.device)
    spectrum = torch.stft(waves, N_FFT, HOP, window=window, center=True, pad_mode="reflect", return_complex=True)
    power = torch.view_as_real(spectrum).square().sum(-1)
    return 10 * (power.transpose(1, 2) @ mel).clamp(min=FLOOR).log10()


def own_frames(lengths: Sequence[int], n_samples: int, n_frames: int) -> list[int]:
    """How many of the frames are each sound's own, where sounds were padded to a common number of samples.

    At least one: a sound much shorter than the longest of its batch would otherwise have none to be described by.
    """
    samples_per_frame = n_samples // n_frames
    return [min(n_frames, max(1, round(length / samples_per_frame))) for length in lengths]


def _holder(**buffers: Tensor) -> Any:
    """A module that only holds tensors, for names of weights that have one more part than they need."""
    holder = nn.Module()
    for name, tensor in buffers.items():
        holder.register_buffer(name, tensor)
    return holder


def _count(state: Mapping[str, Tensor], pattern: str) -> int:
    return sum(re.fullmatch(pattern, name) is not None for name in state)
