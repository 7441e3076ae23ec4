"""How the work on one record ends, and what people are told of one that waits."""

from dataclasses import dataclass

from activities.failures import broken_record
from commerce.problems import Problem, ProblemCode
from connectors.errors import OutcomeUnknown, RecordGone, RecordRefused, VendorError
from mapping.errors import ExpressionFailed, MappingFailed, ValueNotMapped
from store import BindingRecord, ItemRecord, ItemState, Settled


@dataclass(frozen=True)
class Ended:
    """How a record ended, and what to remember of it; ``problem`` is not yet in the ledger."""

    settled: Settled
    binding: BindingRecord | None = None
    problem: Problem | None = None


def refused(item: ItemRecord, problem: Problem) -> Ended:
    """A record that waits for its problem."""
    return Ended(Settled(item.id, ItemState.PARKED, text=problem.sentence), problem=problem)


def failed(item: ItemRecord, error: Exception) -> Ended:
    """What went wrong with one record's write alone."""
    if isinstance(error, RecordRefused):
        return refused(item, error.problem)
    if isinstance(error, RecordGone):
        sentence = (
            f"Record {item.reference}: {error.kind} no longer exists at the target. It is looked for again by itself; "
            "create it there or skip the record."
        )
        return refused(
            item, Problem(code=ProblemCode.RECORD_GONE, field=error.kind, value=item.reference, sentence=sentence)
        )
    if isinstance(error, VendorError):
        raise error
    return refused(item, broken_record(item, error))


def unanswered(item: ItemRecord, error: OutcomeUnknown) -> Ended:
    """A record whose write the target fails to answer time and again, while it answers those of others."""
    sentence = (
        f"Record {item.reference}: {error} The target takes other records and fails at this one, so it waits. It is "
        "looked up and tried again by itself; if that does not help, ask the vendor about this record."
    )
    problem = Problem(code=ProblemCode.TEMPORARY_TROUBLE, field="record", value=item.reference, sentence=sentence)
    return refused(item, problem)


def problem_of(item: ItemRecord, error: RecordRefused | MappingFailed | ExpressionFailed) -> Problem:
    """Why a record cannot be filtered or mapped."""
    if isinstance(error, RecordRefused):
        return error.problem
    if isinstance(error, ValueNotMapped):
        code, name, value = ProblemCode.UNMAPPED_VALUE, error.table, str(error.value)
        sentence = (
            f"Record {item.reference}: {error.sentence} All records that wait for the row go on when it is saved."
        )
    elif isinstance(error, MappingFailed):
        missing = error.value is None
        code = ProblemCode.MISSING_FIELD if missing else ProblemCode.INVALID_VALUE
        name, value = error.target, "" if missing else str(error.value)[:200]
        sentence = f"Record {item.reference}: {error.sentence} Correct the record at its source, or the rule."
    else:
        code, name, value = ProblemCode.INVALID_VALUE, "filter", str(error.value or "")[:200]
        sentence = (
            f"Record {item.reference}: the filter cannot be worked out. {error.reason} Correct it in the settings."
        )
    return Problem(code=code, field=name, value=value, sentence=sentence)
