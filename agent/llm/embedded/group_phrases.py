"""What is said of groups, of one group, of a selection, of a map, and of what is different between two clusterings.

Keys that an artifact lacks are passed over: older conversations hold older artifacts.
"""

import re
from collections.abc import Sequence

from agent.llm.embedded.asked import Artifact, Asked
from agent.llm.embedded.patterns import first
from agent.llm.embedded.quoting import inert, quoted
from agent.llm.embedded.telling import caption_of, dicts, line, many, sound_name
from core.grouping.groups import NOTHING
from core.grouping.sureness import LOOSE
from core.records import WEAK_NAME

_METHODS = {"gmm": "GMM", "kmeans": "k-means", "hdbscan": "HDBSCAN"}
_TO_HEAR = 3
_MOST_NAMED = 6  # numbers of groups in a sentence
_MOST_LISTED = 12  # groups after a change
_LONGEST = 600
ASKS_HOW_SURE = re.compile(
    r"\b(?:sure|certain|confident|firm|firmness|solid|stable|stability|reliable|trust\w*|robust|hold still|a real"
    r"|believe)\b"
)


def phrase_clustering(artifact: Artifact, asked: Asked) -> str:
    """What was done, how many groups there are, what to know of them, and the groups."""
    groups = dicts(artifact.get("clusters"))
    if (asked.args or {}).get("current"):  # a look at what is there, whatever made it
        if survey := phrase_survey(groups, asked.question):
            return survey
        artifact = {**artifact, "told": "", "change": ""}
    checks = _of_new_title(groups, asked) if artifact.get("told") else _checks(artifact, groups, asked.question)
    shown = _changed(artifact, groups)
    head = f"{_groups_head(artifact, asked)}{'.' if checks or not shown else ':'}"
    told = " ".join(filter(None, [_done(artifact), head, *checks]))
    return "\n\n".join(filter(None, [told, "\n".join(map(phrase_group, shown))]))


def _changed(artifact: Artifact, groups: Sequence[Artifact]) -> Sequence[Artifact]:
    """The groups to list: all, but of many after a change only those that it names."""
    told = artifact.get("told")
    if not told or len(groups) <= _MOST_LISTED:
        return groups
    named = (
        set(re.findall(r"\d+", re.sub("“[^”]*”", "", str(told))))
        if artifact.get("edit") not in (None, "undo")
        else set()
    )
    return [group for group in groups if str(group.get("cluster")) in named]


def _of_new_title(groups: Sequence[Artifact], asked: Asked) -> list[str]:
    """That a title which was just given does not find its sounds; what else is weak was told before."""
    renamed = (asked.args or {}).get("clusters") if (asked.args or {}).get("change") == "rename" else None
    weak = any(_is_weak(group) for group in groups if group.get("cluster") in (renamed or []))
    return ["A search for that title hardly finds these sounds."] if weak else []


def phrase_group(group: Artifact) -> str:
    """A group as an item: its number, title and size, how firm it is, and two of its sounds.

    The items have no numbers of their own: a page would count them anew, and groups have gaps.
    """
    examples = "; ".join(map(sound_name, dicts(group.get("exemplars"))[:2]))
    parts = [
        f"- cluster {group.get('cluster')}, {quoted(group.get('title') or 'Untitled')}",
        many(group.get("size", 0), "sound"),
    ]
    if _number(group.get("stability")):
        parts.append(f"firm {group['stability']:.2f}")
    if _is_weak(group):
        parts.append("weak name")
    head = ", ".join(parts)
    return f"{head}: {examples}" if examples else head


def _done(artifact: Artifact) -> str:
    """What a change did and how to take it back; of groups made anew, what is different from the last ones."""
    told, edit = inert(artifact.get("told") or "", _LONGEST), artifact.get("edit")
    if told:
        return told if edit in (None, "undo") else f"{told} “undo” takes it back."
    change = inert(str(artifact.get("change") or "").rstrip("."), _LONGEST)
    if change == NOTHING:
        return f"Nothing changed since clustering {artifact.get('clustering')}: the same groups."
    return f"Different from the last clustering: {change}." if change else ""


def _groups_head(artifact: Artifact, asked: Asked) -> str:
    k = artifact.get("k", len(dicts(artifact.get("clusters"))))
    query = artifact.get("query") or (asked.args or {}).get("query")
    name = f", {quoted(artifact['name'])}" if artifact.get("name") else ""
    of = (
        f" of sounds for {quoted(query)}"
        if query
        else " of the sounds shown"
        if (asked.args or {}).get("sounds")
        else ""
    )
    head = f"{many(k, 'group')}{of} (clustering {artifact.get('clustering')}{name})"
    if artifact.get("told"):
        return head if artifact.get("edit") not in (None, "undo") else many(k, "group")  # it names the clustering
    method = _METHODS.get(str(artifact.get("method"))) or inert(artifact.get("method"))
    found = artifact.get("automatic", asked.args is not None and asked.args.get("k") is None)
    by_bic = found and artifact.get("method") == "gmm"
    return f"{head}, the number found by {method}{' + BIC' if by_bic else ''}" if found else f"{head}, by {method}"


def _checks(artifact: Artifact, groups: Sequence[Artifact], question: str) -> list[str]:
    """What to know before one relies on the groups: who belongs to none, which are loose, whose names are weak."""
    said = []
    if n_out := artifact.get("outliers"):
        said.append("1 sound fits nowhere." if n_out == 1 else f"{n_out} sounds fit nowhere and are in no group.")
    firm = {group["cluster"]: group["stability"] for group in groups if _number(group.get("stability"))}
    if firm and ASKS_HOW_SURE.search(question):
        best, worst = max(firm, key=firm.__getitem__), min(firm, key=firm.__getitem__)
        said.append(
            f"Made anew from parts of the sounds, cluster {best} comes back best, to {100 * firm[best]:.0f} %, and"
            f" cluster {worst} worst, to {100 * firm[worst]:.0f} %."
        )
    return [*said, *_weaknesses(groups)]


def _weaknesses(groups: Sequence[Artifact]) -> list[str]:
    """Which groups are loose and whose names are weak."""
    said = []
    if loose := [group["cluster"] for group in groups if _is_loose(group)]:
        said.append(f"{_clusters(loose)} {'falls' if len(loose) == 1 else 'fall'} apart when made anew.")
    if weak := [group["cluster"] for group in groups if _is_weak(group)]:
        one = len(weak) == 1
        names = (
            f"The name of {_clusters(weak).lower()} is weak"
            if one
            else f"The names of {_clusters(weak).lower()} are weak"
        )
        said.append(
            f"{names}: a search for {'it' if one else 'them'} hardly finds {'its' if one else 'their'} own sounds."
        )
    return said


def _number(value: object) -> bool:
    return isinstance(value, int | float)


def _is_loose(group: Artifact) -> bool:
    found = group.get("stability")
    return isinstance(found, int | float) and found < LOOSE


def _is_weak(group: Artifact) -> bool:
    found = group.get("name_auc")
    return isinstance(found, int | float) and found < WEAK_NAME


def _clusters(numbers: Sequence[int]) -> str:
    shown = [str(number) for number in numbers[:_MOST_NAMED]]
    rest = [f"{len(numbers) - _MOST_NAMED} more"] if len(numbers) > _MOST_NAMED else []
    return f"Cluster{'' if len(numbers) == 1 else 's'} {_listed([*shown, *rest])}"


def _listed(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)


def phrase_survey(groups: Sequence[Artifact], question: str) -> str:
    """The groups by what a question asks of all: the weak ones, the biggest, or their sizes; empty for any other."""
    by_size = sorted(groups, key=lambda group: -int(group.get("size") or 0))
    if not groups:
        return ""
    if first("weak", question):
        return _survey_of_weak(groups)
    if match := first("biggest", question):
        least = re.match("small|tin|few|least", match["big"]) is not None
        end = by_size[-1 if least else 0]
        equal = [group for group in by_size if group.get("size") == end.get("size")]
        named = _listed([f"cluster {group.get('cluster')}, {_title_of(group)}" for group in equal[:_MOST_NAMED]])
        each = f"with {many(end.get('size', 0), 'sound')}{' each' if len(equal) > 1 else ''}"
        which = "smallest" if least else "biggest"
        return f"The {which} {'is' if len(equal) == 1 else 'are'} {named}, {each}."
    if first("sizes", question):
        said = [f"cluster {group.get('cluster')}, {_title_of(group)}: {group.get('size', 0)}" for group in by_size]
        return f"By size, in sounds: {'; '.join(said)}."
    return ""


def _survey_of_weak(groups: Sequence[Artifact]) -> str:
    firm, named = ([group for group in groups if _number(group.get(key))] for key in ("stability", "name_auc"))
    if not firm and not named:
        return "How firm these groups are is not known, nor how well their names fit; “cluster my sounds” tells it."
    weak = "\n".join(phrase_group(group) for group in groups if _is_loose(group) or _is_weak(group))
    told = " ".join(_weaknesses(groups))
    if weak:
        return f"{told}\n\n{weak}"
    good = ["none falls apart when made anew"] if firm else []
    good += ["every name that was checked finds its own sounds"] if named else []
    unknown = [group["cluster"] for group in groups if group not in firm] if firm else []
    rest = f" How firm {_clusters(unknown).lower()} would be is not known." if unknown else ""
    return f"No group is weak: {' and '.join(good)}.{rest}"


def _title_of(group: Artifact) -> str:
    return quoted(group.get("title") or "Untitled")


def phrase_cluster(artifact: Artifact, asked: Asked) -> str:
    """What a group holds, what sets it apart, how sure that is, and what to hear; how sure alone, if that was asked."""
    size = artifact.get("size", len(artifact.get("members") or []))
    title = quoted(artifact.get("title") or "Untitled")
    head = f"Cluster {artifact.get('cluster')} of clustering {artifact.get('clustering')}, {title}"
    sure = inert(artifact.get("sure") or "", _LONGEST)
    cards = dicts(artifact.get("exemplars"))
    if sure and ASKS_HOW_SURE.search(asked.question):
        ids = _listed([str(card.get("id")) for card in cards[:_TO_HEAR]])
        return f"{head}: {sure}" + (
            f" To judge it yourself, hear sound{'' if len(cards) == 1 else 's'} {ids}." if ids else ""
        )
    told = [
        inert(artifact.get("summary") or f"{many(size, 'sound')}.", _LONGEST),
        inert(artifact.get("apart") or "", _LONGEST),
    ]
    lines = [f"{number}. {line(card)}" for number, card in enumerate(cards, 1)]
    parts = [f"{head}: {' '.join(filter(None, told))}", f"{sure} {_to_hear(cards)}".strip(), "\n".join(lines)]
    return "\n\n".join(filter(None, parts))


def _to_hear(cards: Sequence[Artifact]) -> str:
    """The most typical sound by its caption, and two more to hear."""
    if not cards:
        return ""
    first, *more = [f"sound {card.get('id')}" for card in cards[:_TO_HEAR]]
    caption = caption_of(cards[0])
    also = f" Hear {_listed(more)} too." if more else ""
    return f"Most typical is {first}{f': {caption}' if caption else ''}.{also}"


def phrase_selection(artifact: Artifact, _: Asked) -> str:
    """What a selection holds, what to hear of it, and what can be done with it."""
    cards = dicts(artifact.get("hits"))
    head = f"Selection {artifact.get('selection')}: {inert(artifact.get('summary') or '', _LONGEST)} {_to_hear(cards)}"
    then = "“cluster only these” and “export these” go on from here."
    lines = "\n".join(f"{number}. {line(card)}" for number, card in enumerate(cards, 1))
    return "\n\n".join(filter(None, [f"{head.rstrip()} {then}", lines]))


def phrase_difference(artifact: Artifact, _: Asked) -> str:
    """What is different between two clusterings."""
    return inert(artifact.get("title") or "Nothing is known of a difference.", _LONGEST)


def phrase_map(artifact: Artifact, _: Asked) -> str:
    """What a map shows; the map itself is on the page."""
    groups, colour = artifact.get("groups") or 0, str(artifact.get("colour") or "")
    by = "" if colour in ("", "cluster") else f", coloured by {inert(re.sub('_[a-z]+$', '', colour), 30)}"
    shown = many(artifact.get("n", 0), "sound") + (f" in {many(groups, 'group')}" if groups else "")
    head = f"The map shows {shown}{by}; neighbours sound alike. Draw around some to ask what they are."
    return f"{head} `earshot map --out map.html` writes it to a file."
