"""A small library of synthesised sounds, the first that a new user hears and a labelled one for tests.

All of it is computed with numpy and scipy: no recording, nothing to fetch, no licence to mind.
Knows nothing of libraries: it fills a folder, as a person would.
"""

from core.demo.kinds import KINDS, Kind, Sound
from core.demo.making import make_demo

__all__ = ["KINDS", "Kind", "Sound", "make_demo"]
