"""Plain text out of HTML, in one pass whose time grows with the length of the text and with nothing else."""

import re
from html.entities import html5

_PIECE = re.compile(r"<!--|-->|</?[a-zA-Z][^<>]*>|<[!?][^<>]*>")
_ENTITY = re.compile(r"&(?:#([0-9]{1,7})|#[xX]([0-9a-fA-F]{1,6})|([a-zA-Z][a-zA-Z0-9]{1,31}));")
_NAME = re.compile(r"</?([a-zA-Z0-9]{1,16})")
_UNSEEN = frozenset({"script", "style"})
_INLINE = frozenset({"a", "abbr", "b", "em", "font", "i", "s", "small", "span", "strong", "sub", "sup", "u"})


def plain(html: str) -> str:
    """The text a reader sees: block tags part words, inline tags do not; what is not a tag stays."""
    kept: list[str] = []
    hidden_until = ""
    start = 0
    for piece in _PIECE.finditer(html):
        token = piece[0]
        if not hidden_until:
            kept.append(html[start : piece.start()])
        start = piece.end()
        if token in {"<!--", "-->"}:
            hidden_until = _after_comment(token, hidden_until, kept)
            continue
        found = _NAME.match(token)
        name = found[1].lower() if found else ""
        if hidden_until:
            if token.startswith("</") and name == hidden_until:
                hidden_until = ""
        elif name in _UNSEEN and token[1] != "/":
            hidden_until = name
        elif name not in _INLINE:
            kept.append(" ")
    if not hidden_until:
        kept.append(html[start:])
    return " ".join(_ENTITY.sub(_character, "".join(kept)).split())


def _after_comment(piece: str, hidden_until: str, kept: list[str]) -> str:
    """What hides the text that follows a comment's begin or end; an end without a begin is text."""
    if not hidden_until:
        if piece == "-->":
            kept.append(piece)
            return ""
        return "-->"
    return "" if hidden_until == piece else hidden_until


def _character(entity: re.Match[str]) -> str:
    """The character an entity stands for; an entity that stands for none stays as it is."""
    decimal, hexadecimal, name = entity.groups()
    if name:
        return html5.get(f"{name};", entity[0])
    code = int(decimal) if decimal else int(hexadecimal, 16)
    allowed = 32 <= code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF
    return chr(code) if allowed else " " if code in {9, 10, 13} else entity[0]
