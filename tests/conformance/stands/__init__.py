"""One stand per vendor: how its simulator is filled with `tests.conformance.facts`, and changed as people there do."""
