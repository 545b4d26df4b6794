"""A signal in the last steps of a run ends what comes after it, the run itself being done."""

from __future__ import annotations

import os
import signal

import pytest
from ase.calculators.lj import LennardJones

from mofglass.potentials.ase_calculator import ASEPotential
from mofglass.simulate import Run, create_run, execute, hold


class Interrupted(LennardJones):
    """Somebody types Ctrl-C while it computes."""

    def calculate(self, *args, **kwargs):
        super().calculate(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGINT)
        self.calculate = super().calculate


@pytest.fixture
def heeded():
    """Ctrl-C raises KeyboardInterrupt, also where a shell in the background has it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeded")
def test_ctrl_c_in_the_last_steps_is_handed_on(tmp_path, argon):
    potential = ASEPotential(lambda: Interrupted(sigma=3.4, epsilon=0.01, rc=6.0), name="interrupted")
    stage = (hold("short", duration_ps=0.005, temperature_K=40),)
    run = create_run(tmp_path / "run", argon, potential, stage)
    with pytest.raises(KeyboardInterrupt):
        execute(run, potential=potential, threads=1, progress=False)
    assert Run(run.path).state == "done"
