"""What is said of one sound: its name, its place, and what was measured of it."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from agent.llm.embedded.quoting import inert, quoted
from core.spoken import note_name

Card = Mapping[str, Any]
_MOST_TAGS = 4


def line(card: Card) -> str:
    """A card in one line of a list."""
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
    span = f"{moment(card.get('start_s'))} to {moment(card.get('end_s'))}"
    return f"chunk {card.get('id')}:{card['chunk']} ({span}) of {quoted(card.get('name', ''))}"


def capital(sentence: str) -> str:
    """The sentence with its first letter large."""
    return sentence[:1].upper() + sentence[1:]


def caption_of(card: Card) -> str:
    """The caption, inert and without its full stop."""
    return inert(str(card.get("caption") or "").rstrip(". "), longest=120)


def score_of(card: Card, form: str) -> str:
    """The score in a form such as "({})"; nothing where nothing was searched."""
    score = card.get("score")
    return form.format(f"{score:.2f}") if isinstance(score, int | float) else ""


def moment(value: object) -> str:
    """A moment or a length in seconds, to a tenth."""
    return f"{value:.1f} s" if isinstance(value, int | float) else "0.0 s"


def about(sound: Card) -> str:
    """All that is known of a sound, in a line or two."""
    head = capital(sound_name(sound))
    caption = caption_of(sound)
    told = re.search(r"[\d.]+ (?:s|min|h|ms)$", caption)  # how long it is, as captions end
    facts = ["" if told else _long(sound), _kind(sound), _channels(sound), _loud(sound), _bright(sound)]
    facts += [_pitch(sound)] if sound.get("pitch_hz") else []
    facts += [_tempo(sound)] if sound.get("tempo_bpm") else []
    measured = ", ".join(fact for fact in facts if fact)
    tags = _tags(sound)
    return f"{head}{': ' + caption if caption else ''}. {capital(measured)}{'; ' + tags if tags else ''}."


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


def _note(sound: Card) -> str:
    value = sound.get("pitch_hz")
    if not isinstance(value, int | float) or value <= 0:
        return "without a clear pitch, so I can name no note or key"
    return f"its pitch is near {note_name(value)} ({value:.1f} Hz); a key takes more than one note"


def _played(sound: Card) -> str:
    path = sound.get("path") or next((file.get("path") for file in dicts(sound.get("files"))), "")
    return f"plays by its button{'; its file is ' + place(path) if path else ''}"


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
    """A path in quotes, inert."""
    return f"“{inert(path, longest=300)}”"


def many(n: int, what: str) -> str:
    """A number of things: "1 sound", "8 sounds"."""
    return f"{n} {what}{'' if n == 1 else 's'}"


def dicts(value: object) -> list[Card]:
    """The dicts of a list; nothing of anything else."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list | tuple) else []


# What a question may be about, and what answers it.
_ASPECTS: list[tuple[str, Callable[[Card], str]]] = [
    (r"play|(?:me|us|i|to) (?:hear|listen)", _played),
    (r"how long|length|duration|seconds|lasts?|longer|longest|shortest|when does", _long),
    (r"how loud|loud|loudness|lufs|volume|level|peak|quiet", _loud),
    (r"how bright|brightness", lambda sound: _bright(sound) or "of unknown brightness"),
    (r"nois(?:y|iness)", _noisy),
    (r"key|note|tuned", _note),
    (r"pitch|frequency", _pitch),
    (r"tempo|bpm|beats|how fast|speed", _tempo),
    (r"channels?|stereo|mono|sample rate|format|codec|bit ?rate|khz", _channels),
    (r"domain|speech or|music or|what kind|what type", lambda sound: _kind(sound) or "of unknown domain"),
    (r"tags?|labels?|keywords?", lambda sound: _tags(sound) or "without tags"),
    (r"captions?", _said_caption),
    (r"path|where|which file|stored|folder|location", _where),
]


def asks_for_one_thing(question: str) -> bool:
    """Whether the words ask for one property of a sound, such as its length, and not for all that is known."""
    return bool(_asked_for(question))


def told_of(sound: Card, question: str) -> str:
    """What a question asks of a sound, such as its length; all that is known where it asks for nothing special."""
    asked = _asked_for(question)
    return f"{capital(sound_name(sound))}, {', '.join(tell(sound) for tell in asked)}." if asked else about(sound)


def _asked_for(question: str) -> list[Callable[[Card], str]]:
    return [tell for pattern, tell in _ASPECTS if re.search(rf"\b(?:{pattern})\b", question)]
