"""Benches: figures as ratios inside one run, and the chaos run. Start them with ``python3 dev.py bench NAME``."""
