"""Trying flows out: previews, back-tests and differences, with nothing written anywhere."""

from activities.rehearsal.rehearsals import LedgerRehearsals

__all__ = ["LedgerRehearsals"]
