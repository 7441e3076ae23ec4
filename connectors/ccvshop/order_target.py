"""Take orders in as orders of a shop. Source: CCV Shop API documentation, orders (June 2022).

The shop cannot delete orders, cannot be told the payment method, and numbers its orders itself.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from pydantic import BaseModel

from commerce.customer import Customer
from commerce.order import Line, Order
from commerce.problems import Problem, ProblemCode
from connectors.ccvshop.addresses import in_address_form
from connectors.ccvshop.api import ROOT
from connectors.ccvshop.articles import Article, ArticleFinder, ambiguous
from connectors.ccvshop.fields import Fields
from connectors.ccvshop.order_references import REFERENCE, OrderReferences
from connectors.ccvshop.order_rows import order_money
from connectors.ccvshop.order_settings import (
    BILLING,
    DELIVERY,
    FIELDS,
    ROW_FIELDS,
    CcvOrderTarget,
    MissingArticle,
    order_rules,
)
from connectors.ccvshop.orders import read_header
from connectors.ccvshop.user_target import CcvCustomers, CcvUserTarget
from connectors.ccvshop.writing import created_id, nested, refusal
from connectors.client import VendorClient
from connectors.declaration import OrderTargetDeclaration
from connectors.errors import OutcomeUnknown, RecordRefused
from connectors.order_mapping import applied, compile_order_rules, line_record, order_record
from connectors.protocols import (
    CustomerRef,
    Document,
    DocumentRequest,
    DocumentType,
    Identifier,
    MissingProduct,
    PreparedDocument,
    ProductRef,
)
from connectors.records import Existing, Key


class CcvOrdersIn:
    """`OrderTarget` of one shop. Buyers are guests, or registered customers that exist; none is made for an order."""

    def __init__(self, client: VendorClient, settings: CcvOrderTarget) -> None:
        self._client = client
        self._settings = settings
        self._users = CcvCustomers(client, CcvUserTarget())
        self._finder = ArticleFinder(client, ())
        self._references = OrderReferences(client)

    async def plan_customer(self, order: Order, known: str | None, *, update: bool) -> CustomerRef:  # noqa: ARG002
        """The registered customer with the order's e-mail address, else a guest; nothing is ever written of either."""
        address = order.customer.email_key()
        if not (self._settings.link_customers and address):
            return CustomerRef("", "", "default")
        found = (await self._users.find([Key("", address)], Identifier.SKU)).get("")
        if isinstance(found, Existing):
            return CustomerRef(found.target_id, found.number, "found")
        if found is not None:
            raise RecordRefused(found)
        return CustomerRef("", "", "default")

    async def push_customer(self, order: Order, plan: CustomerRef) -> CustomerRef:  # noqa: ARG002
        """What was planned: there is nothing to do."""
        return plan

    def customer_key(self, customer: Customer, currency: str) -> str:  # noqa: ARG002
        """Empty: whether a guest has become a registered customer is looked up for every order."""
        return ""

    async def find_products(self, identifiers: Sequence[str], by: Identifier) -> Mapping[str, ProductRef]:
        """Products and variants; raises `RecordRefused` when several have one identifier."""
        keys = [Key(identifier, identifier) for identifier in identifiers]
        found: dict[str, ProductRef] = {}
        for name, articles in (await self._finder.find(keys, by)).items():
            if len(articles) > 1:
                raise RecordRefused(ambiguous(Key(name, name), by, articles))
            if articles:
                found[name] = _product(articles[0], name)
        return found

    async def when_missing(self, order: Order, line: Line) -> MissingProduct:  # noqa: ARG002
        """As the settings say; a line without a product stands in for itself."""
        free = self._settings.missing_product is MissingArticle.FREE_ROW
        return MissingProduct.SUBSTITUTE if free else MissingProduct.PARK

    async def plan_product(self, order: Order, line: Line, by: Identifier) -> ProductRef:
        """Never asked for: orders make no products here. Raises `RecordRefused`."""
        raise refusal(
            ProblemCode.UNKNOWN_PRODUCT,
            str(by),
            line.sku,
            f"Order {order.reference}: the shop has no product {line.sku or line.name}, and orders make none there. "
            "Create it, then retry.",
        )

    async def push_product(self, plan: ProductRef) -> ProductRef:
        """The product as planned: there is nothing to do."""
        return plan

    async def required_products(self, order: Order) -> Sequence[str]:  # noqa: ARG002
        """None: shipping and costs are amounts of the order itself."""
        return ()

    async def find_document(self, reference: str, kind: DocumentType, *, placed_at: datetime) -> Document | None:
        """By a scan of the shop's orders; raises `RecordRefused` when two have the reference."""
        ids = await self._references.find(reference, placed_at)
        if len(ids) > 1:
            raise refusal(
                ProblemCode.AMBIGUOUS_MATCH,
                REFERENCE,
                reference,
                f'Order {reference}: the shop has several orders with the reservation number "{reference}" '
                f"(ids {', '.join(ids)}). Cancel all but one and change their reservation number, then retry.",
            )
        return await self._document(ids[0], kind) if ids else None

    async def prepare_document(self, request: DocumentRequest) -> PreparedDocument:
        """The body; its lines come to the order's total. Raises `RecordRefused`."""
        order, settings = request.order, self._settings
        rules = request.rules or compile_order_rules(order_rules(settings), FIELDS, ROW_FIELDS)
        record = order_record(order)
        header = applied(rules.header, record, request.values)
        money = order_money(order, request.products, request.identifier, settings.package, request.rounding_limit)
        rows, notes = [], [*header.notes]
        for line, row in money.rows:
            said = applied(rules.rows, line_record(record, line, line.name), request.values)
            notes += said.notes
            name = {} if "product_id" in row else {"product_name": line.name or line.sku}
            rows.append({**name, **said.values, **row})
        values = {**header.values, **in_address_form(header.values, {}, (BILLING, DELIVERY))}
        body: dict[str, Any] = {"customer": {}, **nested(_sendable(values)), **money.members}
        if request.customer.target_id:
            body["user_id"] = int(request.customer.target_id)
        if "status" in body:
            body["status"] = _status(order, body["status"])
        return PreparedDocument(
            reference=order.reference,
            kind=request.kind,
            body={
                "order": {**body, "orderrows": rows, REFERENCE: order.reference, "is_completed": True},
                "placed_at": order.placed_at.astimezone(UTC).isoformat(),
            },
            expected_total=order.total,
            rounding=money.rounding,
            notes=notes,
        )

    async def push_document(self, prepared: PreparedDocument, found: Document | None) -> Document:
        """Create the order; one that was found is complete. Its total is compared by its stated ``total``."""
        if found is not None:
            return found
        operation = f"create order {prepared.reference}"
        answer = await self._client.write("POST", f"{ROOT}/orders/", prepared.body["order"], operation=operation)
        if order_id := created_id(answer):
            return _read(answer.body, order_id, prepared.kind)
        placed_at = datetime.fromisoformat(prepared.body["placed_at"])
        document = await self.find_document(prepared.reference, prepared.kind, placed_at=placed_at)
        if document is None:
            sentence = f"CCV Shop does not show order {prepared.reference} that it took; this will be looked up."
            raise OutcomeUnknown(sentence, settled=True)
        return document

    async def _document(self, order_id: str, kind: DocumentType) -> Document | None:
        header = await read_header(self._client, order_id)
        return None if header is None else _read(header, order_id, kind)


def _product(article: Article, name: str) -> ProductRef:
    return ProductRef(article.target_id, str(article.product.get("productnumber") or name))


def _sendable(values: Mapping[str, Any]) -> dict[str, Any]:
    """What a new order is created with; nothing is said about what is empty."""
    return {name: value for name, value in values.items() if value not in {None, ""}}


def _status(order: Order, status: str) -> int:
    if not (status.isascii() and status.isdigit()):
        raise RecordRefused(
            Problem(
                code=ProblemCode.INVALID_VALUE,
                field="status",
                value=status,
                sentence=f'Order {order.reference}: "{status}" is no order status of the shop, which are numbers. '
                "Correct the rule in the flow's mapping, then retry.",
            )
        )
    return int(status)


def _read(body: Mapping[str, Any], order_id: str, kind: DocumentType) -> Document:
    order = Fields(f"Order {order_id}", body)
    return Document(
        target_id=order_id,
        number=order.text("ordernumber_full") or order.text("ordernumber") or order_id,
        kind=kind,
        total=order.required_amount("total_price"),
        currency=order.text("currency").upper(),
        complete=True,
    )


def _open(client: VendorClient, _connection: BaseModel, settings: BaseModel) -> CcvOrdersIn:
    return CcvOrdersIn(client, CcvOrderTarget.model_validate(settings))


ORDER_TARGET: Final = OrderTargetDeclaration(
    open=_open,
    settings=CcvOrderTarget,
    document_types=frozenset({DocumentType.ORDER}),
    settle=timedelta(minutes=1),
    fields=FIELDS,
    row_fields=ROW_FIELDS,
    mapping_for=order_rules,
)
