"""A server on this machine that speaks Mistral's protocol, and misbehaves as it is told to.

It checks the order of messages as the real one does, and answers 400 to what that would refuse.
"""

import json
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "sk-0123456789abcdefghijklmnopqrstuv"
CALL_ID = re.compile(r"[a-zA-Z0-9]{9}")


@dataclass(frozen=True)
class Reply:
    """One answer of the server: a stream of chunks with `end` after it, or a body with a status."""

    deltas: tuple[dict[str, Any], ...] = ()
    finish: str | None = "stop"
    end: str = "done"  # "done", "cut" (the connection closes), "stall" (nothing more comes), "drop" (no answer at all)
    status: int = 200
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)


def says(text: str, **more: Any) -> Reply:
    """A text, word by word."""
    return Reply(tuple({"content": word} for word in re.findall(r"\S+\s*", text)), **more)


def calls(*made: tuple[str, str], text: str = "", **more: Any) -> Reply:
    """Calls of tools: names and arguments as they are written, sound or not."""
    wanted = [
        {"id": f"call{number:05d}", "index": number, "function": {"name": name, "arguments": arguments}}
        for number, (name, arguments) in enumerate(made)
    ]
    said = ({"content": text},) if text else ()
    return Reply((*said, {"content": "", "tool_calls": wanted}), **({"finish": "tool_calls"} | more))


def fails(status: int, body: str = '{"message": "secret of the server"}', **headers: str) -> Reply:
    """An answer that is an error."""
    return Reply(status=status, body=body, headers={name.replace("_", "-"): value for name, value in headers.items()})


class MistralServer(ThreadingHTTPServer):
    """Gives its replies one after the other; `requests` are the bodies that it was sent."""

    daemon_threads = True

    def __init__(self, *replies: Reply) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.replies = list(replies)
        self.requests: list[dict[str, Any]] = []
        self.authorizations: list[str] = []
        self.released = threading.Event()
        """Set at the end, so that no stalled answer outlives the test."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has had enough may go."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


@contextmanager
def mistral(*replies: Reply) -> Iterator[MistralServer]:
    """The server, for the time of a test; every reply has to be asked for."""
    server = MistralServer(*replies)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
        assert server.replies == [], "not everything that was prepared was asked for"
    finally:
        server.released.set()
        server.shutdown()
        server.server_close()


def refusal(messages: list[dict[str, Any]]) -> str | None:
    """Why the real server would refuse these messages, or None."""
    open_calls: list[str] = []
    before = ""
    for place, message in enumerate(messages):
        role = message["role"]
        if role != "tool" and open_calls:
            return "Not the same number of function calls and responses"
        if role == "system" and place:
            return f"Unexpected role 'system' after role '{before}'"
        if role == "user" and before in ("tool", "user"):
            return f"Unexpected role 'user' after role '{before}'"
        if role == "assistant":
            if not message.get("content") and not message.get("tool_calls"):
                return "Assistant message must have either content or tool_calls, but not none."
            open_calls = [call.get("id", "") for call in message.get("tool_calls", [])]
            for call in message.get("tool_calls", []):
                if not CALL_ID.fullmatch(call.get("id", "")):
                    return f"Tool call id was {call.get('id')} but must be a-z, A-Z, 0-9, with a length of 9."
                if not isinstance(json.loads(call["function"]["arguments"]), dict):
                    return "arguments must be an object"
        if role == "tool":
            if message["tool_call_id"] not in open_calls:
                return f"Unexpected tool call id {message['tool_call_id']} in tool results"
            open_calls.remove(message["tool_call_id"])
        before = role
    if open_calls:
        return "Not the same number of function calls and responses"
    return None if before in ("user", "tool") else f"Expected last role User or Tool, but got {before}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: MistralServer

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.requests.append(asked)
        self.server.authorizations.append(self.headers["authorization"])
        why = refusal(asked["messages"])
        if why is not None:
            self._body(400, json.dumps({"message": why, "code": "3230"}), {})
            return
        assert self.server.replies, f"nothing is prepared for {asked['messages'][-1]}"
        reply = self.server.replies.pop(0)
        if reply.end == "drop":
            self.close_connection = True
        elif reply.status != 200 or reply.body:
            self._body(reply.status, reply.body, reply.headers)
        elif asked.get("stream"):
            self._stream(reply)
        else:
            self._whole(reply)

    def _body(self, status: int, body: str, headers: dict[str, str]) -> None:
        data = body.encode()
        self.send_response(status)
        for name, value in ({"content-type": "application/json"} | headers).items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _whole(self, reply: Reply) -> None:
        content = "".join(delta.get("content") or "" for delta in reply.deltas)
        made = [call for delta in reply.deltas for call in delta.get("tool_calls", [])]
        message = {"role": "assistant", "content": content} | ({"tool_calls": made} if made else {})
        choice = {"index": 0, "message": message, "finish_reason": reply.finish}
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        self._body(200, json.dumps({"choices": [choice], "model": "mistral-small-latest", "usage": usage}), {})

    def _stream(self, reply: Reply) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for number, delta in enumerate(reply.deltas):
            first = {"role": "assistant"} if number == 0 else {}
            self._event({"index": 0, "delta": first | delta, "finish_reason": None})
        if reply.end == "done":
            if reply.finish:
                self._event({"index": 0, "delta": {"content": ""}, "finish_reason": reply.finish})
            self._chunk(b"data: [DONE]\n\n")
            self._chunk(b"")
            return
        self.close_connection = True
        if reply.end == "stall":
            self.server.released.wait()

    def _event(self, choice: dict[str, Any]) -> None:
        event = {"id": "1", "object": "chat.completion.chunk", "model": "mistral-small-latest", "choices": [choice]}
        self._chunk(f"data: {json.dumps(event)}\n\n".encode())

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def log_message(self, *_: Any) -> None:
        """Says nothing."""
