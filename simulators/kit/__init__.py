"""What every simulator shares: exchange types, clock, faults, journal, rate limits and the control interface."""

from simulators.kit.app import SimulatorApp, build_app
from simulators.kit.clock import Clock
from simulators.kit.exchange import VendorAnswer, VendorRequest
from simulators.kit.ratelimit import RateLimiter
from simulators.kit.simulator import ControlError, Simulator, check_parts

__all__ = [
    "Clock",
    "ControlError",
    "RateLimiter",
    "Simulator",
    "SimulatorApp",
    "VendorAnswer",
    "VendorRequest",
    "build_app",
    "check_parts",
]
