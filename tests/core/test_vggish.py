"""VGGish: its front end by the published formulas, its network, its files, and what it makes of sounds.

The files here are tiny and random (`tests.tiny_vggish`); what the real ones give is tested under the mark `weights`.
"""

import hashlib
import math
import os
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import audio, vggish, weights
from core.embedding.vggish import NETWORK, RELEASE, WHITENING, VggishEmbedder
from core.errors import MissingDependencyError, NotFoundError, UnsupportedError
from core.records import Progress
from core.settings import Settings
from tests import tiny_vggish
from tests.sounds import noise, silence, sine

RATE_HZ = 16_000
REAL = os.environ.get("EARSHOT_WEIGHTS", "")  # read before the fixtures take such settings away


@pytest.fixture
def torch() -> Any:
    return pytest.importorskip("torch", exc_type=ImportError)


@pytest.fixture
def ears(torch: Any, tmp_path: Path) -> VggishEmbedder:
    return VggishEmbedder(settings_for(**tiny_vggish.make(tmp_path / "tiny")))


def settings_for(**chosen: Any) -> Settings:
    return Settings(device="cpu", **chosen)


def log_mel(sound: np.ndarray) -> np.ndarray:
    """The published formulas, number by number: (n_frames, 64)."""

    def mel(hz: float) -> float:
        return 1127 * math.log(1 + hz / 700)

    n = np.arange(400)
    hann = 0.5 * (1 - np.cos(2 * np.pi * n / 400))
    turns = np.exp(-2j * np.pi * np.outer(np.arange(257), n) / 512)
    edges = [mel(125) + (mel(7500) - mel(125)) * number / 65 for number in range(66)]
    weights = np.zeros((257, 64))
    for line in range(1, 257):
        at = mel(line * 16_000 / 512)
        for band in range(64):
            left, top, right = edges[band : band + 3]
            if left < at <= top:
                weights[line, band] = (at - left) / (top - left)
            elif top < at < right:
                weights[line, band] = (right - at) / (right - top)
    rows = []
    for start in range(0, len(sound) - 399, 160):
        magnitudes = np.abs(turns @ (hann * sound[start : start + 400]))
        rows.append(np.log(magnitudes @ weights + 0.01))
    return np.array(rows)


# --- what it hears ----------------------------------------------------------------------------------------------------


def test_the_front_end_is_that_of_the_published_formulas() -> None:
    sound = sine(1000, 0.975, RATE_HZ) * np.linspace(0, 1, 15_600, dtype=np.float32) + noise(0.975, RATE_HZ, 0.01)
    seen = vggish.picture(sound)
    assert (seen.shape, seen.dtype) == ((96, 64), np.float32)
    assert np.abs(seen - log_mel(sound)).max() < 1e-5


def test_the_windows_are_the_examples_of_the_original() -> None:
    """Every 96 frames of the whole sound are an example, without overlap; the last window, which is ours, ends it."""
    sound = noise(3.5, RATE_HZ)
    windows = list(audio.windows(iter([sound]), round(0.975 * RATE_HZ), round(0.96 * RATE_HZ)))
    whole = log_mel(sound)
    assert len(whole) == 348
    assert len(windows) == 4
    for number in range(3):
        assert np.abs(vggish.picture(windows[number]) - whole[96 * number : 96 * (number + 1)]).max() < 1e-5
    assert np.array_equal(windows[3], sound[-15_600:])


def test_a_tone_of_1000_hz_is_loudest_in_the_band_that_holds_it() -> None:
    # 125, 1000 and 7500 Hz are 185.2, 1000.0 and 2773.3 mel. Triangles stand every 39.8 mel between: the 20th at 981.5,
    # of whose height 1000 Hz gets 0.54, and the 21st at 1021.3, of which it gets 0.46.
    seen = vggish.picture(sine(1000, 0.975, RATE_HZ))
    assert set(np.argsort(seen[48])[-2:]) == {19, 20}
    assert seen[48].argmax() == 19


def test_silence_is_the_logarithm_of_the_offset_and_fills_up_a_short_sound() -> None:
    assert vggish.picture(silence(0.975, RATE_HZ)) == pytest.approx(np.full((96, 64), math.log(0.01)), abs=1e-6)
    short = noise(0.1, RATE_HZ)
    assert np.array_equal(vggish.picture(short), vggish.picture(np.pad(short, (0, 14_000))))
    assert vggish.picture(short)[10:] == pytest.approx(np.full((86, 64), math.log(0.01)), abs=1e-6)


# --- the network ------------------------------------------------------------------------------------------------------


def published(torch: Any, widths: tuple[int, ...], hidden: int) -> Any:
    """The layers of the published model, put together of torch's own; channels still stand first behind them."""
    layers: list[Any] = []
    takes = 1
    for width, halves in zip(widths, (True, True, False, True, False, True), strict=True):
        layers += [torch.nn.Conv2d(takes, width, 3, padding=1), torch.nn.ReLU()]
        layers += [torch.nn.MaxPool2d(2)] if halves else []
        takes = width
    sizes = (24 * takes, hidden, hidden, 128)
    pairs = [[torch.nn.Linear(a, b), torch.nn.ReLU()] for a, b in pairwise(sizes)]
    embeddings = torch.nn.Sequential(*[layer for pair in pairs for layer in pair])
    return torch.nn.ModuleDict({"features": torch.nn.Sequential(*layers), "embeddings": embeddings})


def test_the_published_network_has_72_million_numbers_under_these_names(torch: Any) -> None:
    with torch.device("meta"):
        model = published(torch, (64, 128, 256, 256, 512, 512), 4096)
    assert sum(each.numel() for each in model.parameters()) == 72_141_184
    assert list(model.state_dict()) == list(tiny_vggish.state())


def test_the_network_computes_what_torchs_own_layers_do(torch: Any, tmp_path: Path) -> None:
    held = tiny_vggish.state(seed=3)
    model = published(torch, tiny_vggish.WIDTHS, tiny_vggish.HIDDEN)
    model.load_state_dict(held)
    pictures = np.stack([vggish.picture(noise(0.975, RATE_HZ, seed=seed)) for seed in range(3)])
    with torch.no_grad():
        maps = model["features"](torch.from_numpy(pictures)[:, None])
        wanted = model["embeddings"](torch.stack([each.movedim(0, 2).reshape(-1) for each in maps]))
    for as_today in (True, False):
        path = tiny_vggish.write(tmp_path / f"{as_today}", "vggish", held, as_today=as_today)
        given = vggish.read_network(path).run(pictures)
        assert given.dtype == np.float32
        assert given == pytest.approx(wanted.numpy(), abs=1e-5)
        assert given.min() == 0


# --- the post-processing ----------------------------------------------------------------------------------------------


def test_post_processing_whitens_cuts_off_and_counts_steps() -> None:
    raw = np.zeros((2, 128), np.float32)
    raw[0, :7] = 0, 1, 2, 5, 0.5, 1.5, 3
    eigenvectors, means = np.eye(128), np.zeros(128)
    eigenvectors[4, 4], eigenvectors[5, 5], eigenvectors[6, 6] = -2, -2, -0.1
    means[7] = 1
    post = vggish.Whitening(eigenvectors, means).post(raw)
    assert post.dtype == np.uint8
    # whitened: 0, 1, 2, 5, -1, -3, -0.3, -1; a step is 4/255, and what is left of one is cut: 127.5 becomes 127
    assert post[0, :8].tolist() == [127, 191, 255, 255, 63, 0, 108, 63]
    assert post[1, :8].tolist() == [127] * 7 + [63]
    assert vggish.Whitening(eigenvectors, means).post(raw[:0]).shape == (0, 128)


def test_an_eigenvector_is_a_row(torch: Any, ears: VggishEmbedder) -> None:
    raw = ears.raw([noise(0.975, RATE_HZ), sine(440, 0.975, RATE_HZ)])
    held = {name: values.numpy().astype(float) for name, values in tiny_vggish.whitening().items()}
    whitened = np.einsum("ij,nj->ni", held["pca_eigen_vectors"], raw - held["pca_means"])
    wanted = np.floor((whitened.clip(-2, 2) + 2) / 4 * 255)
    assert np.array_equal(ears.post(raw), wanted)
    assert 20 < ears.post(raw).std() < 120  # neither all cut off nor all the same


@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_constants_are_read_from_arrays_of_numpy_too_under_their_names_of_2019(
    torch: Any, tmp_path: Path, kind: str
) -> None:
    held = {name: values.numpy().astype(kind) for name, values in tiny_vggish.whitening().items()}
    path = tiny_vggish.write(tmp_path, "vggish_pca_params", held, as_today=False)
    data = path.read_bytes()
    assert b"numpy._core" in data
    for each in (path, tiny_vggish.write_bytes(tmp_path, "old", data.replace(b"numpy._core", b"numpy.core"))):
        read = vggish.read_whitening(each)
        assert np.array_equal(read.eigenvectors, held["pca_eigen_vectors"])
        assert np.array_equal(read.means, held["pca_means"])


# --- files that are not what they should be ---------------------------------------------------------------------------


def test_a_file_that_would_run_code_is_refused_and_runs_none(torch: Any, tmp_path: Path) -> None:
    made = tmp_path / "made by a pickle"

    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.mkdir, (str(made),)

    for as_today in (True, False):
        for held in (Evil(), tiny_vggish.state() | {"features.0.weight": Evil()}):
            path = tiny_vggish.write(tmp_path / "evil", "vggish", held, as_today=as_today)
            torch.load(path, weights_only=False)  # this is what the file can do
            made.rmdir()
            for read in (vggish.read_network, vggish.read_whitening):
                with pytest.raises(UnsupportedError, match="nothing in it was run; fetch it again"):
                    read(path)
            with pytest.raises(UnsupportedError, match="nothing in it was run"):
                VggishEmbedder(settings_for(vggish=path.parent)).hear([noise(0.5, RATE_HZ)])
            assert not made.exists()
            path.unlink()


def test_what_is_missing_is_listed(torch: Any, tmp_path: Path) -> None:
    held = tiny_vggish.state()
    del held["features.3.bias"], held["embeddings.4.weight"]
    with pytest.raises(UnsupportedError, match=r"it lacks features\.3\.bias, embeddings\.4\.weight; fetch"):
        vggish.read_network(tiny_vggish.write(tmp_path, "vggish", held))
    with pytest.raises(UnsupportedError, match="it lacks pca_means; fetch"):
        held = {"pca_eigen_vectors": torch.eye(128)}
        vggish.read_whitening(tiny_vggish.write(tmp_path, "vggish_pca_params", held))


def test_another_network_is_refused(torch: Any, tmp_path: Path) -> None:
    good = tiny_vggish.state()
    wrong: list[tuple[str, Any]] = [
        ("also holds features.1.running_mean", good | {"features.1.running_mean": torch.zeros(4)}),
        (
            "features.3.weight of shape (4, 5, 3, 3), not n x 4 x 3 x 3",
            good | {"features.3.weight": torch.ones(4, 5, 3, 3)},
        ),
        ("embeddings.0.weight of shape (16, 16), not n x 192", good | {"embeddings.0.weight": torch.ones(16, 16)}),
        (
            "embeddings of 16 numbers",
            good | {"embeddings.4.weight": torch.ones(16, 16), "embeddings.4.bias": torch.ones(16)},
        ),
        ("NaN or infinity in embeddings.2", good | {"embeddings.2.bias": torch.full((16,), torch.nan)}),
        ("holds no weights by name", [torch.ones(3)]),
        ("lacks features.0.weight", good | {"features.0.weight": 3}),
    ]
    for number, (told, held) in enumerate(wrong):
        path = tiny_vggish.write(tmp_path / str(number), "vggish", held)
        with pytest.raises(UnsupportedError) as caught:
            vggish.read_network(path)
        assert told in str(caught.value)
        assert str(caught.value).endswith("again")
    for held in ({"pca_eigen_vectors": torch.eye(64)}, {"pca_eigen_vectors": torch.eye(128) * torch.inf}):
        path = tiny_vggish.write(tmp_path, "vggish_pca_params", {"pca_means": torch.zeros(128)} | held)
        with pytest.raises(UnsupportedError, match="fetch the file again"):
            vggish.read_whitening(path)


@pytest.mark.parametrize(
    "data", [b"", b"<html>not found</html>", b"PK\x03\x04 half an archive", b"\x80\x02half a pickle"]
)
def test_a_damaged_file_is_told_in_a_sentence(torch: Any, tmp_path: Path, data: bytes) -> None:
    with pytest.raises(UnsupportedError, match=r"vggish-[0-9a-f]{8}\.pth .*fetch it again"):
        vggish.read_network(tiny_vggish.write_bytes(tmp_path, "vggish", data))


def test_a_file_with_another_hash_than_its_name_says_is_not_read(torch: Any, tmp_path: Path) -> None:
    path = tiny_vggish.write(tmp_path, "vggish", tiny_vggish.state())
    for name in (NETWORK, "vggish-00000000.pth"):
        wrong = path.rename(tmp_path / name)
        for call in (VggishEmbedder.weights_hash, lambda ears: ears.hear([noise(0.5, RATE_HZ)])):
            with pytest.raises(NotFoundError, match=f"{name} is damaged or another file"):
                call(VggishEmbedder(settings_for(vggish=tmp_path)))
        path = wrong
    path.rename(tmp_path / WHITENING)
    with pytest.raises(NotFoundError, match=f"{WHITENING} is damaged or another file"):
        VggishEmbedder(settings_for(vggish=tmp_path)).post(np.zeros((1, 128), np.float32))


def test_in_the_folder_of_fetched_models_only_the_published_file_counts(torch: Any, tmp_path: Path) -> None:
    tiny_vggish.make(tmp_path / "vggish")
    with pytest.raises(NotFoundError, match=f"{NETWORK} is not in .*; an ingest with these ears fetches it"):
        VggishEmbedder(settings_for(models=tmp_path)).weights_hash()
    with pytest.raises(NotFoundError, match="offline"):
        VggishEmbedder(settings_for(models=tmp_path, offline=True)).weights_hash()


def test_a_folder_must_hold_one_file_of_each_kind(torch: Any, tmp_path: Path) -> None:
    ears = VggishEmbedder(settings_for(vggish=tmp_path))
    with pytest.raises(NotFoundError, match=f"holds no {NETWORK}; copy it there from {RELEASE}"):
        ears.weights_hash()
    for seed in (1, 2):
        tiny_vggish.write(tmp_path, "vggish", tiny_vggish.state(seed))
    with pytest.raises(NotFoundError, match="holds 2 files vggish-"):
        ears.weights_hash()
    with pytest.raises(NotFoundError, match=f"holds no {WHITENING}"):
        ears.post(np.zeros((1, 128), np.float32))


# --- making ready -----------------------------------------------------------------------------------------------------


def test_making_ready_fetches_both_files_to_the_folder_of_models(
    torch: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def fetch(url: str, sha256_prefix: str, path: Path, settings: Settings) -> Iterator[Progress]:
        asked.append((url, sha256_prefix, path))
        yield Progress(1, 2, "half")

    monkeypatch.setattr(weights, "fetch_file", fetch)
    ready = VggishEmbedder(settings_for(models=tmp_path)).prepare()
    assert [next(ready).label, next(ready).label] == ["half", "half"]
    folder = "https://github.com/harritaylor/torchvggish/releases/download/v0.1"
    assert asked == [
        (f"{folder}/vggish-10086976.pth", "10086976", tmp_path / "vggish" / "vggish-10086976.pth"),
        (
            f"{folder}/vggish_pca_params-970ea276.pth",
            "970ea276",
            tmp_path / "vggish" / "vggish_pca_params-970ea276.pth",
        ),
    ]
    with pytest.raises(NotFoundError, match="is not in"):  # this fetch put nothing there
        next(ready)


def test_making_ready_with_a_folder_fetches_nothing_and_tests_the_ears(
    torch: Any, tmp_path: Path, ears: VggishEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "fetch_file", None)
    assert list(ears.prepare()) == []
    deaf = {name: values * 0 for name, values in tiny_vggish.state().items()}
    tiny_vggish.write(tmp_path / "deaf", "vggish", deaf)
    with pytest.raises(UnsupportedError, match="'vggish' are broken"):
        list(VggishEmbedder(settings_for(vggish=tmp_path / "deaf")).prepare())


def test_the_hash_needs_no_torch_and_hearing_says_how_to_get_it(
    torch: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tiny_vggish.write(tmp_path, "vggish", tiny_vggish.state())
    ears = VggishEmbedder(settings_for(vggish=tmp_path))
    monkeypatch.setitem(sys.modules, "torch", None)
    assert ears.weights_hash() == hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    assert ears.fingerprint().window_s == 0.975
    for clips in ([], [noise(0.5, RATE_HZ)]):
        with pytest.raises(MissingDependencyError, match=r"pip install 'earshot\[models\]'"):
            ears.hear(clips)


# --- hearing ----------------------------------------------------------------------------------------------------------


def test_vectors_are_the_raw_embeddings_at_norm_one(ears: VggishEmbedder) -> None:
    clips = [sine(440, 0.975, RATE_HZ), silence(0.5, RATE_HZ), noise(0.2, RATE_HZ)]
    raw, vectors = ears.raw(clips), ears.hear(clips).vectors
    network = vggish.Network(tiny_vggish.state())
    wanted = network.run(np.stack([vggish.picture(clips[place]) for place in (0, 2)]))
    assert raw[[0, 2]] == pytest.approx(wanted, abs=1e-5)
    norms = np.linalg.norm(raw, axis=1)
    assert not np.allclose(norms[[0, 2]], 1, atol=0.01)
    assert (raw >= 0).all()
    assert not raw[1].any()
    assert vectors == pytest.approx(raw / np.maximum(norms, 1e-9)[:, None], abs=1e-6)


def test_a_batch_changes_no_bit_of_raw_embeddings(ears: VggishEmbedder) -> None:
    clips = [noise(0.1 * number, RATE_HZ, seed=number) for number in range(1, 10)] + [silence(0.5, RATE_HZ)]
    alone = [ears.raw([clip])[0].tobytes() for clip in clips]
    assert [row.tobytes() for row in ears.raw(clips)] == alone
    assert [row.tobytes() for row in ears.post(ears.raw(clips))] == [
        ears.post(ears.raw([clip]))[0].tobytes() for clip in clips
    ]


def test_in_full_batches_it_hears_the_same(ears: VggishEmbedder) -> None:
    clips = [noise(0.5, RATE_HZ, seed=number) for number in range(19)]

    class Batches:
        name, rows = "cpu", 16

    one_by_one = ears.raw(clips)
    ears.__dict__["_device"] = Batches()
    assert ears.raw(clips) == pytest.approx(one_by_one, abs=1e-5)


# --- the real weights -------------------------------------------------------------------------------------------------


def real(needs: tuple[str, ...]) -> VggishEmbedder:
    lacking = [name for name in needs if not (Path(REAL) / "vggish" / name).is_file()]
    if not REAL or lacking:
        pytest.skip(f"put {' and '.join(needs)} into a folder vggish, and name the folder above in EARSHOT_WEIGHTS")
    pytest.importorskip("torch", exc_type=ImportError)
    return VggishEmbedder(settings_for(models=Path(REAL), offline=True))


@pytest.mark.weights
def test_the_real_weights_give_the_figures_of_the_releases_own_smoke_test() -> None:
    """A sine of 1 kHz and full scale, 3 s at 44.1 kHz, brought to 16 kHz: three examples; within a tenth, as there."""
    ears = real((NETWORK, WHITENING))
    assert list(ears.prepare()) == []
    tone = np.sin(2 * np.pi * 1000 * np.linspace(0, 3, 3 * 44_100)).astype(np.float32)
    blocks = audio.resampled(iter([tone]), 44_100, RATE_HZ)
    raw = ears.raw(list(audio.windows(blocks, ears.window, ears.hop))[:3])
    assert (raw.mean(), raw.std()) == (pytest.approx(0.131, rel=0.1), pytest.approx(0.238, rel=0.1))
    post = ears.post(raw).astype(float)
    assert (post.mean(), post.std()) == (pytest.approx(123, rel=0.1), pytest.approx(75, rel=0.1))
