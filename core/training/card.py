"""The part of the model card that machines read, `core/assets/builtin.json`: what ships, and what it must score.

The tests compare what is installed with it. What people read stands beside it, in `builtin.md`.
"""

import hashlib
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from core import ontology, phrases
from core.demo.encode import audio_bytes
from core.demo.kinds import KINDS
from core.embedding.builtin import JOINT, LESSONS, WEIGHTS, BuiltinEmbedder
from core.heard import COMMONNESS
from core.labels import Labelled
from core.tagging import CALIBRATION
from core.training.evaluate import JOINED, Result, hear, score
from core.words import ALIASES, FOLDER, TOKENIZER, VECTORS

CARD = WEIGHTS.with_suffix(".json")
LEARNED = (WEIGHTS, JOINT, LESSONS, CALIBRATION, COMMONNESS)
WORDS = (ontology.ASSET, phrases.ASSET, FOLDER / VECTORS, FOLDER / TOKENIZER, FOLDER / ALIASES)
FILES = (*LEARNED, *WORDS)
VARIANTS, SEED = 2, 2  # of every kind of the demo; the demo library is seed 0, the training heard seed 1


def made() -> dict[str, Any]:
    """The card of what is in `core/assets/` now."""
    with TemporaryDirectory() as folder:
        scores = score_synthesised(Path(folder)).as_dict()
    return {"version": BuiltinEmbedder.version, "files": hashes(), "synthesised": scores}


def write(out: Path = CARD) -> None:
    """Writes the card of what is in `core/assets/` now."""
    out.write_text(json.dumps(made(), indent=1) + "\n", encoding="utf-8")


def hashes() -> dict[str, str]:
    """SHA-256 of every file that the ears and their words are made of, by its name below `core/assets/`."""
    return {str(file.relative_to(WEIGHTS.parent)): hashlib.sha256(file.read_bytes()).hexdigest() for file in FILES}


def score_synthesised(folder: Path) -> Result:
    """The scores of the ears on synthesised sounds of every kind, which are laid down in `folder`."""
    sounds = []
    for kind in KINDS.values():
        for number in range(VARIANTS):
            sound, path = kind.variant(number, SEED), folder / f"{kind.name}_{number}.flac"
            path.write_bytes(audio_bytes(sound.samples[None], sound.sample_rate_hz, "flac"))
            sounds.append(Labelled(path, kind.name, path.name))
    return score(hear([sound.path for sound in sounds])[JOINED], sounds)
