"""What is recorded in the page with a microphone, until it is a file."""

import tempfile
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

RATE_HZ = 48_000  # as in ui/config.toml
BYTES = 2  # of a sample: the page sends signed 16-bit PCM, mono, little-endian
SHORTEST_S = 0.2


class Recording:
    """Grows by what the page sends; past `longest_s` seconds nothing is added."""

    def __init__(self, longest_s: float) -> None:
        self._most = int(longest_s * RATE_HZ) * BYTES
        self._heard = bytearray()

    @property
    def duration_s(self) -> float:
        """How much was heard."""
        return len(self._heard) / (RATE_HZ * BYTES)

    def add(self, chunk: bytes) -> bool:
        """Whether there is room for more after this piece."""
        self._heard += chunk[: self._most - len(self._heard)]
        return len(self._heard) < self._most

    @contextmanager
    def file(self) -> Iterator[Path]:
        """The recording as a WAV file, for as long as the block runs."""
        with tempfile.TemporaryDirectory(prefix="earshot-") as folder:
            path = Path(folder) / "recording.wav"
            with wave.open(str(path), "wb") as out:
                out.setparams((1, BYTES, RATE_HZ, 0, "NONE", ""))
                out.writeframes(bytes(self._heard[: len(self._heard) // BYTES * BYTES]))
            yield path
