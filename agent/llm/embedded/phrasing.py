"""Answers from tool results: short, plain sentences that name only what the result holds.

The page shows the same results as cards; a terminal shows this text alone, so it says everything that matters.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from langchain_core.messages import ToolMessage

from agent.llm.embedded.asked import Args, Artifact, Asked
from agent.llm.embedded.group_phrases import (
    phrase_cluster,
    phrase_clustering,
    phrase_difference,
    phrase_map,
    phrase_selection,
)
from agent.llm.embedded.moment_phrases import phrase_moments
from agent.llm.embedded.quoting import inert, quoted
from agent.llm.embedded.tables import table
from agent.llm.embedded.telling import (
    asks_for_one_thing,
    capital,
    caption_of,
    dicts,
    duration,
    line,
    many,
    moment,
    place,
    score_of,
    sound_name,
    told_of,
)
from agent.llm.embedded.timelines import phrase_timeline

_LIKE = re.compile(
    r"Sounds like (?P<what>.+?)(?P<part> from [\d.]+ s(?: to [\d.]+ s)?)?"
    r"(?P<words>(?: for “[^”]*”)?(?: without “[^”]*”)?)",
    re.DOTALL,
)
_MOST_SKIPS = 20
_MOST_LEFT_OUT = 5
_MOST_CLUSTERINGS = 20
_WHY_SKIPPED = "Adding their folder again tells the reasons; so does `earshot ingest FOLDER` in a terminal."

_NEXT_STEPS = {  # after an error that names none itself
    "ingest": "Try the folder again, or another one.",
    "search_by_audio": "Attach a sound, or name one that was found.",
    "search_by_text": "Try other words, or fewer limits.",
    "cluster": "Try another number of groups, or add more sounds first.",
    "summarize_cluster": "“cluster my sounds” makes groups; “list the groups” shows the last ones.",
    "get_metadata": "Search first, then name a sound by its id.",
    "export": "Name sounds that were found, or a clustering.",
    "save_subtitles": "Attach a sound or a video, or name a sound that was found.",
    "edit_clusters": "“list the groups” shows what there is; “cluster my sounds” makes groups.",
    "versions": "“show me the versions” lists them.",
    "show_map": "Add sounds first: “add the sounds in /path/to/folder”.",
    "hear_events": "Attach a sound or a video, or name a sound that was found.",
    "find_moments": "Name another kind of sound, such as dog or rain.",
    "describe_selection": "“show me a map”, and draw around some sounds.",
}
_ALSO = {  # what else an ingest counts: said of one, said of more
    "again": ("known and heard again", "known and heard again"),
    "changed": ("changed", "changed"),
    "copies": ("copy of a known sound", "copies of known sounds"),
    "moved": ("moved", "moved"),
    "missing": ("missing", "missing"),
    "damaged": ("damaged, heard as far as it can be read", "damaged, heard as far as they can be read"),
}
_REJECTED = {
    "export": "Nothing was written.",
    "save_subtitles": "Nothing was written.",
    "ingest": "Nothing was added.",
}


def phrase(results: Sequence[ToolMessage], calls: Mapping[str, Args], asked: Asked) -> str:
    """The answer to a question from what the tools said. calls: the arguments of each call, by its id."""
    return "\n\n".join(_phrase_one(result, replace(asked, args=calls.get(result.tool_call_id))) for result in results)


def phrase_artifact(artifact: Artifact, asked: Asked) -> str:
    """The answer from one artifact. Keys that are absent are passed over: older conversations hold older artifacts."""
    note = capital(inert(artifact.get("note") or "", 400))
    return _PHRASES[artifact["kind"]](artifact, asked) + (f"\n\n{note}." if note else "")


def _phrase_one(result: ToolMessage, asked: Asked) -> str:
    name = result.name or ""
    if re.match(r"user rejected the tool call", result.text, re.IGNORECASE):
        return _REJECTED.get(name, "Nothing was done.")
    if result.status == "error":
        return _error(result.text, name)
    if isinstance(result.artifact, Mapping) and result.artifact.get("kind") in _PHRASES:
        return phrase_artifact(result.artifact, asked)
    return "\n".join(inert(line, 1000) for line in result.text.strip().splitlines()) or "Done."


def _error(text: str, name: str) -> str:
    """The sentence of an error, and a next step if it names none: our own errors say what is wrong; what to do."""
    sentence = inert(re.sub(r"^error:\s*", "", text.strip(), flags=re.IGNORECASE), 600) or "That did not work"
    sentence = re.sub(r"^(\d*)([#+=.)-])", r"\1\\\2", capital(sentence))  # a file's name may stand first
    stop = "" if sentence[-1] in ".!?…" else "."
    told = re.search(r";|\. \S", sentence)
    hint = "" if told else _NEXT_STEPS.get(name, "")
    if name == "ingest" and re.search(r"no such|not exist|no file|not found|not a folder", sentence, re.IGNORECASE):
        hint = "A path with blanks may stand in quotes."
    return f"{sentence}{stop} {hint}".strip()


def _hits(artifact: Artifact, asked: Asked) -> str:
    hits, sure = dicts(artifact.get("hits")), artifact.get("sure")
    title = _title(str(artifact.get("title") or "Sounds"), asked) + _within(asked.args or {})
    if not hits:
        return f"I found no {title}. {_wider(asked.args or {})}"
    if sure == 0:
        return _perhaps(hits, title)
    n_sure = len(hits) if sure is None else int(sure)
    count = f"{n_sure} {title}" if n_sure > 1 else f"1 {re.sub('^sounds', 'sound', title)}"
    count += f", and {len(hits) - n_sure} more that perhaps fit" if n_sure < len(hits) else ""
    listed = _is_list(asked.args or {})
    hits = [{**hit, "score": None} for hit in hits] if listed else hits
    which = "It" if len(hits) == 1 else "The first" if listed else "The nearest"
    nearest = f"{which} is {sound_name(hits[0])}{score_of(hits[0], ' ({})')} at {moment(hits[0].get('start_s'))}"
    caption = caption_of(hits[0])
    lines = [f"{number}. {line(hit)}" for number, hit in enumerate(hits, 1)]
    return f"I found {count}. {nearest}{': ' + caption if caption else ''}.\n\n" + "\n".join(lines)


def _count(artifact: Artifact, _: Asked) -> str:
    """How many, how long, and where; what "heard" means is said once."""
    n, hits = artifact["n"], dicts(artifact["hits"])
    share = f"{many(n, 'sound')} of {artifact['of']}"
    title = inert(str(artifact["title"]).removeprefix("Sounds ").removeprefix("Sounds"))
    said = f"{share} {title}".strip() if n else f"None of {many(artifact['of'], 'sound')} {title}".strip()
    text = f"{said}: {duration(artifact['seconds'])} of {duration(artifact['of_seconds'])}." if n else f"{said}."
    if n and artifact["at_once"] is not None:
        text += f" In {artifact['at_once']} of them all are heard at the same moment."
    if artifact["heard"] or artifact["without"]:
        perhaps = f"; {artifact['perhaps']} more perhaps" if artifact["perhaps"] else ""
        text += f" Counted by tags of at least {artifact['probability']:.0%}{perhaps}."
    return "\n".join([text, "", *(f"{place}. {line(hit)}" for place, hit in enumerate(hits, start=1))]).strip()


def _perhaps(hits: Sequence[Artifact], title: str) -> str:
    """Where nothing surely fits: that, and the nearest."""
    said = re.sub("^sounds (?:that perhaps fit|for) ", "", title)
    lines = "\n".join(f"{number}. {line(hit)}" for number, hit in enumerate(hits, 1))
    return f"Nothing here surely fits {said}. The nearest, perhaps:\n\n{lines}"


def _title(title: str, asked: Asked) -> str:
    """The title of a search, "Sounds like 412 from 2 s", as words that go on from a number, the sound by its name."""
    like = _LIKE.fullmatch(title)
    if like is None:
        return inert(title[:1].lower() + title[1:], longest=160)
    sound = str((asked.args or {}).get("sound", ""))
    name = asked.names.get(sound)
    if name and like["what"] in {sound, "the attached sound"}:
        said = quoted(name) if not sound[0].isdigit() else f"sound {sound}, {quoted(name)}"
    else:
        said = {sound: f"sound {sound}", "the attached sound": "the attached sound"}.get(
            like["what"], quoted(like["what"])
        )
    words = f" {inert(like['words'], longest=160)}" if like["words"] else ""
    return f"sounds like {said}{like['part'] or ''}{words}"


def _is_list(args: Args) -> bool:
    """Whether a search had nothing but limits: what it finds is in no order of nearness."""
    return args.get("text") == "" and "sound" not in args


def _within(args: Args) -> str:
    """The limits that a search was given: " under 0.88 s", " from 2 s to 4 s", ", only music"."""
    low, high = args.get("min_s"), args.get("max_s")
    length = f" from {low:g} s to {high:g} s" if low and high else f" under {high:g} s" if high else ""
    length = length or (f" over {low:g} s" if low else "")
    return length + (f", only {inert(args['domain'], 30)}" if args.get("domain") else "")


def _wider(args: Mapping[str, Any]) -> str:
    limits = [name for name in ("min_s", "max_s") if name in args]
    if limits or "domain" in args:
        return (
            "Try it without the limit on "
            + " and ".join((["length"] if limits else []) + (["domain"] if "domain" in args else []))
            + "."
        )
    if "without" in args:
        return "Try it without leaving anything out."
    return "Try other words, in English, or add more sounds: “add the sounds in /path/to/folder”."


def _ingest(artifact: Artifact, _: Asked) -> str:
    found, indexed, unchanged = (int(artifact.get(key) or 0) for key in ("found", "indexed", "unchanged"))
    skipped = len(dicts(artifact.get("skipped")))
    sum_up = f"{found} found = {indexed} indexed + {unchanged} unchanged + {skipped} skipped"
    took = f"{duration(artifact.get('seconds_of_audio'))} of audio in {duration(artifact.get('elapsed_s'))}"
    also = ", ".join(f"{artifact[key]} {_ALSO[key][artifact[key] != 1]}" for key in _ALSO if artifact.get(key))
    again, captioner = int(artifact.get("again") or 0), str(artifact.get("captioner") or "")
    added = indexed - again
    head = f"Added {many(added, 'file')}" if added else "No new files" if again else "Nothing new"
    head = f"{inert(captioner, 40)} has captioned {many(indexed, 'sound')}" if captioner and indexed else head
    head = head if found else "No sounds there"
    text = f"{head}: {sum_up}; {took}." + (f" Also {also}." if also else "")
    skips = _skip_lines(artifact)
    return text + (f"\n\n{skips}" if skips else "")


def phrase_skips(artifact: Artifact) -> str:
    """What an ingest skipped, with the reasons; empty if it skipped nothing."""
    skips = _skip_lines(artifact)
    n = len(dicts(artifact.get("skipped")))
    return f"The last folder had {many(n, 'file')} that I skipped:\n\n{skips}" if skips else ""


def _skip_lines(artifact: Artifact) -> str:
    skips = dicts(artifact.get("skipped"))
    lines = [
        f"- {quoted(_short_path(skip.get('path')))}: {inert(skip.get('reason', ''), 200)}"
        for skip in skips[:_MOST_SKIPS]
    ]
    if len(skips) > _MOST_SKIPS:
        lines.append(f"- and {len(skips) - _MOST_SKIPS} more")
    return "\n".join(lines)


def _short_path(path: object) -> str:
    """The end of a path, where a file's name stands."""
    written = str(path)
    return written if len(written) <= 60 else "…" + written[-59:]


def _export(artifact: Artifact, _: Asked) -> str:
    files, link = artifact.get("files", 0), artifact.get("link", "copy")
    done = "copied to" if link == "copy" else "linked into" if link else "written to"
    text = f"{many(files, 'file')} {done} {place(artifact.get('folder'))}."
    if artifact.get("manifest"):
        text += f" The manifest is {place(artifact.get('manifest'))}. “undo” takes it back."
    left_out = [
        f"sound {each.get('id')} {inert(each.get('reason', ''), 120)}" for each in dicts(artifact.get("left_out"))
    ]
    if left_out:
        more = f" and {len(left_out) - _MOST_LEFT_OUT} more" if len(left_out) > _MOST_LEFT_OUT else ""
        text += f" Left out: {'; '.join(left_out[:_MOST_LEFT_OUT])}{more}."
    return text


def _export_undone(artifact: Artifact, _: Asked) -> str:
    text = f"Taken back: {many(artifact.get('removed', 0), 'file')} removed from {place(artifact.get('folder'))}."
    if artifact.get("gone"):
        text += f" {many(artifact['gone'], 'file')} of it had been removed before."
    kept = [
        f"{quoted(_short_path(each.get('path')))} {inert(each.get('reason', ''), 120)}"
        for each in dicts(artifact.get("kept"))
    ]
    if kept:
        more = f"; and {len(kept) - _MOST_LEFT_OUT} more" if len(kept) > _MOST_LEFT_OUT else ""
        text += f" What was changed or added since stays: {'; '.join(kept[:_MOST_LEFT_OUT])}{more}."
    return text


def _overview(artifact: Artifact, asked: Asked) -> str:
    sounds, files = artifact.get("sounds", 0), artifact.get("files", 0)
    clusterings, skipped = _clusterings(artifact), _skipped(artifact)
    if re.search(r"\b(?:clusterings?|groupings?)\b", asked.question):
        return clusterings or "No clustering is kept yet. “cluster my sounds” makes one."
    if re.search(r"\b(?:skip\w*|unread\w*|read|left out|fail\w*)\b", asked.question):
        return f"{skipped} {_WHY_SKIPPED}" if skipped else "No file was skipped."
    if not sounds:
        return "The library is empty. Add sounds: “add the sounds in /path/to/folder”."
    audio = duration(artifact.get("seconds_of_audio"))
    text = f"{many(sounds, 'sound')} in {many(files, 'file')}, {audio} of audio."
    domains = sorted((artifact.get("domains") or {}).items(), key=lambda item: -item[1])
    if domains:
        text += " By domain: " + ", ".join(f"{inert(name, 30)} {count}" for name, count in domains) + "."
    return " ".join(part for part in (text, clusterings, skipped) if part)


def _clusterings(artifact: Artifact) -> str:
    """How many clusterings are kept, and their ids."""
    kept = artifact.get("clusterings")
    if not isinstance(kept, list | tuple):
        return f"{many(kept, 'clustering')} kept." if isinstance(kept, int) and kept else ""
    ids = ", ".join(str(number) for number in kept[-_MOST_CLUSTERINGS:])
    shown = f"{'the last: ' if len(kept) > _MOST_CLUSTERINGS else ''}{ids}"
    return f"{many(len(kept), 'clustering')} kept ({shown}); see “cluster 1 of clustering {kept[-1]}”." if kept else ""


def _skipped(artifact: Artifact) -> str:
    return f"{many(artifact['skipped'], 'file')} could not be read." if artifact.get("skipped") else ""


def _sounds(artifact: Artifact, asked: Asked) -> str:
    sounds = dicts(artifact.get("sounds"))
    if not sounds:
        return "Nothing is known of that."
    between = "\n" if asks_for_one_thing(asked.question) else "\n\n"
    return between.join(told_of(sound, asked.question) for sound in sounds)


_PHRASES: dict[str, Callable[[Artifact, Asked], str]] = {
    "hits": _hits,
    "count": _count,
    "clustering": phrase_clustering,
    "cluster": phrase_cluster,
    "difference": phrase_difference,
    "map": phrase_map,
    "moments": phrase_moments,
    "selection": phrase_selection,
    "ingest": _ingest,
    "export": _export,
    "export_undone": _export_undone,
    "overview": _overview,
    "sounds": _sounds,
    "table": table,
    "timeline": phrase_timeline,
}
