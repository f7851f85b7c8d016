"""Separators: each module takes a mixture apart. See `base.py` for what every one of them promises."""

from core.registry import Registry
from core.separation.base import Component, Separator
from core.settings import Settings

SEPARATORS: Registry[Separator] = Registry("core.separation", "separator")


def make_separator(name: str, settings: Settings | None = None) -> Separator:
    """The separator of a name. Nothing is loaded yet.

    Raises UnknownNameError with the known names, or MissingDependencyError with the command that installs the rest.
    """
    return SEPARATORS.load(name)(settings)


__all__ = ["SEPARATORS", "Component", "Separator", "make_separator"]
