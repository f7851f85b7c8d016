"""The film of the map: it can be played, ends at the map, and stays under 8 MB whatever the library."""

import av
import numpy as np
import pytest
from PIL import Image

from core.errors import UnsupportedError
from core.layout import Moment
from core.maps import Shaping
from core.plots import animation
from core.plots.animation import write_animation
from tests.mapped import a_map


def a_shaping(n_groups: int = 3, each: int = 20, n_moments: int = 8, left_out: int = 0) -> Shaping:
    shown = a_map(n_groups, each)
    kept = np.column_stack([shown.x, shown.y])[left_out:]
    rng = np.random.default_rng(0)
    start = rng.uniform(0, 1, kept.shape)
    shares = np.linspace(0, 1, n_moments)
    moments = [
        Moment(round(500 * share), (start + (kept - start) * share).astype(np.float32)) for share in shares.tolist()
    ]
    return Shaping(shown, np.arange(left_out, len(shown.ids)), rng.permutation(len(kept)), moments)


def decoded(path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def test_a_gif_has_the_stated_frames_and_lasts_as_long_as_told(tmp_path):
    told = []
    n_frames = write_animation(tmp_path / "a.gif", a_shaping(), report=told.append)
    with Image.open(tmp_path / "a.gif") as image:
        assert (image.n_frames, image.size, image.info["loop"]) == (n_frames, (960, 720), 0)
        seconds = 0.0
        for number in range(n_frames):
            image.seek(number)
            seconds += image.info["duration"] / 1000
    assert len(decoded(tmp_path / "a.gif")) == n_frames
    assert 4 < seconds < 10
    assert (told[-1].done, told[-1].total) == (len(told), len(told))


def test_an_mp4_has_the_stated_frames_of_an_even_size(tmp_path):
    n_frames = write_animation(tmp_path / "a.mp4", a_shaping(), dark=True)
    frames = decoded(tmp_path / "a.mp4")
    assert len(frames) == n_frames and frames[0].shape == (720, 960, 3)
    with av.open(str(tmp_path / "a.mp4")) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.pix_fmt == "yuv420p" and stream.average_rate == 25
    assert np.abs(frames[0][2, 2].astype(int) - [0x15, 0x17, 0x1C]).max() <= 4
    assert (frames[0] != frames[-1]).any()


def test_it_begins_on_a_line_and_ends_on_the_map(tmp_path):
    write_animation(tmp_path / "a.gif", a_shaping())
    frames = decoded(tmp_path / "a.gif")
    heights = []
    for frame in (frames[0], frames[-2]):
        inked = (frame[110:] != 255).any(axis=(1, 2))
        heights.append(np.ptp(np.flatnonzero(inked)))
    assert heights[0] < 60 and heights[1] > 400


def test_it_stays_under_its_limit_by_drawing_less(tmp_path, monkeypatch):
    write_animation(tmp_path / "large.gif", a_shaping(5, 400))
    size = (tmp_path / "large.gif").stat().st_size
    assert size < animation.LARGEST == 8_000_000
    monkeypatch.setattr(animation, "LARGEST", size - 1)
    write_animation(tmp_path / "small.gif", a_shaping(5, 400))
    with Image.open(tmp_path / "small.gif") as image:
        assert image.size == (800, 600)
    assert (tmp_path / "small.gif").stat().st_size < size


@pytest.mark.parametrize("n", [1, 2, 3, 14])
def test_a_few_sounds_make_a_film_as_well(tmp_path, n):
    assert write_animation(tmp_path / "a.gif", a_shaping(1, n, n_moments=1)) > 2
    assert len(decoded(tmp_path / "a.gif")) > 2


def test_only_silence_makes_a_film_as_well(tmp_path):
    shown = a_map(1, 3)
    silent = Shaping(shown, np.array([], np.int64), np.array([], np.int64), [])
    assert write_animation(tmp_path / "a.mp4", silent) > 2


def test_sounds_that_were_put_among_the_others_are_there_at_the_end(tmp_path):
    frames = {}
    for left_out in (0, 20):
        write_animation(tmp_path / f"{left_out}.gif", a_shaping(2, 20, left_out=left_out))
        frames[left_out] = decoded(tmp_path / f"{left_out}.gif")
    inked = {key: [(frame[110:] != 255).any(axis=-1).sum() for frame in each] for key, each in frames.items()}
    assert inked[20][0] < 0.7 * inked[0][0]
    assert inked[20][-2] == pytest.approx(inked[0][-2], rel=0.2)


def test_another_ending_is_refused(tmp_path):
    with pytest.raises(UnsupportedError, match=r"end in \.gif or \.mp4"):
        write_animation(tmp_path / "a.png", a_shaping())
