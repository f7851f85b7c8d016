"""How often somebody may do a thing: so many at once, then one after each while."""

import time
from dataclasses import dataclass, field

LOGINS = (5, 10.0)
"""Tries from one address: at once, and after how many seconds one more."""
UPLOADS = (40, 2.0)
MESSAGES = (20, 2.0)
"""Of one person, in all of their chats."""

MOST_KEYS = 10_000


@dataclass
class Rate:
    """A token bucket for each key. `burst` at once, then one in `every_s` seconds."""

    burst: int
    every_s: float
    _full_at_s: dict[str, float] = field(default_factory=dict)

    def take(self, key: str) -> float:
        """0.0 if it may be done now, and then it counts; else for how many seconds to wait."""
        now_s = time.monotonic()
        if len(self._full_at_s) >= MOST_KEYS:
            self._full_at_s = {each: full_s for each, full_s in self._full_at_s.items() if full_s > now_s}
        full_s = max(self._full_at_s.get(key, 0.0), now_s) + self.every_s
        wait_s = full_s - now_s - self.burst * self.every_s
        if wait_s > 1e-9:
            return wait_s
        self._full_at_s[key] = full_s
        return 0.0


def wait_sentence(wait_s: float) -> str:
    """What is told to somebody who has to wait."""
    seconds = int(wait_s) + 1
    return f"That was too often at once; wait {seconds} second{'s' if seconds > 1 else ''} and try again."
