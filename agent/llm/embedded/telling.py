"""What is said of one sound: its name, its place, and what was measured of it."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from agent.llm.embedded.quoting import inert, quoted
from core.spoken import note_name

Card = Mapping[str, Any]
_MOST_TAGS = 4


def asks_for_one_thing(question: str) -> bool:
    """Whether the words ask for one property of a sound, such as its length, and not for all that is known."""
    return any(re.search(rf"\b(?:{pattern})\b", question) for pattern, _ in _ASPECTS)


def line(card: Card) -> str:
    parts = [
        sound_name(card),
        f"at {moment(card.get('start_s'))}",
        score_of(card, "{}"),
        caption_of(card),
    ]
    return ", ".join(part for part in parts[:3] if part) + (f": {parts[3]}" if parts[3] else "")


def sound_name(card: Card) -> str:
    """A sound by its id and name; a chunk with its place and its seconds."""
    if "chunk" not in card:
        return f"sound {card.get('id')}, {quoted(card.get('name', ''))}"
    moment = f"{moment(card.get('start_s'))} to {moment(card.get('end_s'))}"
    return f"chunk {card.get('id')}:{card['chunk']} ({moment}) of {quoted(card.get('name', ''))}"


def capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def caption_of(card: Card) -> str:
    return inert(str(card.get("caption") or "").rstrip(". "), longest=120)


def score_of(card: Card, form: str) -> str:
    score = card.get("score")
    return form.format(f"{score:.2f}") if isinstance(score, int | float) else ""


def moment(value: object) -> str:
    return f"{value:.1f} s" if isinstance(value, int | float) else "0.0 s"


def about(sound: Card) -> str:
    """All that is known of a sound, in a line or two."""
    head = capital(sound_name(sound))
    caption = caption_of(sound)
    facts = [_long(sound), _kind(sound), _channels(sound), _loud(sound), _bright(sound)]
    facts += [_pitch(sound)] if sound.get("pitch_hz") else []
    facts += [_tempo(sound)] if sound.get("tempo_bpm") else []
    line = ", ".join(fact for fact in facts if fact)
    tags = _tags(sound)
    return f"{head}{': ' + caption if caption else ''}. {capital(line)}{'; ' + tags if tags else ''}."


def _long(sound: Card) -> str:
    value = sound.get("duration_s")
    return f"{value:.3g} s long" if isinstance(value, int | float) and value < 60 else f"{duration(value)} long"


def _loud(sound: Card) -> str:
    parts = [("loudness_lufs", "{:.1f} LUFS"), ("peak_dbfs", "peak {:.1f} dBFS")]
    told = [form.format(sound[key]) for key, form in parts if isinstance(sound.get(key), int | float)]
    return ", ".join(told) or "of unknown loudness"


def _bright(sound: Card) -> str:
    value = sound.get("brightness_hz")
    return f"brightness {value:.0f} Hz" if isinstance(value, int | float) else ""


def _noisy(sound: Card) -> str:
    value = sound.get("noisiness")
    return f"noisiness {value:.2f} of 1" if isinstance(value, int | float) else "of unknown noisiness"


def _pitch(sound: Card) -> str:
    value = sound.get("pitch_hz")
    return f"pitch {value:.1f} Hz" if isinstance(value, int | float) else "without a clear pitch"


def _tempo(sound: Card) -> str:
    value = sound.get("tempo_bpm")
    return f"tempo {value:.0f} bpm" if isinstance(value, int | float) else "without a clear tempo"


def _channels(sound: Card) -> str:
    n, rate, codec = sound.get("channels"), sound.get("sample_rate_hz"), sound.get("codec")
    channels = {1: "mono", 2: "stereo"}.get(n, f"{n} channels") if isinstance(n, int) else ""
    told = [channels, f"{rate} Hz" if rate else "", inert(codec, 30) if codec else ""]
    return " ".join(part for part in told if part) or "of unknown format"


def _kind(sound: Card) -> str:
    return f"domain {inert(sound['domain'], 30)}" if sound.get("domain") else ""


def _tags(sound: Card) -> str:
    tags = [tag.get("label", "") if isinstance(tag, Mapping) else tag for tag in sound.get("tags") or []]
    return "tags " + ", ".join(inert(tag, 40) for tag in tags[:_MOST_TAGS]) if tags else ""


def _where(sound: Card) -> str:
    files = dicts(sound.get("files"))
    places = [f"{place(file.get('path'))}{' (missing)' if file.get('missing') else ''}" for file in files]
    return "at " + ", ".join(places or [place(sound.get("path", ""))])


def _said_caption(sound: Card) -> str:
    return f"heard as: {caption_of(sound)}" if sound.get("caption") else "without a caption"


def duration(value: object) -> str:
    """A length for people: 0.4 s, 3 min 5 s, 2 h 10 min."""
    if not isinstance(value, int | float):
        return "0 s"
    if value < 60:
        return f"{value:.1f} s"
    minutes, left_s = divmod(round(value), 60)
    hours, left_min = divmod(minutes, 60)
    return f"{hours} h {left_min} min" if hours else f"{minutes} min {left_s} s"


def place(path: object) -> str:
    return f"“{inert(path, longest=300)}”"


def many(n: int, what: str) -> str:
    """A number of things: "1 sound", "8 sounds"."""
    return f"{n} {what}{'' if n == 1 else 's'}"


# What a question may be about, and what answers it.
_ASPECTS: list[tuple[str, Callable[[Card], str]]] = [
    (r"how long|length|duration|seconds|lasts?|longer|when does", _long),
    (r"how loud|loud|loudness|lufs|volume|level|peak|quiet", _loud),
    (r"how bright|brightness", lambda sound: _bright(sound) or "of unknown brightness"),
    (r"nois(?:y|iness)", _noisy),
    (r"pitch|note|key|frequency", _pitch),
    (r"tempo|bpm|beats|how fast|speed", _tempo),
    (r"channels?|stereo|mono|sample rate|format|codec|bit ?rate|khz", _channels),
    (r"domain|speech or|music or|what kind|what type", lambda sound: _kind(sound) or "of unknown domain"),
    (r"tags?|labels?|keywords?", lambda sound: _tags(sound) or "without tags"),
    (r"captions?", _said_caption),
    (r"path|where|which file|stored|folder|location", _where),
]
