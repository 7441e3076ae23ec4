"""A shop's whole listing, kept for a while in little memory, for when very many articles are looked up at once."""

import time
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

from connectors import exact_json

_MOST_PRODUCTS = 300_000
_FORGOTTEN = b""
_WORTH = 10
"""How many times as long as it took to read a listing is used: nobody waits long for what a person changes."""


class ArticleIndex:
    """Products by the numbers and ids they answer to; their bodies are kept packed, some 500 bytes each."""

    def __init__(self) -> None:
        self._bodies: list[bytes] = []
        self._places: dict[str, list[int]] = {}
        self._began = time.monotonic()
        self._usable_until = self._began
        self._pages = 0

    def turn_page(self) -> None:
        """Another page begins."""
        self._pages += 1

    def add(self, product: Mapping[str, Any], names: Iterable[str]) -> None:
        """Keep a product under these names; beyond 300 000 products nothing more is kept, and is looked up instead."""
        if len(self._bodies) >= _MOST_PRODUCTS:
            return
        self._bodies.append(zlib.compress(exact_json.dumps(product).encode(), level=1))
        for name in names:
            self._places.setdefault(name, []).append(len(self._bodies) - 1)

    def finish(self) -> None:
        """The listing is complete; one of a single page is so quickly read that it is not used again."""
        now = time.monotonic()
        self._usable_until = now if self.on_one_page else now + (now - self._began) * _WORTH

    @property
    def on_one_page(self) -> bool:
        """Whether one answer showed everything, so that what is missing is certain to be absent."""
        return self._pages <= 1

    @property
    def usable(self) -> bool:
        """Whether the listing is complete and still new enough."""
        return time.monotonic() < self._usable_until

    def forget(self, name: str) -> None:
        """The products with this name are no longer as they were listed."""
        for place in self._places.get(name, ()):
            self._bodies[place] = _FORGOTTEN

    def named(self, name: str) -> list[dict[str, Any]]:
        """The products with this name; empty also when one came after the listing, or was forgotten."""
        bodies = [self._bodies[place] for place in self._places.get(name, ())]
        return [] if _FORGOTTEN in bodies else [exact_json.loads(zlib.decompress(body)) for body in bodies]
