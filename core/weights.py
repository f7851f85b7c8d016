"""Where the weights of large models come from: a folder that the person names, or the hub, or an address.

Nothing is fetched but by `fetch` and `fetch_file`. What is fetched is pinned, goes on where it broke off, and is put in
place only when it is whole; models of the hub are kept where its own library keeps them, so that none is there twice.
"""

import errno
import hashlib
import os
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Generic, TypeVar

from filelock import FileLock

from core.errors import EarshotError, MissingDependencyError, NotFoundError
from core.records import Progress
from core.settings import Settings

PINNED = {
    "laion/larger_clap_general": "ada0c23a36c4e8582805bb38fec3905903f18b41",
    "laion/larger_clap_music_and_speech": "195c3a3e68faebb3e2088b9a79e79b43ddbda76b",
    "laion/clap-htsat-unfused": "8fa0f1c6d0433df6e97c127f64b2a1d6c0dcda8a",
    "laion/clap-htsat-fused": "cca9e288ab447cee67d9ada1f85ddb46500f1401",
    "facebook/wav2vec2-base": "0b5b8e868dd84f03fd87d01f9c4ff0f080fecfe8",
}
"""Revisions of known models; source: the model lists of embeddings-benchmark/mteb. Others are taken as they are now."""

ANSWER_S = 6.0  # for the first answer of a server; a person who is offline should not wait for long
STALL_S = 30.0  # without a byte, in the middle of a file
STEP_S = 0.2
MB = 1_000_000
CHUNK = 1 << 20
SHA256_DIGITS = 64
OF_THE_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM}

T = TypeVar("T")


def find(model: str, settings: Settings, needs: Sequence[str]) -> Path:
    """The folder on this machine that holds a model: the one that `model` names, else the one in the hub's cache.

    needs: file names or patterns; "a|b" is either, and what ends in "|" may be lacking. Raises NotFoundError with the
    next step if it is not there or not whole. Fetches nothing.
    """
    folder = _named_folder(model)
    if folder is not None:
        if lacking := _lacking(needs, os.listdir(folder)):
            raise NotFoundError(f"the model in {folder} lacks {lacking[0].replace('|', ' or ')}; copy it there")
        return folder
    cached = _cached(model)
    if cached is None or _lacking(needs, os.listdir(cached)):
        raise NotFoundError(f"the model {model} is not on this machine yet; {_how_to_get(model, settings)}")
    return cached


def fetch(model: str, settings: Settings, needs: Sequence[str]) -> Iterator[Progress]:
    """Fetches what is missing of a model, in megabytes; nothing for a folder or what is there already.

    Raises NotFoundError in one sentence with the next step if it cannot be fetched; what came goes on from there.
    """
    try:
        find(model, settings, needs)
        return
    except NotFoundError:
        if _named_folder(model) is not None or _is_offline(settings):
            raise
    try:
        sizes = _within(ANSWER_S, lambda: _listed(model, needs))
    except Exception as problem:
        raise _unfetchable(model, settings, problem) from problem
    total, before = max(1, sum(sizes.values()) // MB), 0
    for name, size in sizes.items():
        counter = _Counter()
        job = _Job(lambda name=name, counter=counter: _download(model, name, counter))  # type: ignore[misc]
        while not job.done(STEP_S):
            yield Progress(min(total, (before + counter.n_bytes) // MB), total, f"fetching {model} (MB)")
        try:
            job.result()
        except Exception as problem:
            raise _unfetchable(model, settings, problem) from problem
        before += size
    yield Progress(total, total, f"fetched {model} (MB)")


def fetch_file(url: str, sha256_prefix: str, path: Path, settings: Settings) -> Iterator[Progress]:
    """Fetches one file from an address to a path, in megabytes; goes on with what an earlier try left.

    Raises NotFoundError if it cannot be fetched or its SHA-256 does not begin as it should; then nothing is at `path`.
    """
    if path.is_file():
        return
    put_there = f"put the file at {path} yourself"
    if _is_offline(settings):
        raise NotFoundError(f"{path.name} is not on this machine, and nothing may be fetched (offline); {put_there}")
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    try:
        for done, total in _received(url, part):
            yield Progress(done // MB, max(1, total // MB), f"fetching {path.name} (MB)")
    except (OSError, ValueError) as problem:
        raise NotFoundError(
            f"{path.name} could not be fetched ({_reason(problem)}); try again, or {put_there}"
        ) from problem
    if difference := _difference(part, sha256_prefix):
        raise NotFoundError(f"what came for {path.name} is another file ({difference}); {put_there}")
    os.replace(part, path)


def hash_of(*paths: Path, extra: str = "") -> str:
    """The first 16 hex digits of the SHA-256 of some files, in order, and of a text."""
    digest = hashlib.sha256(extra.encode())
    for path in paths:
        with path.open("rb") as file:
            for chunk in iter(lambda: file.read(CHUNK), b""):
                digest.update(chunk)
    return digest.hexdigest()[:16]


def _named_folder(model: str) -> Path | None:
    """The folder that a setting names; raises NotFoundError for a path that leads nowhere."""
    path = Path(model).expanduser()
    if path.is_dir():
        return path
    if path.is_absolute() or model.startswith((".", "~")) or model.count("/") != 1:
        raise NotFoundError(f"there is no model at {model}; name its folder, or its id on the hub (owner/name)")
    return None


def _lacking(needs: Sequence[str], names: Sequence[str]) -> list[str]:
    return [need for need in needs if not need.endswith("|") and not _first(need, names)]


def _first(need: str, names: Sequence[str]) -> list[str]:
    """The files that meet a need: those of the first of its alternatives that there are any of."""
    for pattern in filter(None, need.split("|")):
        if found := [name for name in names if fnmatch(name, pattern)]:
            return found
    return []


def _cached(model: str) -> Path | None:
    found = _hub().try_to_load_from_cache(model, "config.json", revision=PINNED.get(model))
    return Path(found).parent if isinstance(found, str) else None


def _listed(model: str, needs: Sequence[str]) -> dict[str, int]:
    """The files of a model that are needed, with their sizes in bytes, as the hub tells them."""
    info = _hub().HfApi().model_info(model, revision=PINNED.get(model), files_metadata=True, timeout=ANSWER_S)
    sizes = {each.rfilename: int(each.size or 0) for each in info.siblings or ()}
    if lacking := _lacking(needs, list(sizes)):
        raise NotFoundError(f"it holds no {lacking[0].replace('|', ' or ')}")
    return {name: sizes[name] for need in needs for name in _first(need, list(sizes))}


def _download(model: str, name: str, counter: "_Counter") -> None:
    """Brings one file of a model into the hub's cache, and goes on with what an earlier try left of it.

    The hub's own library throws away what came before a break, and tells how far it is every ten megabytes
    (huggingface_hub 2.4). So the bytes are received here, to where it keeps them, and it puts them in their place.
    """
    hub = _hub()
    told = hub.get_hf_file_metadata(hub.hf_hub_url(model, name, revision=PINNED.get(model)), timeout=ANSWER_S)
    if told.etag and told.size and told.commit_hash:
        from huggingface_hub.file_download import repo_folder_name

        held, folder = Path(hub.constants.HF_HUB_CACHE), repo_folder_name(repo_id=model, repo_type="model")
        blob, lock = held / folder / "blobs" / told.etag, held / ".locks" / folder / f"{told.etag}.lock"
        for path in (blob, lock):
            path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(lock):  # the lock of the hub's own library
            if not blob.is_file():
                part = blob.with_name(f"{blob.name}.part")
                _receive_all(hub.hf_hub_url(model, name, revision=told.commit_hash), told.size, part, counter)
                is_hash = len(told.etag) == SHA256_DIGITS  # of files of some size
                if is_hash and (difference := _difference(part, told.etag)):
                    raise NotFoundError(f"what came is another file, {difference}")
                os.replace(part, blob)
    hub.hf_hub_download(model, name, revision=PINNED.get(model), etag_timeout=ANSWER_S)


def _receive_all(url: str, size: int, part: Path, counter: "_Counter") -> None:
    """Appends to a file what a server still has of it, and asks again as long as every try brings something."""
    part.touch()
    while (held := part.stat().st_size) < size:
        try:
            _receive(url, held, size, part, counter)
        except Exception:
            if part.stat().st_size <= held:
                raise
    counter.n_bytes = size


def _receive(url: str, held: int, size: int, part: Path, counter: "_Counter") -> None:
    """Appends what one answer brings. What is held is written anew if the server sends it again."""
    utils = _hub().utils
    headers = utils.build_hf_headers() | {"Accept-Encoding": "identity"}
    if held:
        headers["Range"] = f"bytes={held}-"
    with utils.get_session().stream("GET", url, headers=headers, timeout=STALL_S, follow_redirects=True) as answer:
        utils.hf_raise_for_status(answer)
        goes_on = answer.status_code == 206
        counter.n_bytes = held if goes_on else 0
        with part.open("ab" if goes_on else "wb") as file:
            for chunk in answer.iter_bytes():
                file.write(chunk)
                counter.n_bytes += len(chunk)
    if counter.n_bytes < size:
        raise OSError("the connection broke off")


def _difference(part: Path, sha256: str) -> str:
    """How a file that came differs from the one that was told of, then it is thrown away; empty for the same one."""
    with part.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found.startswith(sha256):
        return ""
    part.unlink()
    return f"its hash begins with {found[:8]}, not {sha256[:8]}"


def _hub() -> Any:
    try:
        import huggingface_hub
    except ModuleNotFoundError as missing:
        command = "pip install 'earshot[models]'"
        raise MissingDependencyError(f"models of the hub need {missing.name}; install it with: {command}") from missing
    return huggingface_hub


def _is_offline(settings: Settings) -> bool:
    """Whether nothing may be fetched, by our setting or by the variables that the hub's own library goes by."""
    told = os.environ.get("HF_HUB_OFFLINE") or os.environ.get("TRANSFORMERS_OFFLINE") or ""
    return settings.offline or told.upper() in {"1", "ON", "YES", "TRUE"}


def _how_to_get(model: str, settings: Settings) -> str:
    if _is_offline(settings):
        return f"nothing may be fetched (offline): set {_setting_of(model, settings)} to a folder that holds it"
    return "an ingest with it fetches it"


def _setting_of(model: str, settings: Settings) -> str:
    """The variable that names a model."""
    return next((f"EARSHOT_{name.upper()}" for name, value in settings if value == model), "its setting")


def _unfetchable(model: str, settings: Settings, problem: Exception) -> EarshotError:
    if isinstance(problem, MissingDependencyError):
        return problem
    return NotFoundError(
        f"the model {model} could not be fetched ({_reason(problem)}); check the network and its name and try again, or"
        f" set {_setting_of(model, settings)} to a folder that holds it"
    )


def _reason(problem: BaseException) -> str:
    """What went wrong, in a few words; the texts of network libraries run over many lines."""
    match problem:
        case NotFoundError():
            return str(problem)
        case TimeoutError():
            return "no answer"
        case OSError() if problem.errno in OF_THE_DISK:
            return os.strerror(problem.errno).lower()
        case urllib.error.HTTPError():
            return f"the server answered {problem.code}"
        case urllib.error.URLError():
            return _reason(problem.reason) if isinstance(problem.reason, BaseException) else str(problem.reason)
    response = getattr(problem, "response", None)
    if status := getattr(response, "status_code", None):
        return f"the server answered {status}"
    if "timeout" in type(problem).__name__.lower():
        return "no answer"
    kinds = {kind.__name__ for kind in type(problem).__mro__}  # of whatever library the hub's own one asks with
    lost = isinstance(problem, OSError) or kinds & {"TransportError", "ConnectionError"}
    return "no connection" if lost else type(problem).__name__


def _received(url: str, part: Path) -> Iterator[tuple[int, int]]:
    """Appends what a server still has of a file; yields how many bytes are there, of how many."""
    held = part.stat().st_size if part.is_file() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={held}-"} if held else {})  # noqa: S310  our own https
    try:
        opener = urllib.request.build_opener()  # one of its own: the shared one keeps the proxies of its first use
        answer = _within(ANSWER_S, lambda: opener.open(request, timeout=STALL_S))
    except urllib.error.HTTPError as problem:
        if problem.code == 416:  # nothing is left to send: all of it came, or it is another file
            yield held, held
            return
        raise
    with answer, part.open("ab" if answer.status == 206 else "wb") as file:
        done = held if answer.status == 206 else 0
        total = done + int(answer.headers.get("Content-Length") or 0)
        while chunk := answer.read(CHUNK):
            file.write(chunk)
            done += len(chunk)
            yield done, max(done, total)
        if done < total:
            raise OSError("the connection broke off")


@dataclass(slots=True)
class _Counter:
    n_bytes: int = 0


@dataclass(slots=True)
class _Job(Generic[T]):
    """A call that runs in a thread which the program does not wait for when it ends."""

    call: Callable[[], T]
    _results: list[T] = field(default_factory=list)
    _problems: list[BaseException] = field(default_factory=list)
    _thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._results.append(self.call())
        except BaseException as problem:  # it is raised again where the result is asked for
            self._problems.append(problem)

    def done(self, wait_s: float) -> bool:
        self._thread.join(wait_s)
        return not self._thread.is_alive()

    def result(self) -> T:
        if self._problems:
            raise self._problems[0]
        return self._results[0]


def _within(seconds: float, call: Callable[[], T]) -> T:
    """What a call returns; TimeoutError if that takes longer, as looking up a name may whatever timeout is set."""
    job = _Job(call)
    if not job.done(seconds):
        raise TimeoutError
    return job.result()
