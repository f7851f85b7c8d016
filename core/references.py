"""How sounds are named: 412 is a sound, 412:7 the eighth window of it."""

import re

from core.errors import NotFoundError

SOUND = re.compile(r"#?(\d{1,18})(?::(\d{1,9}))?")  # what SQLite can count to


def parse_reference(reference: str) -> tuple[int, int | None]:
    """The sound, and the chunk if one is named, in "412", "#412" or "412:7". Raises NotFoundError for anything else."""
    match = SOUND.fullmatch(reference.strip())
    if match is None:
        raise NotFoundError(f"{reference!r} names no sound; name one as 412, or a chunk of it as 412:7")
    return int(match[1]), None if match[2] is None else int(match[2])
