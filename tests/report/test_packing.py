"""Numbers on their way into the page come out as they went in."""

from __future__ import annotations

import base64
import io
import json

import numpy as np
import pandas as pd

from mofglass.report.packing import base64_of, csv_link, plotly_array, script_json


def test_arrays_survive_base64() -> None:
    values = np.array([[1, -2], [3, 32767]], dtype=np.int16)
    back = np.frombuffer(base64.b64decode(base64_of(values)), dtype="<i2").reshape(2, 2)
    np.testing.assert_array_equal(back, values)


def test_big_endian_arrays_become_little_endian() -> None:
    assert base64_of(np.array([1, 2], dtype=">f4")) == base64_of(np.array([1, 2], dtype="<f4"))


def test_what_is_not_finite_becomes_a_gap() -> None:
    packed = plotly_array(np.array([1.0, np.inf, np.nan]))
    back = np.frombuffer(base64.b64decode(packed["bdata"]), dtype="<f4")
    np.testing.assert_array_equal(back, [1.0, np.nan, np.nan])


def test_json_cannot_end_its_script_element() -> None:
    content = {"title": "</script><script>alert(1)</script><!--", "x": float("nan"), "n": np.int64(3)}
    text = script_json(content)
    assert "<" not in text
    back = json.loads(text)
    assert back == {"title": content["title"], "x": None, "n": 3}


def test_csv_link_holds_the_table() -> None:
    table = pd.DataFrame({"r_A": [0.01, 0.03], "g": [0.0, 1.5]})
    head, _, encoded = csv_link(table).partition(",")
    assert head == "data:text/csv;charset=utf-8;base64"
    back = pd.read_csv(io.BytesIO(base64.b64decode(encoded)))
    pd.testing.assert_frame_equal(back, table)
