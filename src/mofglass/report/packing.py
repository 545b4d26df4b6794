"""Numbers on their way into the page: small, exact in type, and harmless inside HTML."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import pandas as pd


def base64_of(array: np.ndarray) -> str:
    """Return an array's little-endian bytes as base64 text.

    Parameters
    ----------
    array : ndarray
        Any shape; flattened in C order.

    Returns
    -------
    str
        Base64.
    """
    little = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False)
    return base64.b64encode(little.tobytes()).decode("ascii")


def plotly_array(values: np.ndarray) -> dict[str, str]:
    """Return numbers as plotly.js reads them from base64: single precision, half the size of text.

    Parameters
    ----------
    values : ndarray
        Numbers; what is not finite becomes a gap.

    Returns
    -------
    dict
        ``dtype`` and ``bdata``.
    """
    numbers = np.where(np.isfinite(values), values, np.nan).astype(np.float32)
    return {"dtype": "f4", "bdata": base64_of(numbers)}


def script_json(content: Any) -> str:
    """Return data as JSON that may stand in a ``<script type="application/json">`` element.

    Parameters
    ----------
    content : object
        Plain data; numbers that are not finite become null.

    Returns
    -------
    str
        JSON without any ``<``, so that no text in it can end the element.
    """
    text = json.dumps(_finite(content), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _finite(content: Any) -> Any:
    if isinstance(content, dict):
        return {str(key): _finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_finite(value) for value in content]
    if isinstance(content, float | np.floating):
        return float(content) if np.isfinite(content) else None
    return content.item() if isinstance(content, np.generic) else content


def csv_link(table: pd.DataFrame) -> str:
    """Return a ``data:`` address that holds a table as CSV.

    Parameters
    ----------
    table : pandas.DataFrame
        Units in the column names.

    Returns
    -------
    str
        For the ``href`` of a download link; needs neither network nor script.
    """
    text = table.to_csv(index=False, float_format="%.7g", lineterminator="\n")
    encoded = base64.b64encode(text.encode()).decode("ascii")
    return f"data:text/csv;charset=utf-8;base64,{encoded}"
