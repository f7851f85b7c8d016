"""What every method of clustering promises; a new file in `core/clustering/methods/` is tested by being there."""

import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as run_with
from hypothesis import strategies as st

import core.clustering.methods
from core import clustering
from core.clustering import METHODS
from core.clustering.methods import Method
from core.errors import MissingDependencyError, UnknownNameError, UnsupportedError

SIZES = (40, 30, 20, 15, 12)

TOY = '''
"""Groups by the sign of the first number."""
import numpy as np
from core.clustering.methods.base import Found, Method

class SignMethod(Method):
    name = "sign"
    def fit(self, points, k, seed):
        return Found((points[:, 0] > 0).astype(np.int64))

BACKEND = SignMethod
'''


@pytest.fixture(params=METHODS.names())
def method(request: pytest.FixtureRequest) -> Method:
    try:
        return METHODS.load(request.param)()
    except MissingDependencyError as missing:
        pytest.skip(str(missing))


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def blobs(sizes: tuple[int, ...] = SIZES, spread: float = 0.05, dim: int = 16) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors around as many axes as there are sizes, in a mixed order, and the axis of each."""
    rng = np.random.default_rng(0)
    truth = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    return unit(np.eye(dim)[truth] + rng.normal(0, spread, (len(truth), dim))), truth


def test_it_bears_the_name_of_its_file(method: Method, request: pytest.FixtureRequest) -> None:
    assert method.name == request.node.callspec.params["method"]


def test_a_forced_number_is_kept_and_plain_groups_are_found(method: Method) -> None:
    vectors, truth = blobs()
    grouping = clustering.group(vectors, 5, method.name)
    assert np.array_equal(grouping.labels, truth)  # the axes are in order of size already
    assert grouping.k == 5
    assert grouping.bic == []


def test_the_number_is_found_or_asked_for(method: Method) -> None:
    vectors, truth = blobs()
    if method.finds_number:
        grouping = clustering.group(vectors, None, method.name)
        assert grouping.k == 5
        assert np.array_equal(grouping.labels, truth)
    else:
        with pytest.raises(UnsupportedError, match=f"{method.name} needs the number of groups; give one"):
            clustering.check(len(vectors), None, method.name)


@pytest.mark.parametrize("k", [1, 2, 7, 20, 39, 40])
def test_no_group_is_empty_and_the_largest_comes_first(method: Method, k: int) -> None:
    vectors = unit(np.random.default_rng(1).normal(size=(40, 8)))
    try:
        labels = clustering.group(vectors, k, method.name).labels
    except UnsupportedError as refused:
        assert method.makes_outliers  # what looks for dense groups may find fewer, and then says so
        assert f"not {k}" in str(refused)
        return
    sizes = np.bincount(labels[labels >= 0], minlength=k)
    assert len(sizes) == k
    assert sizes.min() >= 1
    assert sizes.tolist() == sorted(sizes, reverse=True)
    assert method.makes_outliers or (labels >= 0).all()


@given(data=st.data())
@run_with(max_examples=12)
@pytest.mark.parametrize("name", METHODS.names())
def test_twins_and_silence_do_not_empty_a_group(name: str, data: st.DataObject) -> None:
    rows = np.array(data.draw(st.lists(st.sampled_from([(1, 0), (0, 1), (0, 0)]), min_size=2, max_size=12)), np.float32)
    k = data.draw(st.integers(1, len(rows)))
    heard = rows.any(axis=1)
    try:
        labels = clustering.group(rows, k, name).labels
    except UnsupportedError:
        assert heard.sum() < max(2, k) or METHODS.load(name).makes_outliers
        return
    assert set(labels[heard]) | {-1} == {-1, *range(k)}
    assert (labels[~heard] == -1).all()  # silence is like nothing


def test_the_same_seed_gives_the_same_bits(method: Method) -> None:
    vectors = unit(np.random.default_rng(2).normal(size=(60, 8)))
    first, again = (clustering.group(vectors, 2, method.name, seed=3) for _ in range(2))
    assert first.labels.tobytes() == again.labels.tobytes()
    assert first.typicality.tobytes() == again.typicality.tobytes()


def test_memory_does_not_grow_with_the_square_of_the_number(method: Method) -> None:
    vectors, truth = blobs((4_000, 3_000, 2_500, 1_500, 1_000))  # of 12,000, all pairs in float32 would be 576 MB
    tracemalloc.start()
    try:
        labels = clustering.group(vectors, 5, method.name).labels
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 60e6
    assert (labels == truth).mean() > 0.95


def test_vectors_are_not_written_to(method: Method) -> None:
    vectors, _ = blobs()
    vectors.flags.writeable = False
    clustering.group(vectors, 5, method.name)


def test_too_few_or_too_many_groups_are_refused(method: Method) -> None:
    for n, k, reason in ((1, 1, "1 sounds"), (10, 11, "ask for 1 to 10"), (10, 0, "ask for 1"), (10, -3, "ask for 1")):
        with pytest.raises(UnsupportedError, match=reason):
            clustering.check(n, k, method.name)


def test_equal_vectors_are_one_group_or_as_many_as_are_forced(method: Method) -> None:
    vectors = np.tile(np.eye(4, dtype=np.float32)[:1], (30, 1))
    assert clustering.group(vectors, 1, method.name).labels.tolist() == [0] * 30
    if method.finds_number:
        assert clustering.group(vectors, None, method.name).k == 1


def test_a_new_file_is_a_new_method(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sign.py").write_text(TOY)
    before = METHODS.names()
    package = core.clustering.methods
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    try:
        assert METHODS.names() == sorted([*before, "sign"])
        assert "sign" in METHODS
        vectors, _ = blobs((6, 4))
        assert clustering.group(vectors, None, "sign").labels.tolist().count(0) == 6
        with pytest.raises(AssertionError):
            test_a_forced_number_is_kept_and_plain_groups_are_found(METHODS.load("sign")())  # the contract notices
    finally:
        sys.modules.pop("core.clustering.methods.sign", None)


def test_an_unknown_method_is_told_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match="gmm, hdbscan, kmeans"):
        clustering.check(10, 3, "dbscan")
