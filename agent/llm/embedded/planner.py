"""From what was said to the next step: tools to call, or something to say. Knows the tools by name and arguments only.

A short message that only says what is to be different of the call before it is read first (`lenient.ellipsis`). Any
other is read in up to three ways. What is said of ears, of groups and changes to them, of versions, maps, numbers
and what is heard when is read by patterns (`hearing`, `regrouping`, `revisiting`, `surveying`, `mapping`, `counting`,
`subtitling`, `moments`), unless it surely wants something else (`wants`). Next an example that is all but the same says
what it wants (`intents`). For the rest the models of `wants` say what is likeliest, and what it names is read leniently
(`lenient`); where they find nothing likely, the nearest example decides. What is named (`slots`, `content`) and what is
pointed back to (`memory`) is read once for all of them. Only messages of the person are read for meaning; of tool
results only ids, numbers and lengths count, and the titles of groups, to tell which of them the person's words name.
"""

import re
from collections.abc import Callable, Sequence

from agent.llm.embedded import (
    counting,
    exporting,
    looking,
    mapping,
    moments,
    regrouping,
    replies,
    revisiting,
    searching,
    subtitling,
    surveying,
)
from agent.llm.embedded.caveats import is_foreign
from agent.llm.embedded.content import folder_name, holds_only, says_any
from agent.llm.embedded.hearing import about_ears
from agent.llm.embedded.intents import Guess, blanked, guess, vocabulary
from agent.llm.embedded.lenient.ellipsis import goes_on
from agent.llm.embedded.lenient.finding import is_loose, says_too_much
from agent.llm.embedded.lenient.likely import likely
from agent.llm.embedded.lenient.places import leave_out, point_at_several
from agent.llm.embedded.lenient.steps import LIKELY, TOOLS, likeliest_step
from agent.llm.embedded.lenient.steps import STEPS as LENIENT
from agent.llm.embedded.lists import lexicon
from agent.llm.embedded.patterns import first
from agent.llm.embedded.plans import Plan, ask, call
from agent.llm.embedded.pointing import plain
from agent.llm.embedded.quoting import inert
from agent.llm.embedded.turn import Turn, completed
from agent.llm.embedded.wants import Want
from agent.llm.embedded.wording import MARK

# An intent is taken when its nearest example is at least this near: the weakest right guess among the wordings of the
# tests is at 0.38, "please" alone at 0.23. Intents this close to the best one are told apart by which has all it needs.
_NEAR_ENOUGH = 0.35
_TOO_CLOSE = 0.08
# An example this near is all but the same, so that it comes before the models unless they are surer of something else.
_SURELY_NEAR = 0.75
_THE_SAME = 0.97
_MUCH_NEARER = 0.25
# How likely a want has to be to outweigh a pattern, and one that calls no tool.
_SURE = 0.6
_QUITE_SURE = 0.85
# Wants that are read leniently even where an example is as near.
_READ_LENIENTLY = {"narrow", "quality"}
# What examples and sentences call by different names: example to sentence.
_SAME_WANT = {"words": "search", "other": "pick"}
# Wordings that are none of a search: "find split second sounds" splits nothing.
_OF_GROUPS = {"rename", "merge", "split", "move", "undo", "assign", "versions", "map", "selection"}
_SEARCHING = "find|search|looking|look for|hear"
_HARDLY = 0.1
_SURELY_IDLE = 0.6
_SMALL_TALK = {"greeting", "thanks", "fine", "rude"}
_BACKGROUND = re.compile(
    r"(?:(?:so|well|ok|hi|hello|hey)[ ,]+)?"
    r"(?:i am|i have been|we are|i work|i make|i do|my|our|this is|it is)\b.*[.!]\s*$"
)
# Where what is wanted may begin after that.
_SAID_FIRST = re.compile(
    r"(?:^(?:ok|okay|alright|well|now|so|then|hey|hi|yes|sure|good|great|cool|nice|thanks)|[,.!;:-]) (?=\w)"
)
# More digits than any id has, standing by themselves: not in a path, a name or a title in quotes.
_TOO_LARGE = re.compile(r"(?<![\w./\\\"'“‘`-])\d{19,}(?![\w/\\\"'”’`-])")
# What a bare answer to a question back reads as: "412", "cluster 3", "into 8 groups".
_BARE = {"pick", "describe", "cluster", "recluster"}


def plan(turn: Turn) -> Plan:
    """What to do about a message that no tool has answered yet."""
    if (number := _TOO_LARGE.search(turn.text)) and not turn.says(_SEARCHING):
        return Plan("unclear", text=replies.TOO_LARGE.format(inert(number[0])))
    if not leave_out(turn):  # before any grammar takes "all but the first" for the first
        point_at_several(turn)
    want = likely(turn)[0]
    by_grammar = _by_grammar(turn, want)
    if by_grammar is not None and not by_grammar.asked:
        return by_grammar
    if (
        want.score > LIKELY
        and not is_foreign(turn)
        and (not turn.asked or (want.score > _QUITE_SURE and not _is_bare(turn)))
    ):
        likeliest = likeliest_step(turn, _WANTED)
        if likeliest.calls or by_grammar is None:
            return likeliest
    return by_grammar or _by_example(turn, _guesses(turn, turn.wording.words))


def _by_grammar(turn: Turn, want: Want) -> Plan | None:
    """The step of the first pattern that fits, or of an example that is all but the same.

    None where there is none, and where it would do something else than what is surely wanted.
    """
    if (step := goes_on(turn)) is not None:
        return step
    for read in _BEFORE_GUESSES:
        if (step := read(turn)) is not None and (step.intent == turn.asked or not _is_against(step, want)):
            return None if step.calls and want.name == "rename" and says_too_much(turn, step) else step
    guesses = _past_small_talk(turn, _guesses(turn, turn.wording.words))
    if want.score <= LIKELY or (turn.asked and (want.score <= _QUITE_SURE or _is_bare(turn))):
        return _by_example(turn, guesses)
    if not guesses or guesses[0].score < _SURELY_NEAR:
        return None
    near = guesses[0].score
    intent = _SAME_WANT.get(guesses[0].intent, guesses[0].intent)
    same = intent == want.name and intent not in _READ_LENIENTLY and not is_loose(turn)
    surest = _QUITE_SURE if intent == "search" else near - _MUCH_NEARER  # all that is unknown is looked for
    if is_foreign(turn):
        return None
    if intent == "search" and want.name != "search" and _hardly(turn, "search"):
        return None
    fits = same or want.score < max(_SURE, surest) or (near >= _THE_SAME and intent != "search")
    step = _by_example(turn, guesses) if fits else None
    wrong = step is not None and (
        (near < _THE_SAME and _is_against(step, want)) or (intent == "search" and says_too_much(turn, step))
    )
    return None if wrong else step


def _hardly(turn: Turn, name: str) -> bool:
    return next((each.score for each in likely(turn) if each.name == name), 0.0) < _HARDLY


def _by_example(turn: Turn, guesses: Sequence[Guess]) -> Plan:
    if is_foreign(turn):
        return call("words", "search_by_text", text=turn.text)
    if not guesses or guesses[0].score < _NEAR_ENOUGH:
        return Plan("unclear", text=replies.UNCLEAR)
    intents = [g.intent for g in guesses if g.score >= max(_NEAR_ENOUGH, guesses[0].score - _TOO_CLOSE)]
    answers = turn.slots.groups is None or turn.asked in ("cluster", "recluster", "split")
    if turn.asked in STEPS and answers and intents[0] in _BARE and _is_bare(turn):
        return STEPS[turn.asked](completed(turn))
    plans = [STEPS[intent](turn) for intent in intents]
    best = plans[0]
    return next((other for other in plans if other.calls), best) if best.asked else best


def _is_against(step: Plan, want: Want) -> bool:
    """Whether a step does something else than what is surely wanted. What only says something does no harm."""
    tools = TOOLS.get(want.name, frozenset())
    if not step.calls:
        return step.intent == "unclear" or (step.intent == "refuse" and bool(tools) and want.score > _QUITE_SURE)
    return want.score > (_SURE if tools else _QUITE_SURE) and not tools & {call.name for call in step.calls}


def _guesses(turn: Turn, words: str) -> list[Guess]:
    return [g for g in guess(words, bool(turn.attached)) if _is_said(turn, g.intent)]


def _past_small_talk(turn: Turn, guesses: list[Guess]) -> list[Guess]:
    """What is wanted after a word of thanks or the like: "ok, group it", "the last one is perfect, find similar ones".

    The words before are dropped then; what they named stays named.
    """
    idle = guesses[0].score if guesses and guesses[0].intent in _SMALL_TALK else 0.0
    for said in _SAID_FIRST.finditer(turn.wording.words):
        before, rest = turn.wording.words[: said.end()], turn.wording.words[said.end() :]
        after = _guesses(turn, rest)
        wanted = bool(after) and after[0].intent not in _SMALL_TALK
        is_idle = _is_small_talk(before) or _is_background(before)
        if wanted and after[0].score >= max(_NEAR_ENOUGH, idle - _TOO_CLOSE) and is_idle:
            turn.wording.words = rest
            return after
    return guesses


def _is_small_talk(words: str) -> bool:
    """Whether a stretch is praise, thanks, a greeting or a complaint, and is about nothing else."""
    tokens = blanked(words, False, vocabulary())
    best = guess(words, attached=False)[0]
    return "<about>" not in tokens and best.intent in _SMALL_TALK and best.score >= _SURELY_IDLE


def _is_background(words: str) -> bool:
    """Whether a stretch is a sentence of its own that tells what the person is at: "I am cutting a film. ..."."""
    return _BACKGROUND.match(words) is not None and guess(words, attached=False)[0].intent in {*_SMALL_TALK, "refuse"}


def _is_said(turn: Turn, intent: str) -> bool:
    """Whether the words hold what an intent cannot do without: nothing is copied unless a word asks for it."""
    if intent in _OF_GROUPS and turn.says(_SEARCHING):
        return False
    if intent == "greeting" and turn.says("find|search for|look for"):  # "find street evening"
        return False
    return intent not in lexicon()["demands"] or says_any(turn.wording, intent, table="demands")


def _is_bare(turn: Turn) -> bool:
    """Whether a message is nothing but something named, such as "412", "the second one" or "into 8 groups"."""
    left = MARK.sub("", turn.wording.words)
    return holds_only(left, "bare") and left.strip() != turn.wording.words


def _add(turn: Turn) -> Plan:
    folder = _folder(turn)
    return call("add", "ingest", folder=folder) if folder else ask("add", replies.WHICH_FOLDER)


def _update(turn: Turn) -> Plan:
    """All files that are known are looked at again, or a folder that is named; a sound that is named is to be heard."""
    return looking.play(turn) if turn.slots.refs else call("update", "ingest", folder=_folder(turn))


def _folder(turn: Turn) -> str:
    return next(iter([*turn.slots.paths, *turn.slots.quotes]), "") or folder_name(turn.wording)


def _refuse(turn: Turn) -> Plan:
    """A larger model is offered once in a conversation."""
    return Plan("refuse", text=replies.CANNOT if replies.LARGER_MODEL in turn.told else replies.REFUSAL)


def _nothing_to_do(turn: Turn) -> Plan | None:
    """The step for a message that asks what can be done, to destroy something, or about no sounds; else None."""
    words = plain(turn)
    shown = (turn.memory.clustering or {}).get("clusters") or []
    if any(re.search(rf"\bin {re.escape(str(group.get('title')))}(?!\w)", turn.said) for group in shown):
        return None  # a group that is called "Weather"
    if first("do_not", words):
        return Plan("fine", text=replies.FINE)
    if first("asks_help", words):
        return Plan("help", text=replies.HELP)
    return _refuse(turn) if any(first(each, words) for each in ("destroy", "sum", "off_topic")) else None


def _say(intent: str, text: str) -> Callable[[Turn], Plan]:
    return lambda _: Plan(intent, text=text)


_BEFORE_GUESSES = (
    moments.about_moments,
    subtitling.about_events,
    searching.going_on,
    about_ears,
    regrouping.about_groups,
    revisiting.about_versions,
    surveying.about_all_groups,
    mapping.about_maps,
    counting.about_counts,
    _nothing_to_do,
    looking.into_groups,
    looking.another_number,
    exporting.rather,
)
"""What reads structured requests by patterns."""

STEPS: dict[str, Callable[[Turn], Plan]] = {
    "add": _add,
    "update": _update,
    "like": searching.like,
    "words": searching.words,
    "quality": searching.quality,
    "other": searching.other,
    "shorter": searching.shorter,
    "longer": searching.longer,
    "narrow": searching.narrow,
    "more": searching.more,
    "cluster": looking.cluster,
    "recluster": looking.recluster,
    "describe": looking.describe,
    "groups": looking.groups,
    "which_group": looking.which_group,
    "details": looking.details,
    "pick": looking.pick,
    "play": looking.play,
    "extreme": looking.extreme,
    "overview": looking.overview,
    "skips": looking.skips,
    "export": exporting.export,
    "rename": regrouping.rename,
    "merge": regrouping.merge,
    "split": regrouping.split,
    "move": regrouping.move,
    "undo": regrouping.undo,
    "assign": regrouping.assign,
    "versions": revisiting.versions,
    "map": mapping.show_map,
    "selection": mapping.selection,
    "help": _say("help", replies.HELP),
    "greeting": _say("greeting", replies.GREETING),
    "thanks": _say("thanks", replies.THANKS),
    "fine": _say("fine", replies.FINE),
    "rude": _say("rude", replies.CALM),
    "refuse": _refuse,
}
"""What the nearest example wants."""

_WANTED = STEPS | LENIENT
"""What is wanted, read leniently where there is a way."""
