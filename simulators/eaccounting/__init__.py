"""A strict simulator of the eAccounting API v2: identity server, master data, sales documents."""

from simulators.eaccounting.simulator import EAccounting

__all__ = ["EAccounting"]
