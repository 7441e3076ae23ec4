"""The fields that two connected accounts have beyond what their connectors declare, read now."""

from activities.vendors import ConnectionBroken, Vendors
from connectors.errors import ConnectionRefused
from connectors.flow_mapping import AccountFields
from connectors.pairs import ORDERS
from store import Store


async def read_account_fields(store: Store, vendors: Vendors, workspace_id: str, flow_id: str) -> AccountFields:
    """What the mapper offers beside the declared fields of a flow; orders have all of theirs under ``raw``.

    Raises:
        VendorError: An account refuses us, or does not answer.
        SettingsRefused: The flow's settings do not fit (any more).
    """
    if (await store.flows.get(workspace_id, flow_id)).kind == ORDERS:
        return AccountFields()
    try:
        flow = await vendors.open_record_flow(workspace_id, flow_id)
    except ConnectionBroken as error:
        raise ConnectionRefused(error.problem.code, error.problem.sentence) from error
    return AccountFields(await flow.source.own_fields(), await flow.target.own_fields())
