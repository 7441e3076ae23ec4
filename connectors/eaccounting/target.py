"""eAccounting as the target of orders."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from pydantic import BaseModel

from commerce.customer import Customer
from commerce.order import Line, Order
from commerce.problems import Problem, ProblemCode
from connectors.client import VendorClient
from connectors.eaccounting.api import Api, Record
from connectors.eaccounting.articles import Articles
from connectors.eaccounting.charges import (
    RowMapping,
    charges_of,
    country_of,
    needed_articles,
    rounding_articles,
    when_missing,
)
from connectors.eaccounting.company import Company
from connectors.eaccounting.customers import Customers
from connectors.eaccounting.document_body import header, precision, readable, rows, text_rows
from connectors.eaccounting.document_fields import FIELDS, ROW_FIELDS, default_rules
from connectors.eaccounting.documents import Documents
from connectors.eaccounting.lines import Charge, PlanTerms, RowPlan, plan_rows
from connectors.eaccounting.new_articles import NewArticles
from connectors.eaccounting.settings import EAccountingConnection, EAccountingOrders
from connectors.eaccounting.terms import terms_of_payment
from connectors.eaccounting.text import Fitting
from connectors.eaccounting.vat import treatment_of
from connectors.eaccounting.vouchers import Vouchers
from connectors.errors import RecordRefused
from connectors.order_mapping import compile_order_rules
from connectors.protocols import (
    CustomerRef,
    Document,
    DocumentRequest,
    DocumentType,
    Identifier,
    MissingProduct,
    OrderRules,
    PreparedDocument,
    ProductRef,
)


class EAccountingTarget:
    """Implements `OrderTarget`. Keeps what it read of company and codings for some minutes: reuse an instance."""

    def __init__(self, client: VendorClient, settings: EAccountingOrders, *, books_vouchers: bool = False) -> None:
        api = Api(client)
        self._settings = settings
        self._company = Company(api)
        self._customers = Customers(api, self._company, settings)
        self._articles = Articles(api, self._company)
        self._new_articles = NewArticles(api, self._company, self._articles, settings)
        self._documents = Documents(api, settings)
        self._vouchers = Vouchers(api, self._company, settings, allowed=books_vouchers)

    async def plan_customer(self, order: Order, known: str | None, *, update: bool) -> CustomerRef:
        """See `Customers.plan`."""
        return await self._customers.plan(order, known, update=update)

    async def push_customer(self, order: Order, plan: CustomerRef) -> CustomerRef:
        """See `Customers.push`."""
        return await self._customers.push(order, plan)

    def customer_key(self, customer: Customer, currency: str) -> str:
        """E-mail address and currency; empty for buyers whose orders go to the default customer."""
        return self._customers.key(customer, currency)

    async def find_products(self, identifiers: Sequence[str], by: Identifier) -> Mapping[str, ProductRef]:
        """See `Articles.find`."""
        return await self._articles.find(identifiers, by)

    async def when_missing(self, order: Order, line: Line) -> MissingProduct:
        """As the settings say; a line without SKU cannot be created, and goes onto a substitute where one is set."""
        return when_missing(line, self._settings, await self._country_of(order))

    async def plan_product(self, order: Order, line: Line, by: Identifier) -> ProductRef:
        """See `NewArticles.plan`."""
        return await self._new_articles.plan(order, line, by, await self._country_of(order))

    async def push_product(self, plan: ProductRef) -> ProductRef:
        """See `NewArticles.push`."""
        return await self._new_articles.push(plan)

    async def required_products(self, order: Order) -> Sequence[str]:
        """Numbers of the shipping, fee, discount, rounding, replacement and substitute articles it may need."""
        return needed_articles(order, self._settings, await self._country_of(order))

    async def find_document(self, reference: str, kind: DocumentType, *, placed_at: datetime) -> Document | None:
        """See `Documents.find`, and `Vouchers.find` for financial transactions."""
        if kind.is_entry:
            return await self._vouchers.find(reference, placed_at)
        return await self._documents.find(reference, kind, placed_at)

    async def prepare_document(self, request: DocumentRequest) -> PreparedDocument:
        """Plan the document for both price modes, as only eAccounting's answer tells which one it has.

        Raises:
            RecordGone: The customer was deleted at eAccounting.
            RecordRefused: Something about the order, a setting or the target's records must be corrected first.
        """
        if request.kind.is_entry:
            return await self._vouchers.prepare(request, request.rules or self._default_rules())
        order, settings = request.order, self._settings
        planned = request.customer.planned
        customer = dict(planned) if planned is not None else await self._customers.read(request.customer.target_id)
        await self._require_currency(request, customer)
        treatment = await treatment_of(self._company, customer, order.currency)
        fit = Fitting()
        facts = await self._company.facts()
        destination = country_of(order, facts.country)
        special = await self._special_articles(request, destination)
        rules = request.rules or self._default_rules()
        record = readable(request, settings, facts.country)
        mapping = RowMapping(rules.rows, record, destination)
        charges = charges_of(request, settings, special, treatment, mapping, fit)
        body = header(request, settings, rules, record, fit)
        texts = text_rows(request, settings, customer, fit)
        terms = PlanTerms(
            reference=order.reference,
            order_total=order.total,
            precision=precision(request.kind, domestic=treatment.domestic),
            rounding_articles=rounding_articles(order, settings, special, treatment, destination),
            rounding_limit=request.rounding_limit,
            text_rows=len(texts),
        )
        includes_vat = treatment.private and self._documents.private_prices_include_vat
        plan = plan_rows(charges, terms, includes_vat=includes_vat)
        other, problem = _attempt(charges, terms, includes_vat=not includes_vat)
        document = {**body, "Rows": rows(request.kind, plan, texts)}
        return PreparedDocument(
            reference=order.reference,
            kind=request.kind,
            body={
                "document": document,
                "includes_vat": includes_vat,
                "other_rows": None if other is None else rows(request.kind, other, texts),
                "other_problem": None if problem is None else problem.model_dump(mode="json"),
                "placed_at": order.placed_at.isoformat(),
            },
            expected_total=plan.total,
            rounding=plan.rounding,
            notes=(*fit.notes, *plan.notes, *self._terms_note(request, customer)),
            document=document,
        )

    async def push_document(self, prepared: PreparedDocument, found: Document | None) -> Document:
        """See `Documents.push`, and `Vouchers.push` for financial transactions."""
        if prepared.kind.is_entry:
            return await self._vouchers.push(prepared, found)
        return await self._documents.push(prepared, found)

    def _default_rules(self) -> OrderRules:
        return compile_order_rules(default_rules(self._settings), FIELDS, ROW_FIELDS)

    async def _country_of(self, order: Order) -> str:
        return country_of(order, (await self._company.facts()).country)

    async def _special_articles(self, request: DocumentRequest, country: str) -> Mapping[str, ProductRef]:
        numbers = needed_articles(request.order, self._settings, country)
        known = {} if request.identifier is Identifier.EAN else dict(request.products)
        unknown = [number for number in numbers if number not in known]
        return {**known, **await self._articles.find(unknown, Identifier.SKU)} if unknown else known

    async def _require_currency(self, request: DocumentRequest, customer: Record) -> None:
        """Only an order states its currency; the others take the customer's."""
        currency = str(customer.get("CurrencyCode") or (await self._company.facts()).currency)
        if request.kind is DocumentType.ORDER or currency == request.order.currency:
            return
        raise RecordRefused(
            Problem(
                code=ProblemCode.UNKNOWN_CURRENCY,
                field="currency",
                value=request.order.currency,
                sentence=(
                    f"Order {request.order.reference} is in {request.order.currency}, but customer"
                    f" {customer.get('CustomerNumber')} is invoiced in {currency}. Choose another customer for orders"
                    f" in {request.order.currency}, and retry."
                ),
            )
        )

    def _terms_note(self, request: DocumentRequest, customer: Record) -> tuple[str, ...]:
        if request.kind is DocumentType.ORDER:
            return ()
        mapped = terms_of_payment(request.order, self._settings, request.values)
        if not mapped or mapped == str(customer.get("TermsOfPaymentId") or ""):
            return ()
        return ("The document has the customer's terms of payment: only orders can have their own.",)


def _attempt(
    charges: Sequence[Charge], terms: PlanTerms, *, includes_vat: bool
) -> tuple[RowPlan | None, Problem | None]:
    try:
        return plan_rows(charges, terms, includes_vat=includes_vat), None
    except RecordRefused as refused:
        return None, refused.problem


def open_target(client: VendorClient, connection: BaseModel, settings: BaseModel) -> EAccountingTarget:
    """The target for one flow; ``settings`` is an `EAccountingOrders`."""
    books_vouchers = EAccountingConnection.model_validate(connection).book_vouchers
    return EAccountingTarget(client, EAccountingOrders.model_validate(settings), books_vouchers=books_vouchers)
