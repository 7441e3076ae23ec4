"""An order as a financial transaction: one voucher in the books, found by its text, created once.

A voucher can be neither changed nor deleted over the API, so everything is checked before it is sent. What a prepared
body holds: ``document`` (the body to send) and ``placed_at``.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from commerce.order import Line, LineKind, Order
from commerce.problems import Problem, ProblemCode
from connectors.answers import Action
from connectors.eaccounting.api import Api, Record, answered, moment, quoted
from connectors.eaccounting.by_rate import rate_text, row_of
from connectors.eaccounting.charges import country_of
from connectors.eaccounting.company import Company
from connectors.eaccounting.document_body import REFERENCE_TEXT, readable
from connectors.eaccounting.document_fields import ROW_PREFIX, ROW_TEXT, default_rules
from connectors.eaccounting.errors import ANSWERS
from connectors.eaccounting.settings import EAccountingOrders
from connectors.eaccounting.text import clean, cut, length
from connectors.eaccounting.voucher_books import VoucherBooks
from connectors.eaccounting.voucher_rows import (
    TEXT_LENGTH,
    Booking,
    Entry,
    VoucherTerms,
    plan_voucher,
    taxed_per_rate,
)
from connectors.errors import ConnectionRefused, OutcomeUnknown, RecordRefused
from connectors.order_mapping import applied, line_record
from connectors.protocols import Document, DocumentRequest, DocumentType, OrderRules, PreparedDocument

PAYMENT_ACCOUNT: Final = "payment_account"
"""The value table from payment methods to the accounts that are debited."""

_PATH: Final = "/vouchers"
_SCOPE_MISSING: Final = "4006"
_BEFORE_PLACED: Final = timedelta(days=1)
"""A voucher is never older than its order, but for clocks that differ."""
_OWN_ACCOUNTS: Final = {LineKind.SHIPPING: "voucher_shipping_account", LineKind.FEE: "voucher_fee_account"}
_PAID: Final = "voucher_account"
_REVENUE: Final = "voucher_revenue_account"
_VAT: Final = "voucher_vat_account"
_ROUNDING: Final = "voucher_rounding_account"


class Vouchers:
    """The vouchers of a company that stand for orders."""

    def __init__(self, api: Api, company: Company, settings: EAccountingOrders, *, allowed: bool) -> None:
        self._api = api
        self._company = company
        self._settings = settings
        self._allowed = allowed
        self._books = VoucherBooks(api)

    async def find(self, reference: str, placed_at: datetime) -> Document | None:
        """By the shop's order number in its text.

        Where the server cannot filter vouchers so, those changed since the order was placed are read, and failing that
        all of the fiscal year.

        Raises:
            RecordRefused: ``SETTING_MISSING`` when the connection may not book vouchers.
        """
        self._require_allowed(reference)
        text = self._text(reference)
        operation = f"find the voucher of order {reference}"
        found = await self._api.search(_PATH, operation, f"VoucherText eq {quoted(text)}")
        if found is None:
            since = moment(placed_at - _BEFORE_PLACED)
            found = await self._api.search(_PATH, operation, f"ModifiedUtc ge {since}")
        if found is None:
            year = await self._books.year_of(self._day(placed_at))
            found = await self._api.records(f"{_PATH}/{year.year_id}", operation) if year is not None else []
        exact = [record for record in found if record.get("VoucherText") == text]
        if not exact:
            return None
        return await self._document(min(exact, key=lambda record: str(record.get("CreatedUtc") or "")))

    async def prepare(self, request: DocumentRequest, rules: OrderRules) -> PreparedDocument:
        """Plan the rows and check everything that can be refused; writes nothing.

        Raises:
            RecordRefused: The order, a setting, an account or the fiscal year must be corrected first.
        """
        order, settings = request.order, self._settings
        self._require_allowed(order.reference)
        facts = await self._company.facts()
        if order.currency != facts.currency:
            raise RecordRefused(_other_currency(order, facts.currency))
        country = country_of(order, facts.country)
        paid = self._paid_account(order, request.values)
        lines = [line for line in order.lines if line.total]
        bookings = self._bookings(request, rules, lines, country)
        vat = {
            rate: self._account(order, _VAT, country, rate, taxed.vat)
            for rate, taxed in taxed_per_rate(lines).items()
            if taxed.vat > 0
        }
        rounding = settings.voucher_rounding_account or row_of(settings.voucher_revenue_account, country, Decimal(0))
        text = self._text(order.reference)
        terms = VoucherTerms(
            reference=order.reference,
            total=order.total,
            paid_account=paid,
            paid_text=_fitted(f"{text}, {order.payment_method}" if order.payment_method else text),
            vat_accounts=vat,
            rounding_account=rounding or "",
            rounding_limit=request.rounding_limit,
        )
        plan = plan_voucher(bookings, terms)
        day = self._day(order.placed_at)
        year = await self._books.open_year(order.reference, day)
        named = {
            **dict.fromkeys(vat.values(), _VAT),
            **dict.fromkeys([booking.account for booking in bookings], _REVENUE),
            terms.rounding_account: _ROUNDING,
            paid: _PAID,
        }
        used = {entry.account: named[entry.account] for entry in plan.entries}
        await self._books.require_accounts(order.reference, year, used)
        document = {"VoucherDate": day.isoformat(), "VoucherText": text, "Rows": [_row(one) for one in plan.entries]}
        return PreparedDocument(
            reference=order.reference,
            kind=request.kind,
            body={"document": document, "placed_at": order.placed_at.isoformat()},
            expected_total=order.total,
            rounding=plan.rounding,
            notes=(*plan.notes, *self._left_out(rules)),
            document=document,
        )

    async def push(self, prepared: PreparedDocument, found: Document | None) -> Document:
        """Create the voucher; one that is there already is left as it is, so a second run changes nothing.

        Raises:
            RecordRefused: eAccounting refuses it, or the consent does not cover vouchers, which concerns no other flow.
            ConnectionRefused: eAccounting refuses the account.
            OutcomeUnknown: An answer was lost.
        """
        placed_at = datetime.fromisoformat(prepared.body["placed_at"])
        existing = found or await self.find(prepared.reference, placed_at)
        if existing is not None:
            return existing
        operation = f"create the voucher of order {prepared.reference}"
        answer = await self._api.post(_PATH, operation, prepared.body["document"], accept={Action.PARK_CONNECTION})
        if ANSWERS.classify(answer) is Action.PARK_CONNECTION:
            if ANSWERS.error_code(answer) == _SCOPE_MISSING:
                raise RecordRefused(_no_consent(prepared.reference))
            raise ConnectionRefused(*ANSWERS.connection_problem(answer, operation))
        record = answered(answer)
        if record.get("Id") and record.get("Rows"):
            return await self._document(record)
        shown = await self.find(prepared.reference, placed_at)
        if shown is None:
            raise OutcomeUnknown("eAccounting accepted the voucher but does not show it yet.", settled=True)
        return shown

    def _require_allowed(self, reference: str) -> None:
        if not self._allowed:
            raise RecordRefused(_not_allowed(reference))

    def _text(self, reference: str) -> str:
        return REFERENCE_TEXT + self._settings.full_reference(reference)

    def _day(self, placed_at: datetime) -> date:
        return placed_at.astimezone(ZoneInfo(self._settings.time_zone)).date()

    async def _document(self, record: Record) -> Document:
        """A voucher is in the company's currency, and its total is its debit."""
        return Document(
            target_id=str(record["Id"]),
            number=str(record.get("NumberAndNumberSeries") or ""),
            kind=DocumentType.TRANSACTION,
            total=sum((Decimal(row.get("DebitAmount") or 0) for row in record.get("Rows") or ()), Decimal(0)),
            currency=(await self._company.facts()).currency,
            complete=True,
        )

    def _bookings(
        self, request: DocumentRequest, rules: OrderRules, lines: Sequence[Line], country: str
    ) -> list[Booking]:
        record = readable(request, self._settings, country)
        bookings = []
        for line in lines:
            mapped = applied(rules.rows, line_record(record, line, line.name), request.values).values
            text = clean(str(mapped.pop(ROW_TEXT, "") or ""))
            extra = {member.removeprefix(ROW_PREFIX): str(value) for member, value in mapped.items() if value}
            account = row_of(self._own_accounts(line.kind), country, line.tax_rate)
            if account is None:
                account = self._account(request.order, _REVENUE, country, line.tax_rate, line.total)
            bookings.append(Booking(line, account, text, extra))
        return bookings

    def _own_accounts(self, kind: LineKind) -> Mapping[str, str]:
        """The accounts of what is no product, by VAT percentage."""
        if kind is LineKind.ROUNDING and self._settings.voucher_rounding_account:
            return {"0": self._settings.voucher_rounding_account}
        accounts: Mapping[str, str] = getattr(self._settings, _OWN_ACCOUNTS[kind]) if kind in _OWN_ACCOUNTS else {}
        return accounts

    def _account(self, order: Order, setting: str, country: str, rate: Decimal, amount: Decimal) -> str:
        accounts: Mapping[str, str] = getattr(self._settings, setting)
        account = row_of(accounts, country, rate)
        if account is None:
            raise RecordRefused(_no_account(order, setting, rate, amount, empty=not accounts))
        return account

    def _paid_account(self, order: Order, values: Mapping[str, Mapping[str, str]]) -> str:
        table = values.get(PAYMENT_ACCOUNT, {})
        account = table.get(order.payment_method) or self._settings.voucher_account
        if not account:
            raise RecordRefused(_no_payment_account(order, empty=not table))
        return account

    def _left_out(self, rules: OrderRules) -> list[str]:
        """What a person's mapping asks for and a voucher has no member for."""
        usual = {rule.target for rule in default_rules(self._settings)}
        return [
            f"The mapping fills {target}, which a financial transaction does not have."
            for target in sorted(rules.header.targets - usual)
        ]


def _row(entry: Entry) -> Record:
    side = "DebitAmount" if entry.debit else "CreditAmount"
    row: dict[str, Any] = {"AccountNumber": _number(entry.account), side: entry.amount}
    return {**row, **({"TransactionText": _fitted(entry.text)} if entry.text else {}), **entry.extra}


def _number(account: str) -> int | str:
    """As the vendor's rows have it; what is no number was refused as an unknown account."""
    return int(account) if account.isdecimal() else account


def _fitted(text: str) -> str:
    return text if length(text) <= TEXT_LENGTH else f"{cut(text, TEXT_LENGTH - 1).rstrip()}…"


def _not_allowed(reference: str) -> Problem:
    return Problem(
        code=ProblemCode.SETTING_MISSING,
        field="book_vouchers",
        value="false",
        sentence=(
            f"Order {reference}: this connection may not book vouchers. Switch “Book vouchers” on in the connection's"
            " settings and give consent again, or choose another order type, and retry."
        ),
    )


def _no_consent(reference: str) -> Problem:
    return Problem(
        code=ProblemCode.CONNECTION_EXPIRED,
        field="ea:accounting",
        value=_SCOPE_MISSING,
        sentence=(
            f"Order {reference}: the consent that eAccounting was given does not cover vouchers. See that “Book"
            " vouchers” is on in the connection's settings, and reconnect it to give consent again; the order then goes"
            " on by itself."
        ),
    )


def _other_currency(order: Order, own: str) -> Problem:
    return Problem(
        code=ProblemCode.UNKNOWN_CURRENCY,
        field="currency",
        value=order.currency,
        sentence=(
            f"Order {order.reference} is in {order.currency}, and vouchers are in {own}, the company's currency. Choose"
            f" another order type for orders in {order.currency}, and retry."
        ),
    )


def _no_account(order: Order, setting: str, rate: Decimal, amount: Decimal, *, empty: bool) -> Problem:
    percentage = rate_text(rate)
    title = "VAT account" if setting == _VAT else "revenue account"
    return Problem(
        code=ProblemCode.SETTING_MISSING if empty else ProblemCode.UNKNOWN_TAX_RATE,
        field=setting,
        value=percentage,
        sentence=(
            f"Order {order.reference}: {amount} at {percentage} % VAT needs an account, and the setting {title} names"
            f" none for {percentage} %. Add one, and retry."
        ),
    )


def _no_payment_account(order: Order, *, empty: bool) -> Problem:
    return Problem(
        code=ProblemCode.SETTING_MISSING if empty else ProblemCode.UNMAPPED_VALUE,
        field=_PAID if empty else PAYMENT_ACCOUNT,
        value="" if empty else order.payment_method,
        sentence=(
            f"Order {order.reference}: there is no account for what was paid by payment method"
            f" “{order.payment_method}”. Add it to the payment accounts of the flow or choose an account for all"
            " others, and retry."
        ),
    )
