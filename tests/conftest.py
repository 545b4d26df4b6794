"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared() -> Path:
    """The papers' data beside the checkout (`../shared/data`, or $MOFGLASS_SHARED); skips where absent."""
    path = Path(os.environ.get("MOFGLASS_SHARED", Path(__file__).parents[2] / "shared" / "data"))
    if not path.is_dir():
        pytest.skip(f"the papers' data are not at {path}")
    return path
