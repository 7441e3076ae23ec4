"""What becomes of an order: from a simulated shop, through the whole product, into simulated books."""
