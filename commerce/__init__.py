"""The records that travel between a shop and the systems behind it."""
