"""The API's paths: who may call them, and what they do."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, partial
from typing import Any, Final

from simulators.eaccounting import company, invoices, labels, masterdata, orders, pricelists, quotes, vouchers
from simulators.eaccounting.account import Account
from simulators.eaccounting.errors import BAD_DATE, VALIDATION, Refusal, invalid, not_found
from simulators.eaccounting.listing import View, envelope, render
from simulators.eaccounting.models import Record, Stored, clean, moment

SALES: Final = ("ea:sales", "ea:sales_readonly")
ACCOUNTING: Final = ("ea:accounting", "ea:accounting_readonly")
PURCHASE: Final = ("ea:purchase", "ea:purchase_readonly")

STANDARD, INVOICING, BOOKKEEPING, SOLO, PRO = 1, 2, 3, 4, 5
_SALES_VARIANTS: Final = frozenset({PRO, STANDARD, INVOICING, SOLO})
_ORDER_VARIANTS: Final = frozenset({PRO, STANDARD, INVOICING})
_ALL_VARIANTS: Final = frozenset({PRO, STANDARD, INVOICING, SOLO, BOOKKEEPING})
_LABEL_VARIANTS: Final = _ORDER_VARIANTS
_PRO_ONLY: Final = frozenset({PRO})
_ORDER_MODULES: Final = frozenset({"sales_standard", "order_standard"})
_QUOTE_MODULES: Final = frozenset({"quote_standard"})

NO_BODY: Final = object()


@dataclass(slots=True)
class Call:
    """One call of the API: ids from the path, query parameters, the body, and whether the page shall be unsorted."""

    ids: list[str]
    query: dict[str, str]
    sent: Any = NO_BODY
    unsorted: bool = False

    def body(self) -> Any:
        """Give the body.

        Raises:
            Refusal: 400 and 2000 when there is none.
        """
        if self.sent is NO_BODY:
            raise invalid("$", "A body is required.")
        return self.sent

    def body_or_empty(self) -> Any:
        """Give the body, or an empty object when none was sent."""
        return {} if self.sent is NO_BODY or self.sent is None else self.sent


Answer = tuple[int, Any]
Handler = Callable[[Account, Call], Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """One operation: who may use it and what it does.

    Attributes:
        method: HTTP method.
        template: Path behind `/v2/` with `{id}` for ids.
        act: The work.
        scopes: Any of these scopes is enough; for anything but GET the ones that end in `_readonly` do not count.
        variants: Product variants that have it.
        modules: Any of these modules is enough; empty when no module is needed.
    """

    method: str
    template: str
    act: Handler
    scopes: tuple[str, ...] = SALES
    variants: frozenset[int] = _SALES_VARIANTS
    modules: frozenset[str] = field(default_factory=frozenset)

    def ids(self, path: str) -> list[str] | None:
        """Give the ids in a path that fits the template, else None."""
        match = _pattern(self.template).fullmatch(path)
        return list(match.groups()) if match else None


@cache
def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{id\\\}", "([^/]+)", re.escape(template)))


def find_route(method: str, path: str) -> tuple[Route, list[str]]:
    """Find the operation for a path behind `/v2/`; fixed words win over ids.

    Raises:
        Refusal: 404 and 3000 for an unknown path, 405 for a path without this method.
    """
    fitting = [(route, ids) for route in ROUTES if (ids := route.ids(path)) is not None]
    if not fitting:
        raise not_found("resource", path, in_path=True)
    for route, ids in sorted(fitting, key=lambda pair: len(pair[1])):
        if route.method == method:
            return route, ids
    raise Refusal(3000, f"{method} is not available on {path}.", status=405)


def _view(account: Account, kind: str, call: Call) -> View | None:
    if kind == "customers":
        return View(lambda record: masterdata.view_customer(account, record), ("TermsOfPayment",))
    if kind == "articles":
        view = masterdata.article_view(account, call.query.get("customerId"))
        return View(view, masterdata.ARTICLE_COMPUTED)
    if kind == "customerinvoices":
        return View(
            lambda record: invoices.view_invoice(account, _with_total(account, kind, record)), ("PaymentStatus",)
        )
    if kind in ("customerinvoicedrafts", "quotes"):
        return View(lambda record: _with_total(account, kind, record))
    return None


def _with_total(account: Account, kind: str, record: Record) -> Record:
    """Give the document with `TotalAmount` including VAT, as the setting `totals_include_vat` wants it."""
    if not account.settings["totals_include_vat"]:
        return record
    told = {**record, "TotalAmount": record["TotalAmount"] + record.get("TotalVatAmount", record.get("VatAmount"))}
    if kind == "customerinvoices":
        told["TotalAmountInvoiceCurrency"] += record["TotalVatAmountInvoiceCurrency"]
    return told


def _show(account: Account, kind: str, record: Record, call: Call) -> Record:
    view = _view(account, kind, call)
    return render(kind, view.complete(record) if view else record)


def _list(kind: str) -> Handler:
    def act(account: Account, call: Call) -> Answer:
        records, scope = None, ""
        if kind == "customerinvoices" and "modifiedSinceUtc" in call.query:
            scope = call.query["modifiedSinceUtc"]
            records = _modified_since(account, kind, _moment(scope))
        view = _view(account, kind, call)
        shown = envelope(account, kind, call.query, records=records, scope=scope, view=view, unsorted=call.unsorted)
        return 200, shown

    return act


def _modified_since(account: Account, kind: str, since: datetime) -> Callable[[], list[Stored]]:
    return lambda: [record for record in account.records(kind) if moment(record["ModifiedUtc"]) >= since]


def _read(kind: str) -> Handler:
    def act(account: Account, call: Call) -> Answer:
        return 200, _show(account, kind, account.get(kind, call.ids[0], in_path=True), call)

    return act


def _create(kind: str, work: Callable[[Account, Record], Record], status: int = 201) -> Handler:
    def act(account: Account, call: Call) -> Answer:
        return status, _show(account, kind, work(account, call.body()), call)

    return act


def _replace(kind: str, work: Callable[[Account, Stored, Record], Record]) -> Handler:
    def act(account: Account, call: Call) -> Answer:
        stored = account.get(kind, call.ids[0], in_path=True)
        return 200, _show(account, kind, work(account, stored, call.body()), call)

    return act


def _delete(kind: str, work: Callable[[Account, Stored], None]) -> Handler:
    def act(account: Account, call: Call) -> Answer:
        work(account, account.get(kind, call.ids[0], in_path=True))
        return 200, None

    return act


def _action(kind: str, work: Callable[[Account, Stored], Record], result: str | None = None) -> Handler:
    def act(account: Account, call: Call) -> Answer:
        stored = account.get(kind, call.ids[0], in_path=True)
        return 200, _show(account, result or kind, work(account, stored), call)

    return act


def _conversion(kind: str, work: Callable[[Account, Stored, Record], Record], result: str) -> Handler:
    def act(account: Account, call: Call) -> Answer:
        stored = account.get(kind, call.ids[0], in_path=True)
        return 200, _show(account, result, work(account, stored, call.body_or_empty()), call)

    return act


def _moment(text: str) -> datetime:
    try:
        return moment(text)
    except ValueError:
        raise Refusal(BAD_DATE, f"'{text}' is not a valid date.") from None


def _convert_draft(account: Account, call: Call) -> Answer:
    stored = account.get("customerinvoicedrafts", call.ids[0], in_path=True)
    keep = call.query.get("keepOriginalDraftDate", "").lower() == "true"
    invoice = invoices.convert_draft(account, stored, call.body_or_empty(), keep_date=keep)
    return 200, _show(account, "customerinvoices", invoice, call)


def _pay(account: Account, call: Call) -> Answer:
    stored = account.get("customerinvoices", call.ids[0], in_path=True)
    return 201, invoices.pay_invoice(account, stored, call.body())


def _company(account: Account, call: Call) -> Answer:
    del call
    return 200, company.company_settings(account)


def _create_named(kind: str, model: str) -> Handler:
    def act(account: Account, call: Call) -> Answer:
        return 200, render(kind, account.created(kind, clean(model, call.body())))

    return act


def _all_prices(account: Account, call: Call) -> Answer:
    list_id = account.get("salespricelists", call.ids[0], in_path=True)["Id"] if call.ids else None
    return 200, envelope(
        account,
        "salespricelistrows",
        call.query,
        records=lambda: pricelists.prices_of(account, list_id),
        scope=list_id or "",
        unsorted=call.unsorted,
    )


def _one_price(account: Account, call: Call) -> Answer:
    row = account.tables["salespricelistrows"].get("/".join(call.ids).lower())
    if row is None:
        raise not_found("price", "/".join(call.ids), in_path=True)
    return 200, render("salespricelistrows", row)


def _put_prices(account: Account, call: Call) -> Answer:
    price_list = account.get("salespricelists", call.ids[0], in_path=True)
    rows = pricelists.put_prices(account, price_list, call.body())
    return 200, [render("salespricelistrows", row) for row in rows]


def _accounts_of_year(account: Account, call: Call) -> Answer:
    year = account.get("fiscalyears", call.ids[0], in_path=True)
    chosen = partial(vouchers.accounts_of, account, year["Id"])
    return 200, envelope(account, "accounts", call.query, records=chosen, scope=year["Id"], unsorted=call.unsorted)


def _one_account(account: Account, call: Call) -> Answer:
    return 200, render("accounts", vouchers.one_account(account, *call.ids))


def _vouchers_of_year(account: Account, call: Call) -> Answer:
    year = account.get("fiscalyears", call.ids[0], in_path=True)
    chosen = partial(vouchers.vouchers_of, account, year)
    return 200, envelope(account, "vouchers", call.query, records=chosen, scope=year["Id"], unsorted=call.unsorted)


def _one_voucher(account: Account, call: Call) -> Answer:
    account.get("fiscalyears", call.ids[0], in_path=True)
    return 200, render("vouchers", account.get("vouchers", call.ids[1], in_path=True))


def _create_voucher(account: Account, call: Call) -> Answer:
    if call.query.get("useAutomaticVatCalculation", "").lower() == "true":
        raise Refusal(VALIDATION, "This simulator adds no VAT rows: send them.")
    default_codes = call.query.get("useDefaultVatCodes", "true").lower() == "true"
    made = vouchers.create_voucher(account, call.body(), default_vat_codes=default_codes)
    return 201, render("vouchers", made)


def _read_only(kind: str, scopes: tuple[str, ...] = SALES, variants: frozenset[int] = _SALES_VARIANTS) -> list[Route]:
    return [
        Route("GET", kind, _list(kind), scopes, variants),
        Route("GET", f"{kind}/{{id}}", _read(kind), scopes, variants),
    ]


def _order_route(method: str, template: str, act: Handler) -> Route:
    return Route(method, template, act, SALES, _ORDER_VARIANTS, _ORDER_MODULES)


def _quote_route(method: str, template: str, act: Handler) -> Route:
    return Route(method, template, act, SALES, _ORDER_VARIANTS, _QUOTE_MODULES)


def _price_route(method: str, template: str, act: Handler) -> Route:
    return Route(method, template, act, SALES, _PRO_ONLY)


def _label_routes(kind: str) -> list[Route]:
    return [
        *_read_only(kind, SALES, _LABEL_VARIANTS),
        Route("POST", kind, _create(kind, labels.creating(kind)), SALES, _LABEL_VARIANTS),
        Route("PUT", f"{kind}/{{id}}", _replace(kind, labels.replacing(kind)), SALES, _LABEL_VARIANTS),
        Route("DELETE", f"{kind}/{{id}}", _delete(kind, labels.deleting(kind)), SALES, _LABEL_VARIANTS),
    ]


ROUTES: Final[list[Route]] = [
    Route("GET", "companysettings", _company, SALES, _ALL_VARIANTS),
    *_read_only("customers"),
    Route("POST", "customers", _create("customers", masterdata.create_customer)),
    Route("PUT", "customers/{id}", _replace("customers", masterdata.replace_customer)),
    Route("DELETE", "customers/{id}", _delete("customers", masterdata.delete_customer)),
    *_read_only("articles"),
    Route("POST", "articles", _create("articles", masterdata.create_article)),
    Route("PUT", "articles/{id}", _replace("articles", masterdata.replace_article)),
    *_label_routes("articlelabels"),
    *_label_routes("customerlabels"),
    _order_route("GET", "orders", _list("orders")),
    _order_route("GET", "orders/{id}", _read("orders")),
    _order_route("POST", "orders", _create("orders", orders.create_order)),
    _order_route("PUT", "orders/{id}", _replace("orders", orders.replace_order)),
    _order_route("DELETE", "orders/{id}", _delete("orders", orders.delete_order)),
    _order_route("POST", "orders/{id}/converteddrafttoorder", _action("orders", orders.start_order)),
    _order_route("POST", "orders/{id}/completed", _action("orders", orders.ship_order)),
    _order_route("POST", "orders/{id}/voided", _action("orders", orders.void_order)),
    _order_route("POST", "orders/{id}/backorder", _action("orders", orders.back_order)),
    _order_route("POST", "orders/{id}/convert", _conversion("orders", orders.convert_order, "customerinvoices")),
    *_read_only("customerinvoicedrafts"),
    Route("POST", "customerinvoicedrafts", _create("customerinvoicedrafts", invoices.create_draft)),
    Route("PUT", "customerinvoicedrafts/{id}", _replace("customerinvoicedrafts", invoices.replace_draft)),
    Route("DELETE", "customerinvoicedrafts/{id}", _delete("customerinvoicedrafts", invoices.delete_draft)),
    Route("POST", "customerinvoicedrafts/{id}/convert", _convert_draft),
    *_read_only("customerinvoices"),
    Route("POST", "customerinvoices", _create("customerinvoices", invoices.create_invoice)),
    Route("POST", "customerinvoices/{id}/payments", _pay),
    _quote_route("GET", "quotes", _list("quotes")),
    _quote_route("GET", "quotes/{id}", _read("quotes")),
    _quote_route("POST", "quotes", _create("quotes", quotes.create_quote)),
    _quote_route("PUT", "quotes/{id}", _replace("quotes", quotes.replace_quote)),
    _quote_route("DELETE", "quotes/{id}", _delete("quotes", quotes.delete_quote)),
    _quote_route("PUT", "quotes/{id}/accept", _action("quotes", quotes.accept_quote)),
    _quote_route("POST", "quotes/{id}/converttoorder", _conversion("quotes", quotes.quote_to_order, "orders")),
    _quote_route(
        "POST", "quotes/{id}/converttocustomerinvoice", _action("quotes", quotes.quote_to_invoice, "customerinvoices")
    ),
    *_read_only("articleaccountcodings"),
    *_read_only("units"),
    *_read_only("termsofpayments", (*SALES, *PURCHASE), _ALL_VARIANTS),
    *_read_only("deliverymethods"),
    Route("POST", "deliverymethods", _create_named("deliverymethods", "DeliveryMethod")),
    *_read_only("deliveryterms"),
    Route("POST", "deliveryterms", _create_named("deliveryterms", "DeliveryTerm")),
    *_read_only("countries", SALES, _ALL_VARIANTS),
    Route("GET", "currencies", _list("currencies"), (*SALES, *PURCHASE), _ALL_VARIANTS - {SOLO}),
    *_read_only("vatcodes", ACCOUNTING, _ALL_VARIANTS),
    *_read_only("fiscalyears", (*SALES, *ACCOUNTING), _ALL_VARIANTS),
    *_read_only("bankaccounts", PURCHASE, _ALL_VARIANTS),
    Route("GET", "accounts", _list("accounts"), ACCOUNTING, _ALL_VARIANTS),
    Route("GET", "accounts/{id}", _accounts_of_year, ACCOUNTING, _ALL_VARIANTS),
    Route("GET", "accounts/{id}/{id}", _one_account, ACCOUNTING, _ALL_VARIANTS),
    Route("GET", "vouchers", _list("vouchers"), ACCOUNTING, _ALL_VARIANTS),
    Route("GET", "vouchers/{id}", _vouchers_of_year, ACCOUNTING, _ALL_VARIANTS),
    Route("GET", "vouchers/{id}/{id}", _one_voucher, ACCOUNTING, _ALL_VARIANTS),
    Route("POST", "vouchers", _create_voucher, ACCOUNTING, _ALL_VARIANTS),
    _price_route("GET", "salespricelists", _list("salespricelists")),
    _price_route("GET", "salespricelists/{id}", _read("salespricelists")),
    _price_route("POST", "salespricelists", _create("salespricelists", pricelists.create_price_list)),
    _price_route("PUT", "salespricelists/{id}", _replace("salespricelists", pricelists.replace_price_list)),
    _price_route("DELETE", "salespricelists/{id}", _delete("salespricelists", pricelists.delete_price_list)),
    _price_route("GET", "salespricelists/prices", _all_prices),
    _price_route("GET", "salespricelists/prices/{id}", _all_prices),
    _price_route("GET", "salespricelists/prices/{id}/{id}", _one_price),
    _price_route("PUT", "salespricelists/{id}/prices", _put_prices),
    _price_route("GET", "discountagreements", _list("discountagreements")),
    _price_route("GET", "discountagreements/{id}", _read("discountagreements")),
]
