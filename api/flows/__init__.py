"""One kind of record in one direction: settings, schedules and value tables."""
