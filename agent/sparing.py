"""Loads Chainlit without what it brings along and nothing here uses: half of the time that it takes to import."""

import gc
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any

SPARED: Mapping[str, Mapping[str, Any] | None] = {
    "aiohttp": None,  # calls other servers' sockets; who imports it does without where it is missing
    "mcp": {"ClientSession": object},  # calls other servers' tools, which the page's settings forbid; named in a hint
    "traceloop": {},
    "traceloop.sdk": {"Traceloop": None},  # traces what is called; nothing here is to be traced
}
"""Names of modules, and what is imported from each; None for one that is to be missing."""


@contextmanager
def spared() -> Iterator[None]:
    """While it is open, the modules of `SPARED` are not loaded; whoever imports them afterwards gets the real ones.

    Python's search for rings of rubbish rests as well: loading makes a hundred thousand things that all stay.
    """
    missing = {name: _stand_in(name, given) for name, given in SPARED.items() if name not in sys.modules}
    sys.modules.update(missing)  # type: ignore[arg-type]  # None is how Python writes a missing module
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        for name in missing:
            sys.modules.pop(name, None)
        gc.freeze()
        if collects:
            gc.enable()


def _stand_in(name: str, given: Mapping[str, Any] | None) -> ModuleType | None:
    if given is None:
        return None
    module = ModuleType(name, "Left out by Earshot.")
    vars(module).update(given)
    return module
