"""Numbers as one would say them."""

import math

NOTES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
NUMBER_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def spoken_duration(seconds: float) -> str:
    """A length as one would say it: 80 ms, 1.4 s, 2 min 05 s."""
    if seconds < 0.1:
        return f"{max(1, round(seconds * 1000))} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def spoken_frequency(hz: float) -> str:
    """A frequency as one would say it: 90 Hz, 1.4 kHz."""
    return f"{hz / 1000:.1f} kHz" if hz >= 1000 else f"{round(hz, -1):.0f} Hz"


def note_name(hz: float) -> str:
    """The nearest note of the equal-tempered scale, A4 = 440 Hz, C4 = middle C."""
    number = round(69 + 12 * math.log2(hz / 440))
    return f"{NOTES[number % 12]}{number // 12 - 1}"


def spoken_number(number: int) -> str:
    """A small count as a word, a larger one in digits: three, 14."""
    return NUMBER_WORDS[number] if number < len(NUMBER_WORDS) else str(number)
