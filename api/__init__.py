"""People and shops: REST over the store and the workflows. Thin: it decides nothing about orders."""
