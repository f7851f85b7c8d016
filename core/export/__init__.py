"""Taking sounds away: copies, links and lists of them in a folder, with a manifest by which all of it is taken back.

`exports.py` is what a library offers. Originals are only read; nothing that was there before is written over.
"""

from core.export.exports import Exports
from core.export.records import FORMS, LINKS, Exported, LeftOut, Plan, Undone
from core.export.undoing import undo
from core.export.writing import Export

__all__ = ["FORMS", "LINKS", "Export", "Exported", "Exports", "LeftOut", "Plan", "Undone", "undo"]
