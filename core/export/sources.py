"""Which file an export takes a sound from: one that is there and still holds what was heard."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import NotFoundError
from core.export.records import LeftOut
from core.store.places import HeldFile, HeldSound

MOST_TOLD = 3


@dataclass(frozen=True, slots=True)
class Source:
    """A file that holds a sound now. path: absolute. sha256: of its bytes."""

    path: str
    sha256: str
    size_bytes: int


def find_sources(
    ids: Sequence[int], held: Mapping[int, HeldSound], *, skip_missing: bool, hashed: bool = False
) -> tuple[dict[int, Source], list[LeftOut]]:
    """A file for each sound by its id, and the sounds that have none any more.

    Size and time of a file tell whether it is as it was heard; if its time differs, or if all are to be hashed, its
    hash does. Raises NotFoundError for a sound that is not known, for one that is gone or changed unless those are to
    be skipped, and if nothing is left.
    """
    found: dict[int, Source] = {}
    left_out: list[LeftOut] = []
    for sound_id in ids:
        if sound_id not in held:
            raise NotFoundError(f"there is no sound {sound_id}; search for one")
        source = find_source(sound_id, held[sound_id], hashed=hashed)
        if isinstance(source, Source):
            found[sound_id] = source
        else:
            left_out.append(source)
    if left_out and (not skip_missing or not found):
        raise NotFoundError(_told(left_out, len(ids)))
    return found, left_out


def find_source(sound_id: int, sound: HeldSound, *, hashed: bool = False) -> Source | LeftOut:
    """A file that holds a sound now, or why there is none; `find_sources` tells how that is known."""
    left_out = LeftOut(sound_id, sound.files[0].path if sound.files else "", "is gone")
    for file in sound.files:  # if one cannot be taken, another may hold the same sound
        try:
            if _is_as_it_was(file, sound.sha256, hashed):
                return Source(file.path, sound.sha256, file.size_bytes)
            left_out = LeftOut(sound_id, file.path, "has changed since it was heard")
        except PermissionError:
            left_out = LeftOut(sound_id, file.path, "cannot be read")
        except OSError:
            continue
    return left_out


def sha256_of(path: str | Path) -> str:
    """SHA-256 of the bytes of a file, in hex."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_as_it_was(file: HeldFile, sha256: str, hashed: bool) -> bool:
    status = os.stat(file.path)
    if not hashed and (status.st_size, status.st_mtime_ns) == (file.size_bytes, file.mtime_ns):
        return True
    return status.st_size == file.size_bytes and os.path.isfile(file.path) and sha256_of(file.path) == sha256


def _told(left_out: Sequence[LeftOut], of: int) -> str:
    first = [f"sound {each.id} ({each.path or 'no file'}) {each.reason}" for each in left_out[:MOST_TOLD]]
    more = f" and {len(left_out) - MOST_TOLD} more" if len(left_out) > MOST_TOLD else ""
    count = f"{len(left_out)} of {of} sounds cannot be exported: {', '.join(first)}{more}"
    if len(left_out) == of:
        return f"{count}; ingest the folders that hold them now"
    return f"{count}; ingest the folders that hold them now, or leave them out with: --skip-missing"
