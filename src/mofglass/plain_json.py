"""Numbers as JSON that any reader takes: numpy's as plain ones, what is not finite as null."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np


def to_json(summary: Mapping[str, Any], *, indent: int | None = 2) -> str:
    """Write a summary as JSON: numpy numbers as plain ones, nan and infinity as null.

    Parameters
    ----------
    summary : mapping
        What `Result.summary` returns, or several.
    indent : int, optional
        Spaces a level.

    Returns
    -------
    str
        One JSON object.
    """
    return json.dumps(_plain(summary), indent=indent, ensure_ascii=False, allow_nan=False)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float):
        # Ten digits are more than any of these numbers has; the rest is the noise of 0.1 + 0.2.
        return float(f"{value:.10g}") if math.isfinite(value) else None
    return value
