"""The people who may use the page of a library from other machines: their names, and what proves their passwords.

One file in the library's folder, that only its owner can read. Without anyone in it, the page has no login.
"""

import base64
import hashlib
import hmac
import json
import os
import re
import secrets
import tempfile
import time
import unicodedata
from pathlib import Path
from typing import Any

from core.errors import EarshotError, NotFoundError

ACCOUNTS = "users.json"
NAME = re.compile(r"[\w.@+-]{1,64}")
SHORTEST, LONGEST = 8, 1024  # letters of a password
COST = {"n": 2**15, "r": 8, "p": 1}
"""Of scrypt (RFC 7914): 32 MiB and some 0.1 s for each try."""


class Accounts:
    """The accounts of the library in a folder, read anew each time: who is removed is out at once."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / ACCOUNTS

    def names(self) -> list[str]:
        """Who may come in, in alphabetical order."""
        return sorted(self._read())

    def put(self, name: str, password: str) -> bool:
        """Adds a person, or gives one a new password, which ends their open logins; whether the name is new.

        Raises EarshotError for a name or a password that cannot be one.
        """
        name = tidy(name)
        if not NAME.fullmatch(name):
            raise EarshotError(f"{name!r} cannot be a name; use up to 64 letters, digits and . @ + - _")
        if not SHORTEST <= len(password) <= LONGEST:
            raise EarshotError(f"a password has {SHORTEST} to {LONGEST} letters; choose another")
        known = self._read()
        salt = secrets.token_bytes(16)
        proof = {"salt": _text(salt), "hash": _text(_hashed(password, salt, COST)), **COST}
        self._write({**known, name: {**proof, "since_s": int(time.time())}})
        return name not in known

    def remove(self, name: str) -> None:
        """Takes a person out; their chats stay. Raises NotFoundError for a name that is not in."""
        known = self._read()
        if known.pop(tidy(name), None) is None:
            names = ", ".join(sorted(known)) or "nobody"
            raise NotFoundError(f"no account is called {name!r}; there is: {names}")
        self._write(known)

    def proves(self, name: str, password: str) -> bool:
        """Whether the password is the person's. As slow for an unknown name, so that names cannot be tried out."""
        account = self._read().get(tidy(name))
        proof = account or {"salt": _text(b"\0" * 16), "hash": _text(b"\0" * 64), **COST}
        given = _hashed(password[:LONGEST], _bytes(proof["salt"]), proof)
        return hmac.compare_digest(given, _bytes(proof["hash"])) and account is not None

    def since_s(self, name: str) -> int | None:
        """When the person's password was set, in seconds of Unix time: older logins count no more. None: nobody."""
        account = self._read().get(name)
        return None if account is None else int(account["since_s"])

    def _read(self) -> dict[str, dict[str, Any]]:
        try:
            known: dict[str, dict[str, Any]] = json.loads(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise EarshotError(f"{self._path} cannot be read; mend it, or remove it and add everyone anew") from error
        return known

    def _write(self, known: dict[str, dict[str, Any]]) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(  # which only its owner can read
                "w", dir=self._path.parent, prefix=".part-", delete=False, encoding="utf-8"
            ) as part:
                json.dump(known, part, indent=1, ensure_ascii=False)
            os.replace(part.name, self._path)
        except OSError as error:
            raise EarshotError(
                f"{self._path} cannot be written ({error.strerror}); make its folder writable"
            ) from error


def tidy(name: str) -> str:
    """A name as it is kept: letters that look alike are one, capitals do not count."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def _hashed(password: str, salt: bytes, cost: dict[str, Any]) -> bytes:
    n, r, p = int(cost["n"]), int(cost["r"]), int(cost["p"])
    secret = unicodedata.normalize("NFKC", password).encode()
    return hashlib.scrypt(secret, salt=salt, n=n, r=r, p=p, maxmem=256 * n * r, dklen=64)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text)
