"""What a flow's settings must be: checked as a whole, with what the integration says for all its flows."""

from collections.abc import Mapping, Sequence
from typing import Any

from api.problem_documents import FieldError, Refused
from api.systems import connector_of
from connectors.order_flow import SettingsRefused
from connectors.pairs import Pair
from store import Store
from store.records import FlowRecord


async def pair_of(store: Store, workspace_id: str, kind: str, source_id: str, target_id: str) -> Pair:
    """The systems behind two connections; raises `NotFoundError`."""
    source = await store.connections.get(workspace_id, source_id)
    target = await store.connections.get(workspace_id, target_id)
    return Pair(kind, connector_of(source.system), connector_of(target.system))


async def pair_of_flow(store: Store, workspace_id: str, flow: FlowRecord) -> Pair:
    """The systems at the two ends of a flow."""
    return await pair_of(store, workspace_id, flow.kind, flow.source_connection_id, flow.target_connection_id)


def effective(flow: FlowRecord) -> dict[str, Any]:
    """A flow's stored settings with those of its integration, as they count together."""
    return {**flow.settings, "shared": flow.shared}


def shared_of(settings: Mapping[str, Any], source_id: str, target_id: str) -> dict[str, Any]:
    """What an integration's settings say for the two sides of a flow."""
    return {
        side: settings[owner] for side, owner in (("source", source_id), ("target", target_id)) if owner in settings
    }


def check_settings(pair: Pair, settings: Mapping[str, Any], shared: Mapping[str, Any], *, enabled: bool) -> None:
    """Refuse settings that do not fit, naming the setting; those of a flow that is on must be complete."""
    if "shared" in settings:
        raise SettingsRefused(
            f"Unknown group of settings: shared. Use {pair.kind}, source, target, mapping; what counts for all flows is"
            " set on the integration."
        )
    missing = pair.missing({**settings, "shared": shared})
    if enabled and missing:
        errors = [FieldError(field="settings", detail=f"{title} is empty.") for title in missing]
        raise Refused(missing_sentence(missing), errors=errors)


def missing_sentence(titles: Sequence[str]) -> str:
    """Why a flow cannot be switched on."""
    named = ", ".join(f"“{title}”" for title in titles)
    return f"The flow cannot be switched on while these settings are empty: {named}. Fill them in first."
