"""Accounts at the systems: created, tested, given consent for, reconnected."""
