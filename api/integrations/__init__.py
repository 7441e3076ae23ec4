"""Two connections kept in agreement: started, stopped, paused, asked how far they are."""
