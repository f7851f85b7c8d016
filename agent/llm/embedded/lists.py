"""The word lists and examples as they are written in `lexicon.toml` and `examples.toml`, each read once."""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

BRACES = re.compile(r"\{[^}]*\}")
"""What an example is about: any other words may stand there."""


@cache
def lexicon() -> Mapping[str, Any]:
    """The tables of `lexicon.toml`: short forms, numbers, ordinals, units, domains, spelling, words around words."""
    return tomllib.loads(Path(__file__).with_name("lexicon.toml").read_text(encoding="utf-8"))


@cache
def examples() -> dict[str, list[str]]:
    """The sentences of `examples.toml` by intent, braces and all."""
    return tomllib.loads(Path(__file__).with_name("examples.toml").read_text(encoding="utf-8"))


@cache
def spoken_of() -> frozenset[str]:
    """The words that stand in braces in the examples of searches."""
    said = " ".join(BRACES.findall(" ".join(examples()["words"])))
    return frozenset(re.findall(r"[a-z]+", said))
