"""Take customers of a register in: found by e-mail address and currency, created once, updated where they differ."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from pydantic import BaseModel

from commerce.problems import Problem, ProblemCode
from commerce.vat_numbers import compact_vat_number
from connectors.answers import Action
from connectors.client import VendorClient
from connectors.declaration import RecordTargetDeclaration
from connectors.eaccounting.addresses import LINE_LENGTH, joined_street, split_street
from connectors.eaccounting.api import Api, Record, answered, quoted
from connectors.eaccounting.company import Company, Remembered
from connectors.eaccounting.customer_fields import (
    FIELDS,
    MAPPING,
    NEVER_EMPTY,
    TARGETS,
    TREATMENT_MEMBERS,
    EAccountingCustomers,
)
from connectors.eaccounting.errors import ANSWERS, refused
from connectors.eaccounting.lookups import batches, records_by_id
from connectors.eaccounting.text import Fitting, clean, cut
from connectors.errors import OutcomeUnknown, RecordGone, RecordRefused
from connectors.protocols import Identifier
from connectors.records import Change, Existing, Key, Removal, Written
from mapping.fields import Field, FieldKind

_PATH: Final = "/customers"
_STREETS: Final = {"InvoiceAddress1": "InvoiceAddress2", "DeliveryAddress1": "DeliveryAddress2"}
_CAN_NOT_BE_DELETED: Final = "4001"


class EAccountingCustomerTarget:
    """`RecordTarget` of one company's customer register.

    An invoice has the currency of its customer, so one buyer is one customer per currency. Of several that fit, active
    ones go first, then the lowest number: the oldest is the one people know.
    """

    def __init__(self, client: VendorClient, settings: EAccountingCustomers) -> None:
        self._api = Api(client)
        self._company = Company(self._api)
        self._settings = settings
        self._everyone = Remembered(lambda: self._api.records(_PATH, "read all customers"))
        self._labels = Remembered(lambda: self._api.records("/customerlabels", "list the customer labels"))

    async def find(self, keys: Sequence[Key], by: Identifier) -> Mapping[str, Existing | Problem]:
        """The customers that exist, many with one call; ``by`` does not matter to customers."""
        del by
        found: dict[str, Existing | Problem] = {}
        known = {key.source_id: key.target_id for key in keys if key.target_id}
        held = await records_by_id(self._api, _PATH, [*dict.fromkeys(known.values())], "read customers")
        for source_id, target_id in known.items():
            if target_id in held:
                found[source_id] = _existing(held[target_id])
        unknown = [key for key in keys if not key.target_id]
        own_currency = (await self._company.facts()).currency
        hits = await self._with_email([key.text for key in unknown if key.text])
        for key in unknown:
            if not key.text:
                found[key.source_id] = _email_missing(key)
                continue
            currency = key.details.get("currency") or own_currency
            fits = [one for one in hits if _email(one) == key.text and _currency(one, own_currency) == currency]
            if fits:
                found[key.source_id] = _existing(min(fits, key=_rank))
        return found

    async def write(self, changes: Sequence[Change]) -> Sequence[Written]:
        """Create or update each customer; an update that would change nothing is not sent.

        Raises:
            OutcomeUnknown: An answer was lost.
        """
        return [await self._write(change) for change in changes]

    async def remove(self, existing: Existing, removal: Removal) -> None:
        """Make a customer inactive, or delete it; one that has documents can only become inactive."""
        try:
            if removal is Removal.DELETE:
                await self._delete(existing)
            elif removal is Removal.ARCHIVE:
                await self._archive(existing)
        except RecordGone:
            return

    async def own_fields(self) -> Sequence[Field]:
        """None: the vendor has no custom fields on customers."""
        return ()

    def same(self, field: str, held: Any, wanted: Any) -> bool:
        """Whether a member holds what is wanted, in the form in which it would be written."""
        if TARGETS[field].kind is FieldKind.LIST:
            return sorted(held or ()) == sorted(wanted or ())
        if field == "VatNumber" and held and wanted:
            # The country in front of the stored number is the one that would be put in front of the other.
            return bool(held == compact_vat_number(wanted, held[:2]))
        if isinstance(wanted, str):
            return bool((held or "") == _fitted(field, wanted))
        return bool(held == wanted)

    async def _write(self, change: Change) -> Written:
        fit = Fitting()
        try:
            if change.existing is None:
                customer = await self._create(change, await self._new(change, fit))
            else:
                customer = await self._update(change, change.existing, fit)
        except RecordRefused as refusal:
            return Written(change.source_id, problem=refusal.problem)
        except RecordGone:
            return Written(change.source_id, problem=_gone(change))
        return Written(
            change.source_id, str(customer["Id"]), str(customer.get("CustomerNumber") or ""), notes=tuple(fit.notes)
        )

    async def _new(self, change: Change, fit: Fitting) -> Record:
        facts = await self._company.facts()
        body: Record = {"IsActive": True, "IsPrivatePerson": False}
        body |= await self._members(change, {}, fit, str(change.values.get("InvoiceCountryCode") or facts.country))
        body["InvoiceCountryCode"] = body.get("InvoiceCountryCode") or facts.country
        body["CurrencyCode"] = body.get("CurrencyCode") or change.key.details.get("currency") or facts.currency
        terms = body.get("TermsOfPaymentId") or self._settings.terms_of_payment or facts.terms_of_payment
        body["TermsOfPaymentId"] = terms or _refuse_missing(
            change, "terms_of_payment", "Choose the terms of payment of new customers in the flow's settings"
        )
        body["InvoiceCity"] = body.get("InvoiceCity") or self._default(change, "city", self._settings.default_city)
        body["InvoicePostalCode"] = body.get("InvoicePostalCode") or self._default(
            change, "postcode", self._settings.default_postcode
        )
        treatment = self._settings.vat_treatment.get(body["InvoiceCountryCode"])
        if treatment is not None:
            body = {**TREATMENT_MEMBERS[treatment], **body}
        if self._settings.label and "CustomerLabels" not in body:
            body["CustomerLabels"] = await self._label_objects(change, [self._settings.label])
        return body

    async def _create(self, change: Change, body: Record) -> Record:
        operation = f"create customer {change.reference}"
        answer = await self._api.post(_PATH, operation, body, accept={Action.GONE})
        if ANSWERS.classify(answer) is Action.GONE:
            raise refused(answer, operation, writing=True)
        customer = answered(answer)
        if customer.get("Id"):
            return customer
        currency = str(body["CurrencyCode"])
        shown = [one for one in await self._with_email([change.key.text]) if _currency(one, currency) == currency]
        if not shown:
            raise OutcomeUnknown("eAccounting accepted a customer but does not show it yet.", settled=True)
        return min(shown, key=_rank)

    async def _update(self, change: Change, existing: Existing, fit: Fitting) -> Record:
        # The whole record is replaced, so it must hold what people changed since it was found.
        path = f"{_PATH}/{existing.target_id}"
        operation = f"update customer {existing.number or change.reference}"
        stored = await self._api.get(path, operation)
        country = change.values.get("InvoiceCountryCode") or stored.get("InvoiceCountryCode") or ""
        wanted = await self._members(change, stored, fit, str(country))
        changed = {name: value for name, value in wanted.items() if _differs(name, stored.get(name), value)}
        if not changed:
            return stored
        answer = await self._api.put(path, operation, {**stored, **changed}, accept={Action.GONE})
        if ANSWERS.classify(answer) is Action.GONE:
            raise refused(answer, operation, writing=True)
        return {**stored, **changed, **answered(answer)}

    async def _members(self, change: Change, stored: Record, fit: Fitting, country: str) -> Record:
        """The vendor's members for the values of a change; what the vendor demands is never emptied."""
        body: Record = {}
        for name, value in change.values.items():
            if name == "CustomerLabels":
                body[name] = await self._label_objects(change, value)
            elif name in _STREETS:
                body |= _street_lines(name, str(value), change.values, stored, fit)
            elif isinstance(value, str):
                text = compact_vat_number(value, country) if name == "VatNumber" else _fitted(name, value)
                if text or name not in NEVER_EMPTY:
                    body[name] = text or None
            else:
                body[name] = value
        return body

    async def _label_objects(self, change: Change, names: Sequence[Any]) -> list[Record]:
        known = {str(label["Name"]).casefold(): label for label in await self._labels.get()}
        labels = []
        for name in names:
            label = known.get(str(name).casefold())
            if label is None:
                raise RecordRefused(_label_unknown(change, str(name)))
            labels.append({"Id": label["Id"], "Name": label["Name"], "Description": label.get("Description")})
        return labels

    def _default(self, change: Change, field: str, stand_in: str) -> str:
        return clean(stand_in) or _refuse_missing(
            change, field, f"Enter it at the source, or set a default {field} in the flow's settings"
        )

    async def _with_email(self, emails: Sequence[str]) -> list[Record]:
        records: dict[str, Record] = {}
        for batch in batches([f"EmailAddress eq {quoted(email)}" for email in dict.fromkeys(emails)]):
            found = await self._api.search(_PATH, "find customers by e-mail address", " or ".join(batch))
            if found is None:
                return await self._everyone.get()
            records |= {str(record["Id"]): record for record in found}
        return list(records.values())

    async def _delete(self, existing: Existing) -> None:
        try:
            await self._api.delete(f"{_PATH}/{existing.target_id}", f"delete customer {existing.number}")
        except RecordRefused as refusal:
            if refusal.problem.value != _CAN_NOT_BE_DELETED:
                raise
            await self._archive(existing)

    async def _archive(self, existing: Existing) -> None:
        path = f"{_PATH}/{existing.target_id}"
        operation = f"make customer {existing.number} inactive"
        stored = await self._api.get(path, operation)
        if stored.get("IsActive", True):
            await self._api.put(path, operation, {**stored, "IsActive": False})


def _street_lines(
    name: str, street: str, values: Mapping[str, Any], stored: Record, fit: Fitting
) -> dict[str, str | None]:
    """Both lines of a street; a second line that a person uses for something else keeps its text."""
    second = _STREETS[name]
    first_line, second_line = split_street(street)
    if second in values:
        return {name: fit(street, LINE_LENGTH, TARGETS[name].title)}
    held = str(stored.get(second) or "")
    if held and joined_street(str(stored.get(name) or ""), held) == stored.get(name):
        return {name: fit(street, LINE_LENGTH, TARGETS[name].title)}
    return {name: first_line or None, second: second_line or None}


def _fitted(name: str, value: str) -> str:
    length = TARGETS[name].max_length
    text = clean(value)
    return text if length is None else cut(text, length)


def _differs(name: str, held: Any, wanted: Any) -> bool:
    if name == "CustomerLabels":
        return bool(_label_names(held) != _label_names(wanted))
    return bool((held or None) != (wanted or None))


def _label_names(labels: Any) -> list[str]:
    return sorted(str(label.get("Name")) for label in labels or ())


def _existing(customer: Record) -> Existing:
    return Existing(
        target_id=str(customer["Id"]),
        number=str(customer.get("CustomerNumber") or ""),
        values={field.name: _held(field, customer) for field in FIELDS},
    )


def _held(field: Field, customer: Record) -> Any:
    value = customer.get(field.name)
    match field.kind:
        case FieldKind.BOOLEAN:
            return bool(value)
        case FieldKind.NUMBER:
            return Decimal(value or 0)
        case FieldKind.LIST:
            return _label_names(value)
    if field.name in _STREETS:
        return joined_street(str(value or ""), str(customer.get(_STREETS[field.name]) or ""))
    return str(value or "")


def _email(customer: Record) -> str:
    return str(customer.get("EmailAddress") or "").strip().casefold()


def _currency(customer: Record, own: str) -> str:
    return str(customer.get("CurrencyCode") or own)


def _rank(customer: Record) -> tuple[bool, int, str]:
    number = str(customer.get("CustomerNumber") or "")
    return (not customer.get("IsActive", True), len(number), number)


def _email_missing(key: Key) -> Problem:
    return Problem(
        code=ProblemCode.MISSING_FIELD,
        field="email",
        value="",
        sentence=(
            f"Customer {key.source_id}: email is missing, and customers are found in eAccounting by it. Enter it at the"
            " source, and retry."
        ),
    )


def _refuse_missing(change: Change, field: str, advice: str) -> str:
    raise RecordRefused(
        Problem(
            code=ProblemCode.SETTING_MISSING if field == "terms_of_payment" else ProblemCode.MISSING_FIELD,
            field=field,
            value="",
            sentence=(
                f"Customer {change.reference}: {field} is missing, and eAccounting needs it. {advice}, and retry."
            ),
        )
    )


def _label_unknown(change: Change, name: str) -> Problem:
    return Problem(
        code=ProblemCode.INVALID_VALUE,
        field="CustomerLabels",
        value=name,
        sentence=(
            f"Customer {change.reference}: eAccounting has no customer label “{name}”. Create it there, or correct the"
            " mapping or the setting it comes from, and retry."
        ),
    )


def _gone(change: Change) -> Problem:
    number = change.existing.number if change.existing else ""
    return Problem(
        code=ProblemCode.RECORD_GONE,
        field="customer",
        value=number,
        sentence=(
            f"Customer {change.reference}: customer {number} was deleted in eAccounting while it was being updated."
            " Retry to have it created again."
        ),
    )


def open_customer_target(
    client: VendorClient, _connection: BaseModel, settings: BaseModel
) -> EAccountingCustomerTarget:
    """The target for one flow; ``settings`` is an `EAccountingCustomers`."""
    return EAccountingCustomerTarget(client, EAccountingCustomers.model_validate(settings))


CUSTOMER_TARGET: Final = RecordTargetDeclaration(
    open=open_customer_target,
    settings=EAccountingCustomers,
    fields=FIELDS,
    mapping=MAPPING,
    settle=timedelta(seconds=30),
    shared=True,
    removals=frozenset({Removal.LEAVE, Removal.ARCHIVE, Removal.DELETE}),
    value_tables={"customer_group": "price_lists"},
)
