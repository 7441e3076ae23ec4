"""Fixed names of activities and search attributes; they outlive any rename of a function."""

from temporalio.common import SearchAttributeKey

FETCH_ORDERS = "fetch_orders"
SYNC_RECORDS = "sync_records"
RESYNC_FLOW = "resync_flow"
RELEASE_ITEMS = "release_items"
FIND_ORDER = "find_order"
ENSURE_CUSTOMER = "ensure_customer"
ENSURE_PRODUCTS = "ensure_products"
CREATE_DOCUMENT = "create_document"
PARK_ORDER = "park_order"

INTEGRATION_KEY = SearchAttributeKey.for_keyword("LongshoreIntegration")
FLOW_KEY = SearchAttributeKey.for_keyword("LongshoreFlow")
SYSTEMS_KEY = SearchAttributeKey.for_keyword("LongshoreSystems")
PROBLEM_KEY = SearchAttributeKey.for_keyword("LongshoreProblem")

SEARCH_ATTRIBUTES = [INTEGRATION_KEY, FLOW_KEY, SYSTEMS_KEY, PROBLEM_KEY]
"""Never encrypted by Temporal, so they hold ids and codes only."""
