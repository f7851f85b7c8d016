"""What an export, or its undo, is known again by: what a person agreed to and what is done have the same seal."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from core.export.records import Plan


def seal_of_plan(plan: Plan) -> str:
    """The seal of all that a plan would write and leave out. Where a new folder gets a number, any number will do."""
    told = {"form": plan.form, "clustering": plan.clustering, "clusters": list(plan.clusters)}
    files = [(file.path, file.source, file.link, file.size_bytes, file.sha256) for file in plan.files]
    left_out = [asdict(each) for each in plan.left_out]
    where = plan.folder.parent if plan.is_new else plan.folder
    return _seal([told, files, left_out, str(where), plan.manifest])


def seal_of_subtitles(plan: Plan, told: Mapping[str, object]) -> str:
    """The seal of subtitles that would be saved. told: of which sound they are, and what was changed in them."""
    return _seal([plan.form, [file.path for file in plan.files], str(plan.folder.parent), dict(told)])


def seal_of_undo(manifest: Path) -> str:
    """The seal of one export that would be taken back. Raises OSError if its manifest cannot be read."""
    return _seal([str(manifest), hashlib.sha256(manifest.read_bytes()).hexdigest()])


def _seal(told: object) -> str:
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()
