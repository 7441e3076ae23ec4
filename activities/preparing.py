"""Everything that can be refused is refused here, before anything of an order is written."""

from activities.products import products_of
from activities.stage import Stage
from commerce.order import Order
from commerce.problems import ProblemCode
from connectors.errors import RecordRefused
from connectors.protocols import CustomerRef, DocumentRequest, PreparedDocument

_STALE_KNOWLEDGE = frozenset({ProblemCode.UNKNOWN_TAX_RATE, ProblemCode.TOTALS_DIFFER})
"""Problems that remembered articles may have caused: looked up afresh before they count."""


async def prepared_for(
    stage: Stage, order: Order, customer: CustomerRef, *, create_products: bool = False
) -> PreparedDocument:
    """The order's document for a customer, who may be only planned.

    Only reads, but for articles that the order brings in when ``create_products`` is set.

    Raises:
        RecordRefused: An article is unknown, a value is not mapped, the totals differ …
        RecordGone: The customer is no longer at the target.
    """
    settings = stage.flow.settings.orders
    values = await stage.values()

    async def prepare(*, fresh: bool) -> PreparedDocument:
        request = DocumentRequest(
            order=order,
            kind=settings.document_type,
            customer=customer,
            products=await products_of(stage, order, fresh=fresh, create=create_products),
            identifier=settings.identifier,
            values=values,
            rounding_limit=settings.rounding_limit,
            rules=stage.flow.settings.rules,
        )
        with stage.flow.calling_target():
            return await stage.flow.target.prepare_document(request)

    try:
        return await prepare(fresh=False)
    except RecordRefused as error:
        if error.problem.code not in _STALE_KNOWLEDGE:
            raise
        return await prepare(fresh=True)
