"""Short random ids that tell what they name and sort roughly by the moment they were made."""

import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_RANDOM_BITS = 52
_CHARACTERS = 20


def new_id(prefix: str) -> str:
    """A new id such as ``itm_01jd3k…``: 48 bits of milliseconds, then 52 random bits."""
    number = (time.time_ns() // 1_000_000) << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)
    characters = (_ALPHABET[(number >> 5 * place) & 31] for place in reversed(range(_CHARACTERS)))
    return f"{prefix}_{''.join(characters)}"
