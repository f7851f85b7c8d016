"""A recording of the page, until it is a file."""

import array
import wave

from agent.recording import RATE_HZ, Recording


def test_what_was_sent_in_pieces_is_one_file():
    heard = array.array("h", [(n * 37) % 2000 - 1000 for n in range(4801)])
    data = heard.tobytes()
    recording = Recording(longest_s=10)
    for start in range(0, len(data), 1001):  # in the middle of samples too
        assert recording.add(data[start : start + 1001])
    assert recording.duration_s == 4801 / RATE_HZ
    with recording.file() as path, wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE_HZ)
        assert file.readframes(10_000) == data
    assert not path.exists()


def test_a_recording_ends_at_its_longest_and_with_a_whole_sample():
    recording = Recording(longest_s=0.1)
    assert recording.add(b"\1\0" * 4000)
    assert not recording.add(b"\1\0" * 4000)
    assert not recording.add(b"\1\0")
    assert recording.duration_s == 0.1
    odd = Recording(longest_s=1)
    odd.add(b"\1\0\1")
    with odd.file() as path, wave.open(str(path)) as file:
        assert file.getnframes() == 1
