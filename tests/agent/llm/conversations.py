"""Scripted conversations to continue from: what tools have answered by then, as they answer it."""

from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

LENGTHS_S = {412: 0.4, 57: 2.5, 3: 1.0, 900: 30.0, 18: 12.0}
NAMES = {412: "kick_01.wav", 57: "tin roof.flac", 3: "drip.wav", 900: "storm (long).ogg", 18: "18_bells.wav"}
ATTACHED_LINE = '[attached a3fa9c2d1 "my snare.wav"]'


MAP = {
    "kind": "map",
    "title": "A map of 300 sounds",
    "clustering": 3,
    "space": "builtin",
    "colour": "cluster",
    "n": 300,
    "groups": 6,
}


def card(
    sound: int, score: float | None = None, name: str | None = None, caption: str = "A short sound"
) -> dict[str, Any]:
    length_s = LENGTHS_S.get(sound, 1.5)
    return {
        "id": sound,
        "name": name or NAMES.get(sound, f"sound_{sound}.wav"),
        "start_s": 0.0,
        "end_s": length_s,
        "score": score,
        "caption": caption,
        "tags": ["short"],
        "duration_s": length_s,
        "domain": "effect",
    }


def hits(title: str = "Sounds for “rain”") -> dict[str, Any]:
    cards = [card(sound, 0.93 - 0.1 * place) for place, sound in enumerate(LENGTHS_S)]
    return {"kind": "hits", "title": title, "hits": cards}


def clustering(k: int = 8, number: int = 3) -> dict[str, Any]:
    clusters = [
        {
            "cluster": n,
            "title": f"Kind {n}",
            "size": 10 + n,
            "keywords": ["low", "dry"],
            "exemplars": [card(100 * n + 1), card(100 * n + 2), card(100 * n + 3)],
        }
        for n in range(1, k + 1)
    ]
    return {"kind": "clustering", "clustering": number, "k": k, "method": "gmm", "clusters": clusters}


def cluster(number: int = 3, of: int = 3, members: tuple[int, ...] = (5, 9, 14)) -> dict[str, Any]:
    return {
        "kind": "cluster",
        "clustering": of,
        "cluster": number,
        "title": "Low thumps",
        "summary": "Short low thumps, mostly drums.",
        "size": len(members),
        "keywords": ["thump", "drum"],
        "members": list(members),
        "exemplars": [card(member) for member in members],
    }


TITLES = ("Rain, water", "Kick drum", "Wind, storm", "Bell, metallic", "Speech", "Birds")


def titled(number: int = 3, without: tuple[int, ...] = (), **more: Any) -> dict[str, Any]:
    """A clustering with titles that a person would know; a change by hand made it if `edit` is given."""
    found = clustering(len(TITLES), number)
    groups = [
        {**each, "title": title, "stability": 0.93, "name_auc": 0.9, "named_by": "builtin"}
        for each, title in zip(found["clusters"], TITLES, strict=True)
        if each["cluster"] not in without
    ]
    whole = {"automatic": True, "query": "", "outliers": 0, "name": "", "change": ""}
    return found | whole | {"k": len(groups), "clusters": groups} | more


def selection(number: int = 3, size: int = 40) -> dict[str, Any]:
    return {
        "kind": "selection",
        "selection": number,
        "title": f"Selection {number}, {size} sounds",
        "size": size,
        "summary": f"{size} sounds, 0.4 s to 30 s long, in the middle 2.5 s. Commonest: rain (60 %), water (20 %).",
        "words": {"rain": 0.6, "water": 0.2},
        "hits": [card(sound) for sound in LENGTHS_S],
    }


def metadata(sound: int = 412) -> dict[str, Any]:
    return {
        "id": sound,
        "name": NAMES.get(sound, f"sound_{sound}.wav"),
        "path": f"/data/{NAMES.get(sound, 'x.wav')}",
        "duration_s": 0.4,
        "sample_rate_hz": 44100,
        "channels": 2,
        "codec": "pcm_s16le",
        "loudness_lufs": -14.2,
        "peak_dbfs": -1.0,
        "brightness_hz": 1200.0,
        "noisiness": 0.2,
        "pitch_hz": 55.0,
        "tempo_bpm": None,
        "domain": "effect",
        "caption": "A low thump",
        "tags": [{"label": "drum", "score": 0.9}, {"label": "thump", "score": 0.5}],
        "n_chunks": 1,
        "files": [{"path": "/data/kick_01.wav", "missing": False}],
    }


def used(
    said: str,
    tool: str,
    args: dict[str, Any],
    artifact: dict[str, Any] | None,
    text: str = "done",
    *,
    status: str = "success",
) -> list[BaseMessage]:
    """One turn in which a tool was called and answered."""
    call = f"call{abs(hash((said, tool))) % 100000:05d}"
    return [
        HumanMessage(said),
        AIMessage("", tool_calls=[{"name": tool, "args": args, "id": call, "type": "tool_call"}]),
        ToolMessage(text, tool_call_id=call, name=tool, artifact=artifact, status=status),
        AIMessage("Here it is."),
    ]


def after(setting: str) -> list[BaseMessage]:
    """The messages before the one to be understood."""
    searched = used("five rain sounds", "search_by_text", {"text": "rain", "k": 5}, hits())
    grouped = used("cluster my sounds", "cluster", {}, clustering())
    named = used("group my sounds", "cluster", {}, titled())
    opened = [*named, *used("what is in cluster 3?", "summarize_cluster", {"cluster": 3, "clustering": 3}, cluster())]
    told = "Clusters 2 and 5, “Kick drum” and “Speech”, are cluster 2 now."
    merged = titled(4, without=(5,), edit="merge", told=told, change=told)
    settings: dict[str, list[BaseMessage]] = {
        "titled": named,
        "opened": opened,
        "looked_in": [
            *opened,
            *used("what is 9?", "get_metadata", {"sounds": ["9"]}, {"kind": "sounds", "sounds": [metadata(9)]}),
        ],
        "edited": [
            *named,
            *used("merge 2 and 5", "edit_clusters", {"change": "merge", "clusters": [2, 5], "clustering": 3}, merged),
        ],
        "exported": [
            *named,
            *used("export them", "export", {"clustering": 3}, {"kind": "export", "folder": "/out/x", "files": 9}),
        ],
        "selected": used("what is in selection 3?", "describe_selection", {"selection": 3}, selection()),
        "mapped": used("show me a map", "show_map", {}, MAP),
        "": [],
        "attaching": [],
        "hits": searched,
        "clustering": grouped,
        "cluster": [*grouped, *used("what is in cluster 3?", "summarize_cluster", {"cluster": 3}, cluster())],
        "attached": [HumanMessage(f"hello\n{ATTACHED_LINE}"), AIMessage("Hello.")],
        "liked": used(
            f"find sounds like this\n{ATTACHED_LINE}",
            "search_by_audio",
            {"sound": "a3fa9c2d1"},
            hits("Sounds like my snare.wav"),
        ),
        "looked": [
            *searched,
            *used(
                "what is number 2?", "get_metadata", {"sounds": ["57"]}, {"kind": "sounds", "sounds": [metadata(57)]}
            ),
        ],
        "failed": [
            *searched,
            *used("more like 9999", "search_by_audio", {"sound": "9999"}, None, "no sound 9999", status="error"),
        ],
    }
    return settings[setting]


def saying(text: str, setting: str = "") -> list[BaseMessage]:
    """A conversation that ends with the person saying this."""
    attached = f"\n{ATTACHED_LINE}" if setting == "attaching" else ""
    return [*after(setting), HumanMessage(f"{text}{attached}".strip())]
