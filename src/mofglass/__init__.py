"""mofglass: make and understand glasses of metal-organic frameworks."""

from importlib.metadata import version

__version__ = version("mofglass")
