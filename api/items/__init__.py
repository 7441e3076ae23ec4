"""What happened to one record, and what may happen next."""
