"""From a record to a vendor's body: rules, expressions, value tables, filters; data that a merchant can change."""
