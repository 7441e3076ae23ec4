"""The mapping of a flow: which target field is filled by which expression."""
