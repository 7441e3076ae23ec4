"""A strict stand-in of one CCV Shop web shop (REST API v1)."""

from simulators.ccvshop.simulator import CcvShop

__all__ = ["CcvShop"]
