"""Strict stand-ins of the vendors, for the demonstration and the tests; they import nothing of the product."""
