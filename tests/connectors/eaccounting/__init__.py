"""The eAccounting connector: its planning by itself, and against the strict simulator."""
