"""The flows that move in pages, through the real engine."""
