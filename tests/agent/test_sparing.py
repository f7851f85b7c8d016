"""What Chainlit brings along and nothing here uses is not loaded with it, and is there for whoever asks later."""

import gc
import subprocess
import sys
from pathlib import Path

import pytest

from agent.sparing import SPARED, spared

CHECKOUT = Path(__file__).parents[2]

LOADED = """
import os, sys, tempfile
os.environ["CHAINLIT_APP_ROOT"] = tempfile.mkdtemp()
from agent.sparing import spared
with spared():
    import chainlit.server
print(*(name in sys.modules for name in ("aiohttp", "mcp", "traceloop", "grpc")))
import aiohttp, mcp
print(hasattr(aiohttp, "ClientSession"), hasattr(mcp, "StdioServerParameters"))
"""


def test_chainlit_is_loaded_without_what_nothing_here_uses_and_that_can_be_loaded_later():
    run = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True, cwd=CHECKOUT)
    assert run.stdout.splitlines() == ["False False False False", "True True"]


def test_what_is_loaded_already_stays_as_it_is():
    import mcp

    with spared():
        assert sys.modules["mcp"] is mcp
    assert sys.modules["mcp"] is mcp


def test_all_is_as_before_after_a_failure():
    before = {name: sys.modules.get(name) for name in SPARED}
    with pytest.raises(ZeroDivisionError), spared():
        assert not gc.isenabled()
        raise ZeroDivisionError
    assert gc.isenabled()
    assert {name: sys.modules.get(name) for name in SPARED} == before
