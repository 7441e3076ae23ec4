"""The demo: a going concern of a simulated shop and simulated books, watched live and checked afterwards."""

from demo.figures import Figures
from demo.merchant import Merchant
from demo.show import Options, free_port, run_demo, simulated_vendors

__all__ = ["Figures", "Merchant", "Options", "free_port", "run_demo", "simulated_vendors"]
