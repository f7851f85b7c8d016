"""Captioners: each module writes one sentence about a sound. See `base.py` for what every one of them promises."""

from core.captioning.base import Captioner, Subject
from core.registry import Registry

CAPTIONERS: Registry[Captioner] = Registry("core.captioning", "captioner")

__all__ = ["CAPTIONERS", "Captioner", "Subject"]
