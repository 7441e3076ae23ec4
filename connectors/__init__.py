"""Speak to vendors: one folder per system, nothing vendor-specific anywhere else."""
