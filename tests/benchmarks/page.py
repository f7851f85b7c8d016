"""How soon the page can be used and an answer begins, with some 4,000 sounds: `python -m tests.benchmarks.page`.

The library is the demo, with each of its sounds fourteen times: heard once, its rows multiplied, its files linked.
Needs Chromium and the embedded chat model alone; prints medians.
"""

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, Page, expect, sync_playwright
from rich.console import Console
from rich.table import Table

from core.demo import make_demo
from core.library import Library
from core.settings import Settings
from tests.browser.visits import CHROMIUM, FLAGS, USABLE

COPIES = 14
STARTS = 20
A_CHAT = 5  # questions in each chat
QUESTIONS = (
    *("find rain", "find a dog", "find bells", "find glass", "find a kick drum", "find birds", "find an engine"),
    *("find footsteps", "find thunder", "find a siren", "find wind", "find laughter", "find a snare", "find a frog"),
    *("find an owl", "find applause", "find water", "find a piano", "find something metallic", "find a cat"),
)
TABLES = {"files": "sound_id", "vectors": "sound_id", "tags": "sound_id", "captions": "sound_id"}
TABLES |= {"descriptors": "sound_id", "words": "rowid"}
BEGUN = "[data-step-type=tool], [data-step-type=assistant_message]"

out = Console(width=110)


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        n_sounds = make_library(folder)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            starts = [start_of(folder, browser) for _ in range(STARTS)]
            first_s, rest = replies(folder, browser)
            browser.close()
        table = Table(title=f"The page, {n_sounds} sounds: seconds, median (worst)")
        for name in ("what", "seconds"):
            table.add_column(name)
        table.add_row(f"command to address, {STARTS} starts", told([each[0] for each in starts]))
        table.add_row(f"command to a page that can be used, {STARTS} starts", told([each[1] for each in starts]))
        table.add_row("first question to the beginning of its answer, once", f"{first_s:.2f}")
        table.add_row(f"question to the beginning of its answer, {len(rest)} questions", told([r[0] for r in rest]))
        table.add_row(f"question to its whole answer, {len(rest)} questions", told([each[1] for each in rest]))
        out.print(table)


def told(seconds: list[float]) -> str:
    return f"{median(seconds):.2f} ({max(seconds):.2f})"


def make_library(folder: Path) -> int:
    """The demo heard once, and its rows and files multiplied; how many sounds that makes."""
    list(make_demo(folder / "demo"))
    settings = Settings(library=folder / "library", _env_file=None)
    list(Library(settings.library, settings).ingest([folder / "demo"]))
    with sqlite3.connect(settings.library / "earshot.db") as db:
        step = db.execute("SELECT max(id) FROM sounds").fetchone()[0]
        paths = [Path(path) for (path,) in db.execute("SELECT path FROM files")]
        for copy in range(1, COPIES):
            for path in paths:
                os.link(path, f"{path}.{copy}{path.suffix}")
            multiply(db, copy, step * copy)
        db.execute("UPDATE spaces SET revision = revision + 1")
        (count,) = db.execute("SELECT count(*) FROM sounds").fetchone()
    db.close()
    return int(count)


def multiply(db: sqlite3.Connection, copy: int, shift: int) -> None:
    """Adds each sound of the demo once more, under an id, a hash and a path of its own."""
    heard = shift // copy
    insert(db, "sounds", {"id": f"id + {shift}", "sha256": f"sha256 || {copy}"}, f"id <= {heard}")
    ending = "replace(path, rtrim(path, replace(path, '.', '')), '')"
    for table, column in TABLES.items():
        changed = {column: f"{column} + {shift}", "id": "NULL", "path": f"path || '.{copy}.' || {ending}"}
        insert(db, table, changed, f"{column} <= {heard}")


def insert(db: sqlite3.Connection, table: str, changed: dict[str, str], where: str) -> None:
    columns = [name for (name,) in db.execute("SELECT name FROM pragma_table_info(?)", [table])]
    if table == "words":
        columns = ["rowid", *columns]
    values = ", ".join(changed.get(name, name) for name in columns)
    db.execute(f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {table} WHERE {where}")


@contextmanager
def chat(folder: Path) -> Iterator[str]:
    """The command as a person starts it; its address."""
    command = [sys.executable, "-m", "agent.cli", "chat", "--library", str(folder / "library"), "--port", "0"]
    environment = os.environ | {"XDG_DATA_HOME": str(folder / "data"), "MISTRAL_API_KEY": ""}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([*command, "--no-browser", "--json"], text=True, env=environment, **pipes)
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())["url"]
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def start_of(folder: Path, browser: Browser) -> tuple[float, float]:
    begun = time.monotonic()
    with chat(folder) as url:
        listening_s = time.monotonic() - begun
        page = browser.new_page()
        page.goto(url)
        expect(page.locator(USABLE).first).to_be_visible(timeout=30_000)
        usable_s = time.monotonic() - begun
        page.close()
    return listening_s, usable_s


def replies(folder: Path, browser: Browser) -> tuple[float, list[tuple[float, float]]]:
    with chat(folder) as url:
        page = browser.new_page()
        page.goto(url)
        expect(page.locator(USABLE).first).to_be_visible(timeout=30_000)
        first_s, _ = reply(page, "find music")
        told = []
        for number, question in enumerate(QUESTIONS):
            if number % A_CHAT == 0:
                page.locator("#new-chat-button").first.click()
                expect(page.locator(USABLE).first).to_be_visible()
            told.append(reply(page, question))
        return first_s, told


def reply(page: Page, question: str) -> tuple[float, float]:
    """Seconds from Enter until the first of an answer is on the page, and until all of it is."""
    page.locator("#chat-input").click()
    page.keyboard.insert_text(question)
    shown = page.locator(BEGUN).count()
    asked = time.monotonic()
    page.keyboard.press("Enter")
    page.wait_for_function(f"n => document.querySelectorAll({json.dumps(BEGUN)}).length > n", arg=shown)
    begun_s = time.monotonic() - asked
    page.wait_for_function("() => !document.querySelector('#stop-button')")
    return begun_s, time.monotonic() - asked


if __name__ == "__main__":
    main()
