"""Shows all sounds on a map."""

from collections.abc import Callable

from langchain_core.tools import BaseTool

from core.errors import UnknownNameError
from core.library import Library
from core.maps import SoundMap
from core.records import Progress
from tools.base import Answer, as_tool, noted, quoted

TITLES_TOLD = 12


def show_map_tool(library: Library, report: Callable[[Progress], None]) -> BaseTool:
    """The tool over a library; `report` hears how far the places are, where they have to be worked out."""

    def show_map(clustering: int | None = None, colour: str = "cluster") -> Answer:
        """Show the person a map of all sounds, on which neighbours sound alike; they can play and select on it.

        Args:
            clustering: The id of the clustering whose groups are shown; leave it out for the current one.
            colour: What to colour by: cluster, domain, brightness, loudness, pitch, duration, tempo or noisiness.
        """
        found = library.maps.get(clustering=clustering, report=report)
        chosen = _colour(found, colour)
        sizes = {number: found.clusters.count(number) for number in sorted(set(found.clusters)) if number}
        artifact = {
            "kind": "map",
            "title": f"A map of {len(found.ids):,} sounds",
            "clustering": found.clustering,
            "space": found.space,
            "colour": chosen,
            "n": len(found.ids),
            "groups": len(sizes),
        }
        text = f"a map of {len(found.ids)} sounds in {len(sizes)} groups is on the person's screen; no need to list it."
        if found.clustering is not None:
            named = [
                f"cluster {number} {quoted(found.titles.get(number, ''))}, {n} sounds" for number, n in sizes.items()
            ]
            outside = found.clusters.count(0)
            rest = [f"{outside} sounds in no group"] if outside else []
            more = [f"and {len(named) - TITLES_TOLD} more groups"] if len(named) > TITLES_TOLD else []
            text = "\n".join([f"{text} Clustering {found.clustering}:", *named[:TITLES_TOLD], *more, *rest])
        else:
            text += " The sounds are not grouped yet."
        return noted(library, (f"{text}\nTell the person: {found.note}" if found.note else text, artifact))

    return as_tool(show_map)


def _colour(found: SoundMap, colour: str) -> str:
    """What the map knows a way to colour by: cluster, domain or the full name of a descriptor."""
    asked = colour.strip().lower()
    known = ["cluster", "domain", *found.descriptors]
    name = next((each for each in known if each == asked or each.split("_")[0] == asked), None)
    if name is None:
        names = ", ".join(each.split("_")[0] for each in known)
        raise UnknownNameError(f"a map cannot be coloured by {quoted(colour)}; known are {names}")
    return name
