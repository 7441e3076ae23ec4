"""Short random ids that tell what they name and sort by the moment they were made."""

import secrets
import threading
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_RANDOM_BITS = 52
_CHARACTERS = 20


class _Numbers:
    """Ever growing numbers of 100 bits: milliseconds, then random bits."""

    def __init__(self) -> None:
        self._last = 0
        self._lock = threading.Lock()

    def next(self) -> int:
        with self._lock:
            drawn = (time.time_ns() // 1_000_000) << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)
            self._last = max(drawn, self._last + 1)
            return self._last


_numbers = _Numbers()


def new_id(prefix: str) -> str:
    """A new id such as ``itm_01jd3k…``; those of one process sort in the order they were made."""
    number = _numbers.next()
    characters = (_ALPHABET[(number >> 5 * place) & 31] for place in reversed(range(_CHARACTERS)))
    return f"{prefix}_{''.join(characters)}"
