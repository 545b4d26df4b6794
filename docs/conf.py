"""Sphinx settings: the pages are plain Markdown, read by MyST."""

from importlib.metadata import version as installed_version

project = "mofglass"
author = "the mofglass developers"
release = installed_version("mofglass")
extensions = ["myst_parser", "sphinx.ext.mathjax"]
myst_enable_extensions = ["dollarmath", "deflist"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "mofglass"
exclude_patterns = ["_build"]
suppress_warnings = ["myst.xref_missing"]
