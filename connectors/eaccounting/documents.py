"""Documents: found by reference, created once, verified before anything final happens.

What a prepared body holds: ``document`` (the body to send), ``includes_vat`` (the price mode it was planned for),
``other_rows`` (the rows for the other mode, or None with ``other_problem``) and ``placed_at``. Which mode a document
has shows only in the answer to its creation; when it is the other one, the document is replaced with the other rows.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from commerce.problems import Problem, ProblemCode
from connectors.answers import Action, Answer
from connectors.eaccounting.api import Api, Record, answered, moment, quoted
from connectors.eaccounting.document_body import FORMS, REFERENCE_TEXT, Form
from connectors.eaccounting.errors import ANSWERS, refused
from connectors.eaccounting.settings import EAccountingOrders
from connectors.eaccounting.totals import stated_total
from connectors.errors import OutcomeUnknown, RecordGone, RecordRefused
from connectors.protocols import Document, DocumentType, PreparedDocument

_BEFORE_PLACED: Final = timedelta(days=1)
"""A document is never older than its order, but for clocks that differ."""
_CHANGEABLE_ORDER: Final = 2
_BY_HAND: Final = " It was there already: delete it by hand, and a new one is made."
_MESSAGE_MEMBERS: Final = ("DeveloperErrorMessage", "Errors")


class Documents:
    """The sales documents of a company."""

    def __init__(self, api: Api, settings: EAccountingOrders) -> None:
        self._api = api
        self._settings = settings
        self.private_prices_include_vat = True
        """What the last document of a private person showed; a wrong guess costs one call."""

    async def find(self, reference: str, kind: DocumentType, placed_at: datetime) -> Document | None:
        """By the shop's order number. For an invoice, a draft of it that waits to be booked counts as incomplete."""
        record = await self._find_record(reference, kind, placed_at)
        if record is not None:
            return document_of(kind, record)
        if kind is DocumentType.INVOICE:
            draft = await self._find_record(reference, DocumentType.INVOICE_DRAFT, placed_at)
            if draft is not None:
                return document_of(DocumentType.INVOICE_DRAFT, draft, complete=False)
        return None

    async def push(self, prepared: PreparedDocument, found: Document | None) -> Document:
        """Create the document, or finish the one that is there; a second run changes nothing.

        Raises:
            RecordGone: The customer or an article the document names was deleted at eAccounting.
            RecordRefused: eAccounting refuses it, or makes another total of it (it is deleted again then).
            OutcomeUnknown: An answer was lost.
        """
        placed_at = datetime.fromisoformat(prepared.body["placed_at"])
        existing = found or await self.find(prepared.reference, prepared.kind, placed_at)
        if existing is not None and existing.kind is DocumentType.INVOICE:
            return existing
        kind = DocumentType.INVOICE_DRAFT if prepared.kind is DocumentType.INVOICE else prepared.kind
        record: Record | None
        if existing is None:
            record = await self._create(prepared, kind, placed_at)
        else:
            record = await self._confirm(prepared, kind, existing)
        if prepared.kind is DocumentType.INVOICE:
            return await self._book(prepared, record, placed_at)
        return document_of(kind, record)

    async def _find_record(self, reference: str, kind: DocumentType, placed_at: datetime) -> Record | None:
        form = FORMS[kind]
        full = self._settings.full_reference(reference)
        since = moment(placed_at - _BEFORE_PLACED)
        if form.has_reference:
            field = self._settings.reference_field
            expression = f"{field} eq {quoted(full)}"
        else:
            expression = f"Rows/any(row: contains(row/Text,{quoted(REFERENCE_TEXT + full)}))"

        def carries_reference(record: Record) -> bool:
            if form.has_reference:
                return str(record.get(self._settings.reference_field) or "") == full
            return any(row.get("Text") == REFERENCE_TEXT + full for row in record.get("Rows") or ())

        bounded = (
            {form.changed_since: since}
            if form.changed_since == "modifiedSinceUtc"
            else {"$filter": f"{form.changed_since} ge {since}"}
        )
        found = await self._api.find(
            form.path, f"find the {form.noun} of order {reference}", expression, carries_reference, bounded
        )
        return min(found, key=lambda record: str(record.get("CreatedUtc") or "")) if found else None

    async def _create(self, prepared: PreparedDocument, kind: DocumentType, placed_at: datetime) -> Record:
        form = FORMS[kind]
        operation = f"create the {form.noun} of order {prepared.reference}"
        body = prepared.body["document"]
        answer = await self._api.post(form.path, operation, body, accept={Action.GONE})
        if ANSWERS.classify(answer) is Action.GONE:
            raise await self._stale_id(answer, body, operation)
        record = answered(answer)
        if not record.get("Id"):
            shown = await self._find_record(prepared.reference, kind, placed_at)
            if shown is None:
                raise OutcomeUnknown(f"eAccounting accepted the {form.noun} but does not show it yet.", settled=True)
            record = shown
        if record.get("CustomerIsPrivatePerson"):
            self.private_prices_include_vat = bool(record.get("IncludesVat"))
        if stated_total(record) == prepared.expected_total:
            return record
        if bool(record.get("IncludesVat")) is not prepared.body["includes_vat"]:
            record = await self._replan(prepared, form, record)
        if stated_total(record) != prepared.expected_total:
            withdrawn = await self._withdraw(form, record)
            raise RecordRefused(_totals_differ(prepared, form, stated_total(record), withdrawn))
        return record

    async def _confirm(self, prepared: PreparedDocument, kind: DocumentType, existing: Document) -> Record:
        """A document that is there already: repaired when a lost answer left it with the rows of the wrong mode.

        One that a person has changed since stays as it is, but is not booked with another total.
        """
        form = FORMS[kind]
        record = await self._read(form, existing.target_id)
        if stated_total(record) == prepared.expected_total:
            return record
        if not _is_as_sent(record, prepared):
            if prepared.kind is DocumentType.INVOICE:
                raise RecordRefused(_totals_differ(prepared, form, stated_total(record), _BY_HAND))
            return record
        open_order = kind is not DocumentType.ORDER or int(record.get("Status") or 0) <= _CHANGEABLE_ORDER
        if open_order and bool(record.get("IncludesVat")) is not prepared.body["includes_vat"]:
            record = await self._replan(prepared, form, record)
        if stated_total(record) != prepared.expected_total:
            raise RecordRefused(_totals_differ(prepared, form, stated_total(record), _BY_HAND))
        return record

    async def _read(self, form: Form, record_id: str) -> Record:
        try:
            return await self._api.get(f"{form.path}/{record_id}", f"read the {form.noun}")
        except RecordGone as error:
            raise RecordGone(form.noun, record_id) from error

    async def _replan(self, prepared: PreparedDocument, form: Form, record: Record) -> Record:
        """Replace the document with the rows planned for the price mode it turned out to have."""
        rows = prepared.body["other_rows"]
        if rows is None:
            withdrawn = await self._withdraw(form, record)
            problem = Problem.model_validate(prepared.body["other_problem"])
            raise RecordRefused(problem.model_copy(update={"sentence": f"{problem.sentence}{withdrawn}"}))
        operation = f"correct the {form.noun} of order {prepared.reference}"
        body = {**prepared.body["document"], "Rows": rows}
        if record.get("Status") is not None and "Status" in body:
            body["Status"] = record["Status"]
        answer = await self._api.put(f"{form.path}/{record['Id']}", operation, body)
        return answered(answer) or await self._read(form, str(record["Id"]))

    async def _withdraw(self, form: Form, record: Record) -> str:
        """Delete a document whose total is wrong; returns how that went, as the end of a sentence."""
        try:
            await self._api.delete(f"{form.path}/{record['Id']}", f"delete the {form.noun}")
        except RecordRefused:
            return f" The {form.noun} {record.get(form.number) or ''} could not be deleted again: delete it by hand."
        return f" The {form.noun} was deleted again."

    async def _book(self, prepared: PreparedDocument, draft: Record, placed_at: datetime) -> Document:
        operation = f"book the invoice of order {prepared.reference}"
        path = f"{FORMS[DocumentType.INVOICE_DRAFT].path}/{draft['Id']}/convert"
        answer = await self._api.post(path, operation, {}, accept={Action.GONE}, keepOriginalDraftDate="true")
        invoice = {} if ANSWERS.classify(answer) is Action.GONE else answered(answer)
        if not invoice.get("Id"):
            shown = await self._find_record(prepared.reference, DocumentType.INVOICE, placed_at)
            if shown is None:
                raise OutcomeUnknown("eAccounting booked the draft but does not show the invoice yet.", settled=True)
            invoice = shown
        return document_of(DocumentType.INVOICE, invoice)

    async def _stale_id(self, answer: Answer, body: Mapping[str, Any], operation: str) -> Exception:
        """Which of the ids in a body eAccounting does not know, so that what was remembered can be forgotten."""
        said = " ".join(str((answer.body or {}).get(name) or "") for name in _MESSAGE_MEMBERS).lower()
        articles = [str(row["ArticleId"]) for row in body["Rows"] if row.get("ArticleId")]
        for article_id in articles:
            if article_id.lower() in said:
                return RecordGone("article", article_id)
        customer_id = str(body["CustomerId"])
        if customer_id.lower() in said or "customerid" in said:
            return RecordGone("customer", customer_id)
        terms = str(body.get("TermsOfPaymentId") or "")
        if terms and terms.lower() in said:
            return RecordRefused(_terms_unknown(operation, terms))
        return refused(answer, operation, writing=True)


def document_of(kind: DocumentType, record: Record, *, complete: bool = True) -> Document:
    """A document as eAccounting states it."""
    return Document(
        target_id=str(record["Id"]),
        number=str(record.get(FORMS[kind].number) or ""),
        kind=kind,
        total=stated_total(record),
        currency=str(record.get("CurrencyCode") or record.get("InvoiceCurrencyCode") or ""),
        complete=complete,
    )


def _is_as_sent(record: Record, prepared: PreparedDocument) -> bool:
    held = _priced(record.get("Rows") or ())
    return held in [_priced(rows) for rows in (prepared.body["document"]["Rows"], prepared.body["other_rows"] or ())]


def _priced(rows: Any) -> list[tuple[str, Decimal, Decimal, Decimal]]:
    return [
        (
            str(row["ArticleId"]).lower(),
            Decimal(row.get("Quantity") or 0),
            Decimal(row.get("UnitPrice") or 0),
            Decimal(row.get("DiscountPercentage") or 0),
        )
        for row in rows
        if row.get("ArticleId")
    ]


def _totals_differ(prepared: PreparedDocument, form: Form, stated: Decimal, withdrawn: str) -> Problem:
    return Problem(
        code=ProblemCode.TOTALS_DIFFER,
        field="total",
        value=f"{stated}",
        sentence=(
            f"Order {prepared.reference}: the customer was asked to pay {prepared.expected_total}, but the"
            f" {form.noun} in eAccounting comes to {stated}.{withdrawn} Check the VAT rates of its articles and of the"
            " customer there, and retry."
        ),
    )


def _terms_unknown(operation: str, terms: str) -> Problem:
    return Problem(
        code=ProblemCode.INVALID_VALUE,
        field="terms_of_payment",
        value=terms,
        sentence=(
            f"eAccounting refused to {operation}: the terms of payment {terms} do not exist (any more). Choose"
            " others in the flow's settings, and retry."
        ),
    )
