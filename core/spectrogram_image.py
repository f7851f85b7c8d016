"""Sound as a picture: 432 columns of time, 288 rows of pitch, coloured, and cut into six square blocks.

Knows nothing of networks. A picture is kept as levels, one byte per cell; its colours are a table over them.
"""

import struct
import zlib
from functools import cache

import numpy as np
import scipy.fft
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from core.records import Samples
from core.spectrum import RATE_HZ

HEIGHT, WIDTH, BLOCK = 288, 432, 144
ROWS, COLUMNS = HEIGHT // BLOCK, WIDTH // BLOCK
BLOCKS = ROWS * COLUMNS
STEP = RATE_HZ // 100  # samples, 10 ms: one column
WINDOW = WIDTH * STEP  # samples, 4.32 s: three in four sounds of an effects library fit into one picture
FRAME = (
    2048  # samples, 64 ms: harmonics of a voice stand apart, and an attack is still sharper than a block of the code
)
TRANSFORM = 4096  # the frame is followed by zeros, so that the narrowest of 288 mel bands still holds a bin
LOW_HZ, HIGH_HZ = 50.0, 15_000.0
RANGE_DB = 80.0  # from black to white
QUIETEST_DB = -60.0  # the white of a window is no lower: what is nearly silent stays dark

Levels = NDArray[np.uint8]
"""How loud each cell of a picture is, (HEIGHT, WIDTH), 0 to 255; the highest pitch is the first row."""

Image = NDArray[np.uint8]
"""Red, green and blue of each cell, (HEIGHT, WIDTH, 3), or of a block, (BLOCK, BLOCK, 3)."""


def levels(samples: Samples) -> Levels:
    """The picture of at most `WINDOW` samples at `RATE_HZ`; black stands to the right of a shorter sound.

    Time is never stretched: a column is 10 ms, centred on its frame of 64 ms. A cell is a mel band's mean power in dB
    below the loudest cell of the window, so a sound and a quieter copy of it make one picture.
    """
    before = (FRAME - STEP) // 2
    padded = np.zeros(WINDOW - STEP + FRAME, np.float32)
    padded[before : before + len(samples)] = samples
    frames = np.lib.stride_tricks.sliding_window_view(padded, FRAME)[::STEP]
    spectra = scipy.fft.rfft(frames * _hann(), TRANSFORM, axis=1)
    power = np.square(spectra.real) + np.square(spectra.imag)
    bands: NDArray[np.float32] = _filters() @ power.T
    level_db = 10 * np.log10(np.maximum(bands[::-1], np.float32(1e-20)))
    white_db = max(float(level_db.max()), QUIETEST_DB)
    share = np.clip(1 + (level_db - np.float32(white_db)) / np.float32(RANGE_DB), 0, 1)
    picture: Levels = np.rint(255 * share).astype(np.uint8)
    return picture


def coloured(picture: Levels) -> Image:
    """A picture, or blocks of it, in colours: one more axis of red, green and blue."""
    image: Image = colours()[picture]
    return image


def cut(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The six blocks of a picture, (6, BLOCK, BLOCK, ...): the upper row from left to right, then the lower one."""
    rest = picture.shape[2:]
    grid = picture.reshape(ROWS, BLOCK, COLUMNS, BLOCK, *rest)
    return np.ascontiguousarray(grid.swapaxes(1, 2)).reshape(BLOCKS, BLOCK, BLOCK, *rest)


def joined(blocks: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture that `cut` made blocks of."""
    rest = blocks.shape[3:]
    grid = blocks.reshape(ROWS, COLUMNS, BLOCK, BLOCK, *rest)
    return np.ascontiguousarray(grid.swapaxes(1, 2)).reshape(HEIGHT, WIDTH, *rest)


def row_hz() -> NDArray[np.float64]:
    """The pitch at the middle of each row, from the top."""
    return _edges_hz()[1:-1][::-1]


@cache
def colours() -> NDArray[np.uint8]:
    """Red, green and blue of each level, (256, 3): black, then blue, red and yellow, then white, ever lighter.

    Cubehelix (Green 2011, "A colour scheme for the display of astronomical intensity images"), whose lightness rises
    evenly with the level, so the picture reads the same in grey. Half a turn of the helix instead of one and a half:
    of two colours close by, the mean, which a blurred picture shows, is then a colour between them and no grey.
    """
    start, turns, hue = 2.5, 0.75, 1.3
    level = np.linspace(0, 1, 256)
    angle = 2 * np.pi * (start / 3 + turns * level)
    depth = hue * level * (1 - level) / 2
    tints = np.stack(
        [
            -0.14861 * np.cos(angle) + 1.78277 * np.sin(angle),
            -0.29227 * np.cos(angle) - 0.90649 * np.sin(angle),
            1.97294 * np.cos(angle),
        ],
        axis=1,
    )
    table = np.clip(level[:, None] + depth[:, None] * tints, 0, 1)
    return np.rint(255 * table).astype(np.uint8)


def png_bytes(image: Image) -> bytes:
    """An image of any size, uint8 (height, width, 3), as a PNG file (W3C, "Portable Network Graphics", 2nd edition)."""
    height, width = image.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)  # eight bits, true colour, not interlaced
    unfiltered = np.zeros((height, 1 + 3 * width), np.uint8)  # each row begins with the kind of its filter, 0: none
    unfiltered[:, 1:] = image.reshape(height, -1)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(unfiltered.tobytes(), 9)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def _edges_hz() -> NDArray[np.float64]:
    """Where the mel bands begin, peak and end: HEIGHT + 2 edges, evenly spaced in mel (O'Shaughnessy 1987)."""
    mel = np.linspace(np.log1p(LOW_HZ / 700), np.log1p(HIGH_HZ / 700), HEIGHT + 2)
    return 700 * np.expm1(mel)


@cache
def _filters() -> csr_matrix:
    """Triangles of unit area, (HEIGHT, bins), from the lowest; sparse, so sums run in one order."""
    edges, hz = _edges_hz(), np.fft.rfftfreq(TRANSFORM, 1 / RATE_HZ)[None, :]
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    triangles = np.maximum(0, np.minimum((hz - low) / (middle - low), (high - hz) / (high - middle)))
    return csr_matrix((triangles / triangles.sum(axis=1, keepdims=True)).astype(np.float32))


@cache
def _hann() -> NDArray[np.float32]:
    """A periodic Hann window, scaled so that a sine of full scale has power 1."""
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FRAME) / FRAME)
    return (hann / (FRAME / 4)).astype(np.float32)
