"""Published numbers with their sources, and ours beside them."""

from mofglass.literature.comparison import ComparisonRow, compare
from mofglass.literature.published import (
    SYSTEMS,
    PublishedValue,
    Quantity,
    Source,
    find,
    quantities,
    sources,
)

__all__ = [
    "SYSTEMS",
    "ComparisonRow",
    "PublishedValue",
    "Quantity",
    "Source",
    "compare",
    "find",
    "quantities",
    "sources",
]
