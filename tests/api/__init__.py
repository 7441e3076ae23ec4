"""Tests of the REST API: a real database, a real Temporal server, and stand-ins for the vendors alone."""
