"""Why a record waits for a person: a closed list of codes, and a sentence that says what to do."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class ProblemCode(StrEnum):
    """The causes; every one has a page anchor in docs/fix-a-failed-order.md."""

    MALFORMED_RECORD = "malformed_record"
    MISSING_FIELD = "missing_field"
    INVALID_VALUE = "invalid_value"
    VALUE_TOO_LONG = "value_too_long"
    EMPTY_ORDER = "empty_order"
    CREDIT_NOTE = "credit_note"
    TOTALS_DIFFER = "totals_differ"
    UNKNOWN_CURRENCY = "unknown_currency"
    UNKNOWN_TAX_RATE = "unknown_tax_rate"
    UNKNOWN_PRODUCT = "unknown_product"
    UNMAPPED_VALUE = "unmapped_value"
    AMBIGUOUS_MATCH = "ambiguous_match"
    REFUSED_BY_TARGET = "refused_by_target"
    REFUSED_BY_SOURCE = "refused_by_source"
    RECORD_GONE = "record_gone"
    PERIOD_CLOSED = "period_closed"
    TOO_LARGE = "too_large"
    TOO_MANY_GONE = "too_many_gone"
    RENAMED = "renamed"
    TEMPORARY_TROUBLE = "temporary_trouble"
    INTERNAL_ERROR = "internal_error"
    SETTING_MISSING = "setting_missing"
    CONNECTION_REFUSED = "connection_refused"
    CONNECTION_EXPIRED = "connection_expired"


class Problem(BaseModel):
    """What stands in the way. ``code``, ``field`` and ``value`` together are the cause that items share."""

    model_config = ConfigDict(frozen=True)

    code: ProblemCode
    field: str
    """The field or setting, in words of the system it belongs to."""
    value: str
    """The value that could not be used; may be a customer's, so it is stored encrypted."""
    sentence: str
    """Names the record, the field, the value and what to do."""

    def cause(self) -> str:
        """The text whose keyed hash groups items that one fix releases."""
        return f"{self.code}\x1f{self.field}\x1f{self.value}"
