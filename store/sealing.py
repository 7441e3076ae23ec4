"""Which columns are encrypted, and how a value is bound to its place."""

from store.keys import KeyRing
from store.tables import Connection, Exchange, Identified, Item, ItemEvent, Problem, Row, Workspace

SEALED: dict[type[Identified], tuple[str, ...]] = {
    Workspace: ("hash_key",),
    Connection: ("secrets", "problem", "tokens", "account"),
    Problem: ("value", "sentence"),
    Item: ("header", "body"),
    ItemEvent: ("text",),
    Exchange: ("content",),
}
"""Every encrypted column; renewing keys goes through all of them."""


class Sealer:
    """Encrypts and decrypts columns, each bound to workspace, table, column and row."""

    def __init__(self, keys: KeyRing) -> None:
        self.keys = keys

    def seal(self, table: type[Identified], column: str, workspace_id: str, row_id: str, plain: bytes) -> bytes:
        """Encrypt for one place."""
        return self.keys.encrypt(plain, place(table, column, workspace_id, row_id))

    def open(self, table: type[Identified], column: str, workspace_id: str, row_id: str, sealed: bytes) -> bytes:
        """Decrypt what was sealed for this place; raises `UndecipherableError` for any other."""
        return self.keys.decrypt(sealed, place(table, column, workspace_id, row_id))

    def of(self, row: Row, column: str) -> bytes | None:
        """Decrypt a column of a row; None when it is empty."""
        sealed = getattr(row, column)
        return None if sealed is None else self.open(type(row), column, row.workspace_id, row.id, sealed)

    def text_of(self, row: Row, column: str) -> str:
        """Decrypt a column of a row as text; empty when it is empty."""
        return (self.of(row, column) or b"").decode()


def place(table: type[Identified], column: str, workspace_id: str, row_id: str) -> str:
    """The name of one place in the database."""
    return f"{workspace_id}/{table.__tablename__}.{column}/{row_id}"
