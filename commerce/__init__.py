"""The records that travel between a shop and the systems behind it."""

from commerce.customer import Address, Customer, CustomerKind
from commerce.money import cents, rounding_error
from commerce.order import Line, LineKind, Order, PaymentStatus
from commerce.problems import Problem, ProblemCode

__all__ = [
    "Address",
    "Customer",
    "CustomerKind",
    "Line",
    "LineKind",
    "Order",
    "PaymentStatus",
    "Problem",
    "ProblemCode",
    "cents",
    "rounding_error",
]
