"""From sounds that were drawn around on a map to a selection that is kept, and to what the person says of it.

Checks what the page sends; knows no Chainlit.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from core.errors import EarshotError

if TYPE_CHECKING:
    from core.library import Library

SAYS = {
    "what": "what is in selection {}?",
    "cluster": "cluster only selection {}",
    "export": "export selection {}",
}
LARGEST = 100_000


def keep_selection(library: "Library", payload: Mapping[str, Any]) -> dict[str, Any]:
    """Keeps the ids in a payload: {"selection", "say"}, what to send as the person; or {"error"}, a sentence."""
    ids, then = payload.get("ids"), payload.get("then")
    if not isinstance(ids, list) or len(ids) > LARGEST or not all(type(each) is int for each in ids):
        return {"error": f"a selection is a list of at most {LARGEST:,} numbers of sounds; draw around them again"}
    if not isinstance(then, str) or then not in SAYS:
        return {"error": f"nothing can be done by that name with a selection; known are {', '.join(SAYS)}"}
    try:
        selection = library.keep_selection(ids)
    except EarshotError as problem:
        return {"error": str(problem)}
    return {"selection": selection, "say": SAYS[then].format(selection)}
