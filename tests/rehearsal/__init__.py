"""Trying flows out: previews, back-tests and retries as it was, through the real engine."""
