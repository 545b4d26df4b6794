"""The types of results under the name they had before they moved down to `mofglass.result`."""

from mofglass.result import Curve, Panel, Result

__all__ = ["Curve", "Panel", "Result"]
