"""The rules of the house: which way imports go, what loads when, and what every file owes its reader."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]
PACKAGES = ("core", "tools", "agent")
FILES = sorted(path for package in PACKAGES for path in (CHECKOUT / package).rglob("*.py"))
OURS = {"core", "tools", "agent", "tests"}
MAY_IMPORT = {"core": {"core"}, "tools": {"core", "tools"}, "agent": {"core", "tools", "agent"}}
HEAVY = (
    "torch",
    "transformers",
    "faiss",
    "umap",
    "langchain",
    "langchain_core",
    "langgraph",
    "chainlit",
    "sklearn",
    "matplotlib",
    "PIL",
)
LONGEST_FILE = 400

every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(CHECKOUT).as_posix())


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports_of(tree: ast.Module) -> Iterator[str]:
    """The dotted names of all modules that are imported, also within functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: imports are what the tree shows, not relative"
            yield node.module or ""


def wrong_imports(package: str, tree: ast.Module) -> list[str]:
    """The imports that a module of a package may not have."""
    tops = {name: name.split(".")[0] for name in imports_of(tree)}
    wrong = [name for name, top in tops.items() if top in OURS - MAY_IMPORT[package]]
    if package == "core":
        wrong += [name for name, top in tops.items() if top.startswith(("langchain", "langgraph", "chainlit"))]
    if package == "tools":
        allowed = {"core", "tools", "langchain_core", *sys.stdlib_module_names}
        wrong += [name for name, top in tops.items() if top not in allowed]
    return sorted(set(wrong))


def undocumented(tree: ast.Module) -> list[str]:
    """Public functions, classes and methods without a docstring; an override of one line says what its base says."""
    found = []

    def look(body: list[ast.stmt], prefix: str) -> None:
        for node in body:
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or node.name.startswith("_"):
                continue
            if ast.get_docstring(node) is None:
                found.append(prefix + node.name)
            if isinstance(node, ast.ClassDef):
                look(node.body, f"{prefix}{node.name}.")

    look(tree.body, "")
    return found


# --- imports ----------------------------------------------------------------------------------------------------------


def test_there_is_something_to_check() -> None:
    assert {path.relative_to(CHECKOUT).parts[0] for path in FILES} == set(PACKAGES)
    assert len(FILES) > 50


@every_file
def test_imports_go_from_agent_to_tools_to_core(path: Path) -> None:
    package = path.relative_to(CHECKOUT).parts[0]
    assert wrong_imports(package, tree_of(path)) == []


@pytest.mark.parametrize(
    ("package", "code"),
    [
        ("core", "import tools.base"),
        ("core", "def f():\n    from agent.cli import main"),
        ("core", "from langchain_core.tools import BaseTool"),
        ("core", "import chainlit as cl"),
        ("tools", "from agent import graph"),
        ("tools", "import langgraph.graph"),
        ("tools", "import numpy"),
        ("agent", "from tests.sounds import sine"),
    ],
)
def test_a_wrong_import_is_noticed(package: str, code: str) -> None:
    assert len(wrong_imports(package, ast.parse(code))) == 1


def test_no_module_of_the_agent_hides_a_package() -> None:
    """Chainlit puts the folder of its app first on the path: `agent/tools.py` would be `import tools` there."""
    names = {path.stem for path in (CHECKOUT / "agent").iterdir() if path.suffix == ".py" or path.is_dir()}
    assert not names & {"tools", "core", "mcp", "tests", "agent"}
    assert not (names - {"__init__", "__pycache__"}) & {name.split(".")[0] for file in FILES for name in modules(file)}


def modules(path: Path) -> set[str]:
    return {name for name in imports_of(tree_of(path)) if name.split(".")[0] not in OURS}


def loaded_by(code: str) -> set[str]:
    """The heavy libraries that some code loads in a fresh process."""
    report = f"{code}\nimport sys\nprint(*[name for name in {HEAVY!r} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-B", "-c", report], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def test_importing_core_loads_nothing_heavy() -> None:
    everything = "import core, core.ingest, core.listening, core.embedding, core.captioning, core.store.vectors"
    everything += ", core.plots.animation, core.plots.bic, core.plots.clusters, core.plots.sound_map"
    assert loaded_by(f"{everything}\nfrom core.library import Library\nLibrary()") == set()


def test_the_command_line_starts_without_what_hears_draws_or_talks() -> None:
    slow = ("scipy", "PIL", "onnxruntime", "langchain_core", "langgraph", "fastapi", "starlette")
    code = f"import agent.cli, sys\nassert not {slow!r} & sys.modules.keys(), {slow!r} & sys.modules.keys()"
    assert loaded_by(code.replace(repr(slow), repr(set(slow)))) == set()


def test_the_agent_is_built_without_what_hears() -> None:
    code = "import agent.graph, sys\nassert not {'scipy', 'onnxruntime'} & sys.modules.keys()"
    assert loaded_by(code) <= {"langchain", "langgraph", "langchain_core"}


def test_listing_backends_loads_none_and_using_the_index_loads_faiss() -> None:
    code = "from core.store.vectors import INDEXES\nassert 'faiss' in INDEXES.names()"
    assert loaded_by(code) == set()
    assert "faiss" in loaded_by(f"{code}\nINDEXES.load('faiss')")


# --- what every file owes its reader ----------------------------------------------------------------------------------


@every_file
def test_a_module_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(tree_of(path)), "begin the file with a docstring"


@pytest.mark.parametrize(
    "path",
    [path for path in FILES if path.relative_to(CHECKOUT).parts[0] in ("core", "tools")],
    ids=lambda path: path.relative_to(CHECKOUT).as_posix(),
)
def test_everything_public_says_what_the_caller_gets(path: Path) -> None:
    assert undocumented(tree_of(path)) == []


def test_a_missing_docstring_is_noticed() -> None:
    code = "def a(): ...\nclass B:\n    'B.'\n    def c(self): ...\n    def _d(self): ...\nasync def e():\n    'E.'"
    assert undocumented(ast.parse(code)) == ["a", "B.c"]


@every_file
def test_only_the_command_line_prints(path: Path) -> None:
    calls = (node.func for node in ast.walk(tree_of(path)) if isinstance(node, ast.Call))
    prints = [call.lineno for call in calls if isinstance(call, ast.Name) and call.id == "print"]
    assert prints == [] or path == CHECKOUT / "agent" / "cli.py"


@every_file
def test_a_file_is_short_and_named_for_what_it_holds(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE, (
        "split it where it has two reasons to change"
    )
    assert not re.fullmatch(r"utils?|helpers?|misc|common", path.stem)


@every_file
def test_no_error_is_swallowed_without_a_word(path: Path) -> None:
    handlers = [node for node in ast.walk(tree_of(path)) if isinstance(node, ast.ExceptHandler)]
    silent = [node.lineno for node in handlers if all(isinstance(each, ast.Pass) for each in node.body)]
    bare = [node.lineno for node in handlers if node.type is None]
    assert silent + bare == []
