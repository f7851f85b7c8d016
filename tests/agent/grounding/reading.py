"""What a page makes of a text: by a parser of Markdown that knows nothing of what is tested."""

import re

from markdown_it import MarkdownIt

HARMLESS = re.compile(r"/library/audio/\d+(?:#t=[\d.]+)?")
ADDRESS = re.compile(r"https?://|www\.|[\w.]@\w", re.IGNORECASE)


def live(text: str) -> list[str]:
    """What a page would load or lead to that is not a sound of the library; addresses become links as they stand."""
    found = []
    for block in MarkdownIt("commonmark").enable("table").parse(text):
        for token in block.children or [block]:
            if token.type in ("image", "html_inline", "html_block"):
                found.append(token.content or str(token.attrs))
            elif token.type == "link_open" and not HARMLESS.fullmatch(str(token.attrs["href"])):
                found.append(str(token.attrs["href"]))
            elif token.type == "text":
                found += ADDRESS.findall(token.content)
    return found
