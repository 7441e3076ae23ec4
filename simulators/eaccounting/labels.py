"""Labels of articles and customers: the only thing near categories."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from simulators.eaccounting.account import MODEL_OF, Account
from simulators.eaccounting.errors import CAN_NOT_BE_DELETED, Refusal, invalid
from simulators.eaccounting.models import Record, Stored, clean

_CARRIERS: Final = {"articlelabels": ("articles", "ArticleLabels"), "customerlabels": ("customers", "CustomerLabels")}
"""Per kind of label, the kind of record that carries it and the member that lists it."""


def creating(kind: str) -> Callable[[Account, Record], Record]:
    """Give the function that creates a label; two labels may have the same name."""
    return lambda account, body: account.created(kind, clean(MODEL_OF[kind], body))


def replacing(kind: str) -> Callable[[Account, Stored, Record], Record]:
    """Give the function that replaces a label; what carries it shows the new name at once."""

    def replace(account: Account, stored: Stored, body: Record) -> Record:
        del account
        stored.update(clean(MODEL_OF[kind], body))
        return stored

    return replace


def deleting(kind: str) -> Callable[[Account, Stored], None]:
    """Give the function that deletes a label.

    What the vendor does with a label that is in use is not published; this simulator refuses it with 400 and 4001.
    """
    carrier, member = _CARRIERS[kind]

    def delete(account: Account, stored: Stored) -> None:
        for record in account.records(carrier):
            if any(label["Id"] == stored["Id"] for label in record[member] or ()):
                raise Refusal(CAN_NOT_BE_DELETED, f"The label {stored['Name']} is used by {carrier}.")
        del account.tables[kind][stored["Id"]]

    return delete


def attach(account: Account, kind: str, values: Record, body: Record) -> None:
    """Put the account's own labels in the place of the label objects of a body, which are known by their `Id`.

    Raises:
        Refusal: 400 with 2000 for a label without `Id`, 3000 for an unknown one.
    """
    member = _CARRIERS[kind][1]
    attached = []
    for index, label in enumerate(body.get(member) or ()):
        if not isinstance(label.get("Id"), str):
            raise invalid(f"{member}[{index}].Id", "Id is required; create the label first.")
        attached.append(account.get(kind, label["Id"]))
    values[member] = attached if body.get(member) is not None else None
