"""The demo: a day of real orders from a simulated shop into simulated books, watched live and checked afterwards."""

from demo.merchant import Figures, Merchant, Simulated
from demo.show import Options, free_port, run_demo, simulated_vendors

__all__ = ["Figures", "Merchant", "Options", "Simulated", "free_port", "run_demo", "simulated_vendors"]
