"""What would happen: previews, back-tests and differences, with nothing written."""
