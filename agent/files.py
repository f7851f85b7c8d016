"""Lays out the folder that Chainlit takes as its root, so that checkout and working directory are never written to.

Runs before chainlit is imported for the first time, since it fixes its paths then. Knows nothing of sounds.
"""

import hashlib
import json
import logging
import os
import secrets
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from platformdirs import user_data_path

from core.errors import MissingDependencyError

log = logging.getLogger(__name__)

UI = Path(__file__).parent / "ui"
PUBLIC = ("theme.json", "earshot.css", "earshot.js", "favicon.svg", "logo_light.svg", "logo_dark.svg", "elements")
OPEN_ORIGINS, LARGEST = "allow_origins = []", "max_size_mb = 200"
ALONE = """
/* One person uses this page: there is no account to look after. */
#user-nav-button { display: none; }
"""
MAX_PAGES = 50
SHELL = "shell-"
COOKIE = "earshot_login"
"""Cookies know no ports: with a name of its own it is kept apart from those of other programs."""


@dataclass(frozen=True, slots=True)
class PageFolder:
    """A root that this process alone uses until `close`."""

    root: Path
    lock: FileLock
    secret: str

    @property
    def shell(self) -> Path:
        """Where the page as a browser first gets it is kept for the next start, before Chainlit is loaded."""
        made_of = b"".join(each.read_bytes() for each in (UI / "config.toml", UI / "theme.json"))
        key = hashlib.sha256(version("chainlit").encode() + made_of).hexdigest()[:12]
        return self.root.parent / f"{SHELL}{key}.html"

    def keep_shell(self, page: str) -> None:
        """Keeps the page, in place of those of other versions."""
        part = self.root / "shell.html"
        part.write_text(page, encoding="utf-8")
        for stale in self.root.parent.glob(f"{SHELL}*.html"):
            stale.unlink(missing_ok=True)
        part.replace(self.shell)

    def close(self) -> None:
        """Drops what was uploaded, and lets another process have the folder."""
        shutil.rmtree(self.root / ".files", ignore_errors=True)
        self.lock.release()


def prepare_page(
    folder: Path | None = None, origins: Sequence[str] = (), *, upload_mb: int = 200, has_login: bool = False
) -> PageFolder:
    """A fresh root for Chainlit under `folder` (the user's data folder if not given), told to it by the environment.

    origins: the addresses that the page may be called from. upload_mb: the largest upload. has_login: whether one may
    log out. Uploads of earlier runs are removed; the secret that signs
    the login is kept, so an open page survives a restart. A second process gets a root of its own beside the first.
    """
    folder = (folder or user_data_path("earshot") / "page").expanduser().absolute()
    folder.mkdir(parents=True, exist_ok=True)
    page = _claim_root(folder, read_secret(folder / "secret"))
    _lay_out(page.root, {OPEN_ORIGINS: list(origins), LARGEST: upload_mb})
    if not has_login:
        with (page.root / "public" / "earshot.css").open("a", encoding="utf-8") as style:
            style.write(ALONE)
    _tell_chainlit(page)
    return page


def read_secret(path: Path) -> str:
    """The secret in a file that only its owner can read; made on the first call."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        path.chmod(0o600)
    else:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32))
    secret = path.read_text(encoding="ascii").strip()
    if len(secret) < 32:
        path.unlink()
        return read_secret(path)
    return secret


def welcome_page() -> Path:
    """Where chainlit.md stands: at the top of a checkout, or with the other page files in an installed program."""
    checkout = Path(__file__).parent.parent / "chainlit.md"
    return checkout if checkout.is_file() else UI / "chainlit.md"


def chainlit_folder() -> Path:
    """Where Chainlit is installed, without importing it. Raises MissingDependencyError."""
    spec = find_spec("chainlit")
    if spec is None or spec.origin is None:
        raise MissingDependencyError("the chat needs the package chainlit; install it with: pip install earshot")
    return Path(spec.origin).parent


def _claim_root(folder: Path, secret: str) -> PageFolder:
    for number in range(1, MAX_PAGES + 1):
        root = folder / f"root-{number}"
        lock = FileLock(folder / f"root-{number}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            continue
        return PageFolder(root, lock, secret)
    raise RuntimeError(f"{folder}: {MAX_PAGES} chats are running already; close one")


def _lay_out(root: Path, filled_in: dict[str, Any]) -> None:
    for stale in (".files", ".chainlit", "public"):
        shutil.rmtree(root / stale, ignore_errors=True)
    (root / ".chainlit" / "translations").mkdir(parents=True)
    (root / "public").mkdir()
    for name in PUBLIC:
        _copy(UI / name, root / "public" / name)
    for name in ("chainlit.md", "chainlit_en-US.md"):  # the second spares a warning on each load of the page
        shutil.copyfile(welcome_page(), root / name)
    config = (UI / "config.toml").read_text(encoding="utf-8")
    for line, value in filled_in.items():
        assert line in config
        config = config.replace(line, f"{line.partition(' = ')[0]} = {json.dumps(value)}")
    (root / ".chainlit" / "config.toml").write_text(config, encoding="utf-8")
    words = json.dumps(_translation(), indent=1, ensure_ascii=False)
    (root / ".chainlit" / "translations" / "en-US.json").write_text(words, encoding="utf-8")


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copyfile(source, target)


def _translation() -> dict[str, Any]:
    """Chainlit's own words, with ours over them: it shows bare keys for words that a translation lacks."""
    words = chainlit_folder() / "translations" / "en-US.json"
    ours = json.loads((UI / "translations.json").read_text(encoding="utf-8"))
    return _merge(json.loads(words.read_text(encoding="utf-8")), ours)


def _merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        merged[key] = _merge(merged.get(key, {}), value) if isinstance(value, dict) else value
    return merged


def _tell_chainlit(page: PageFolder) -> None:
    assert "chainlit.config" not in sys.modules, "chainlit was imported before its folder was ready"
    os.environ["CHAINLIT_APP_ROOT"] = str(page.root)
    os.environ["CHAINLIT_AUTH_SECRET"] = page.secret
    os.environ["CHAINLIT_COOKIE_SAMESITE"] = "strict"
    os.environ["CHAINLIT_AUTH_COOKIE_NAME"] = COOKIE
    logging.getLogger("chainlit").setLevel(logging.WARNING)  # it tells of each file it lays down, while it is imported
    log.debug("the page's files are in %s", page.root)
