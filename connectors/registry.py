"""The systems we can talk to."""

from collections.abc import Mapping

from connectors.ccvshop import CONNECTOR as CCVSHOP
from connectors.declaration import Connector
from connectors.eaccounting import CONNECTOR as EACCOUNTING
from connectors.protocols import DocumentType
from connectors.records import RecordKind

CONNECTORS: Mapping[str, Connector] = {entry.system: entry for entry in (CCVSHOP, EACCOUNTING)}


def connector(system: str) -> Connector:
    """The connector of a system.

    Raises:
        LookupError: There is none of that name; the text lists those there are.
    """
    try:
        return CONNECTORS[system]
    except KeyError:
        known = ", ".join(sorted(CONNECTORS))
        raise LookupError(f'there is no connector for "{system}"; there are connectors for {known}') from None


def capability_matrix() -> dict[str, dict[str, bool]]:
    """System → capability → whether its connector has it; the source of every list of what works."""
    return {system: _capabilities(entry) for system, entry in sorted(CONNECTORS.items())}


def _capabilities(entry: Connector) -> dict[str, bool]:
    kinds = entry.order_target.document_types if entry.order_target else frozenset()
    orders = {"orders: source": entry.order_source is not None} | {
        f"orders: target, {kind}": kind in kinds for kind in DocumentType
    }
    records = {
        f"{kind}: {side}": kind in declared
        for kind in RecordKind
        for side, declared in (("source", entry.record_sources), ("target", entry.record_targets))
    }
    return orders | records
