"""What every simulator shares: exchange types, clock, faults, journal, rate limits and the control interface."""

from simulators.kit.app import SimulatorApp, build_app
from simulators.kit.clock import Clock
from simulators.kit.exchange import VendorAnswer, VendorRequest
from simulators.kit.faults import KIT_FAULTS, FaultRuleError, FiredFault
from simulators.kit.ratelimit import RateLimiter, Verdict
from simulators.kit.simulator import ControlError, Simulator, check_parts

__all__ = [
    "KIT_FAULTS",
    "Clock",
    "ControlError",
    "FaultRuleError",
    "FiredFault",
    "RateLimiter",
    "Simulator",
    "SimulatorApp",
    "VendorAnswer",
    "VendorRequest",
    "Verdict",
    "build_app",
    "check_parts",
]
