"""Commands that a queue ends with SIGTERM, or a user with Ctrl-C, say how they go on."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ase.build import bulk
from ase.io import write

from mofglass.datasets.labelling_directory import LabellingDirectory


@pytest.fixture(autouse=True)
def heeds_ctrl_c() -> Iterator[None]:
    """A shell's background job ignores SIGINT, and so would what these tests start."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_labelling_says_that_it_goes_on_and_does(tmp_path: Path, number: signal.Signals) -> None:
    frames = [bulk("Ar", "fcc", a=5.3, cubic=True).repeat(3) for _ in range(400)]
    for seed, frame in enumerate(frames):
        frame.rattle(0.1, seed=seed)
    write(tmp_path / "frames.extxyz", frames)
    labels = tmp_path / "labels"
    command = [sys.executable, "-m", "mofglass", "dataset", "label"]
    first = [*command, str(tmp_path / "frames.extxyz"), "-p", "lj", "-o", str(labels), "--quiet"]
    process = subprocess.Popen(first, stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 60
    while not list(labels.glob("results/*.json")) and process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(number)
    _, told = process.communicate(timeout=60)
    assert told.strip() == f"Error: {labels}: stopped; the same command goes on where it was"
    assert process.returncode == 1
    before = LabellingDirectory(labels).collect()
    assert 0 < before.n_labelled < 400
    subprocess.run([*command, "-p", "lj", "-o", str(labels), "--quiet"], check=True)
    assert LabellingDirectory(labels).collect().n_labelled == 400
