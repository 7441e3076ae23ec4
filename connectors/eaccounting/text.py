"""Fit the shop's text into the vendor's fields: cut visibly, and kept in full elsewhere."""

import unicodedata

TEXT_ROW_LENGTH = 2000
_MARK = "…"


def clean(value: str) -> str:
    """The text without control characters and broken halves of characters, on one line, trimmed.

    NUL and its like are refused or swallowed by most databases; they carry nothing a person could read.
    """
    kept = (
        " " if character in "\t\n\r" else character
        for character in value
        if character in "\t\n\r" or unicodedata.category(character) not in {"Cc", "Cs"}
    )
    return " ".join("".join(kept).split())


def length(value: str) -> int:
    """Length as the vendor counts it: an emoji is two units in the strings of its platform."""
    return len(value.encode("utf-16-le")) // 2


def cut(value: str, limit: int) -> str:
    """The longest beginning of at most so many units."""
    kept = value[:limit]
    while length(kept) > limit:
        kept = kept[:-1]
    return kept


class Fitting:
    """Fits the values of one document or customer, and remembers what did not fit."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.overflow: list[str] = []
        """Label and full value, for text rows of the document."""

    def __call__(self, value: str, limit: int, label: str) -> str:
        """The cleaned value, cut visibly to so many units."""
        text = clean(value)
        if length(text) <= limit:
            return text
        self.notes.append(f"{label} is longer than {limit} characters and was cut; the full text is on a text row.")
        self.overflow.append(f"{label}: {text}")
        return cut(text, limit - length(_MARK)).rstrip() + _MARK

    def two_lines(self, value: str, second: str, limit: int, label: str) -> tuple[str, str]:
        """A street over two address lines: what does not fit on the first goes to the second when that is free."""
        text, other = clean(value), clean(second)
        if length(text) <= limit or other:
            return self(text, limit, label), self(other, limit, f"{label}, second line")
        head = cut(text, limit)
        at = head.rfind(" ")
        head = head[:at] if at > 0 else head
        tail = text[len(head) :].strip()
        if length(tail) <= limit:
            return head, tail
        return self(text, limit, label), ""

    def text_rows(self) -> list[str]:
        """The full values, each in pieces that a text row holds."""
        return [piece for text in self.overflow for piece in pieces(text)]


def pieces(text: str) -> list[str]:
    """The text in parts that a text row holds."""
    parts = []
    while text:
        part = cut(text, TEXT_ROW_LENGTH)
        parts.append(part)
        text = text[len(part) :]
    return parts
