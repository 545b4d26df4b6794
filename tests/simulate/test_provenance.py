"""Versions, hashes and the machine, as a run records them."""

from __future__ import annotations

import hashlib
import re

import numpy as np

from mofglass.simulate import provenance


def test_provenance(tmp_path):
    assert provenance.versions()["numpy"] == np.__version__
    assert provenance.machine()["cores"] >= 1
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", provenance.now())
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    assert provenance.sha256(path) == hashlib.sha256(b"abc").hexdigest()
