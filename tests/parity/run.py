"""`make parity [FOLDER=...]`: gives the conette package an environment of its own, runs it and ours, and compares.

FOLDER: where that environment and the random models are kept, 2 GB; `.parity` in the checkout if not given. It needs
Python 3.11, the last one that the package runs on. Ends with 1 if the two disagree, with 2 if they cannot be compared.
"""

import argparse
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from tests.parity import conette_ours
from tests.parity.conette_ours import out

HERE = Path(__file__).parent
REQUIREMENTS = HERE / "requirements.txt"
PYTHON = "python3.11"


def main() -> int:
    parser = argparse.ArgumentParser(prog="make parity")
    parser.add_argument("folder", nargs="?", type=Path, default=HERE.parents[1] / ".parity")
    folder = parser.parse_args().folder.absolute()
    models = folder / "models"
    try:
        python = environment(folder)
        out.print("running the conette package (about a minute)")
        subprocess.run([python, "-W", "ignore", HERE / "conette_reference.py", models], cwd=folder, check=True)
        agree = conette_ours.main(models)
    except (subprocess.CalledProcessError, OSError) as problem:
        out.print(f"the two could not be compared: {problem}")
        return 2
    finally:
        shutil.rmtree(models, ignore_errors=True)
    return 0 if agree else 1


def environment(folder: Path) -> Path:
    """The interpreter of the package's environment; it is made if it is not there or not that of the requirements."""
    made, stamp = folder / "venv", folder / "venv" / "requirements.sha256"
    python = made / "bin" / "python"
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text() == wanted:
        return python
    out.print(f"making the environment of the conette package in {made} (several minutes, 1.7 GB)")
    found = sys.executable if sys.version_info[:2] == (3, 11) else shutil.which(PYTHON)
    if found is None:
        raise OSError(f"there is no {PYTHON}; install it and try again")
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run([found, "-m", "venv", "--clear", made], check=True)
    subprocess.run([python, "-m", "pip", "install", "-qq", "--no-deps", "-r", REQUIREMENTS], check=True)
    stamp.write_text(wanted)
    return python


if __name__ == "__main__":
    sys.exit(main())
