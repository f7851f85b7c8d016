"""The server's own addresses: sounds, attachments and the map, for whoever is logged in."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from chainlit.auth import get_current_user
from fastapi import APIRouter, Depends, HTTPException
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse

from agent.playback import playable
from core.errors import AudioError, EarshotError, NotFoundError, UnknownNameError

if TYPE_CHECKING:
    from core.library import Library

STARTED = secrets.token_hex(4)  # another one after each start, by which a page sees that there was one
MAX_ID_DIGITS = 18  # what fits SQLite's integers


def own_routes(library: "Library") -> APIRouter:
    """All of them. Chainlit answers any unknown address with its page, so /library is closed off."""
    known = APIRouter(prefix="/library", dependencies=[Depends(get_current_user)])
    cache = library.folder / "cache" / "audio"

    @known.api_route("/audio/{sound_id}", methods=["GET", "HEAD"])
    def audio(sound_id: str) -> FileResponse:
        return _send(lambda: library.audio_path(_as_id(sound_id)), cache)

    @known.api_route("/attachment/{attachment_id}", methods=["GET", "HEAD"])
    def attachment(attachment_id: str) -> FileResponse:
        return _send(lambda: library.attachment(attachment_id).path, cache)

    @known.api_route("/map", methods=["GET", "HEAD"])
    def sound_map(clustering: str = "", space: str = "", colour: str = "cluster") -> HTMLResponse:
        return _draw(library, clustering, space, colour)

    @known.api_route("/{anything:path}", methods=["GET", "HEAD"])
    def nothing(anything: str) -> None:
        raise HTTPException(404, f"nothing is called {anything!r} here")

    routes = APIRouter()

    @routes.get("/health")
    async def health() -> JSONResponse:  # waits for no thread: while all of them decode sounds, it answers
        return JSONResponse({"status": "ok", "started": STARTED})

    routes.include_router(known)
    return routes


def _draw(library: "Library", clustering: str, space: str, colour: str) -> HTMLResponse:
    """The map as a page that hears the sounds from here; drawn anew each time, since its groups may be renamed."""
    from core.map_page import Sounds, page  # the encoder of previews is not needed before

    with _problems_told():
        found = library.maps.get(space or None, _as_id(clustering) if clustering else None)
    sounds = Sounds(base="/library/audio/")
    return HTMLResponse(page(found, sounds, colour), headers={"cache-control": "private, no-cache"})


def _as_id(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_ID_DIGITS):
        raise NotFoundError(f"nothing is called {text!r}; a sound or a clustering is named by its number")
    return int(text)


def _send(find: Callable[[], Path], cache: Path) -> FileResponse:
    """A sound in ranges, as a player asks for it; asked for anew each time, since numbers differ between libraries."""
    with _problems_told():
        found = playable(find(), cache)
    return FileResponse(found.path, media_type=found.media_type, headers={"cache-control": "private, no-cache"})


@contextmanager
def _problems_told() -> Iterator[None]:
    """A known problem as the answer that fits it."""
    try:
        yield
    except (NotFoundError, UnknownNameError, FileNotFoundError) as error:
        raise HTTPException(404, str(error)) from error
    except AudioError as error:
        raise HTTPException(415, str(error)) from error
    except EarshotError as error:
        raise HTTPException(409, str(error)) from error
