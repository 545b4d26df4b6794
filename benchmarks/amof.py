"""Coordination, bond angles and mean square displacement by aMOF and by mofglass on the same frames.

aMOF 1.1.0 (the code of Castel 2024) does not import with a current NumPy, so it runs in an environment of
its own. Its radial distributions need asap3, its rings the program R.I.N.G.S., its pores Zeo++:
these are not timed. Its mean square displacement leaves the first of the N - m windows of m frames at zero
and divides by all of them: it is low by a factor of 1 - 1/(N - m), 5/6 with ten frames.

    python3 -m venv amof-env
    amof-env/bin/pip install 'numpy<1.24' 'pandas<2' 'ase<3.23' 'xarray<2023' scipy matplotlib joblib \
        cloudpickle loky
    amof-env/bin/pip install --no-deps amof

Run:  OMP_NUM_THREADS=1 .venv/bin/python benchmarks/amof.py --amof-python amof-env/bin/python  [--frames 20]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ase.io
import numpy as np

from mofglass.analysis import measure
from mofglass.analysis.bond_angle import BondAngle
from mofglass.analysis.coordination import Coordination
from mofglass.analysis.msd import MSD
from mofglass.frame import Frame
from mofglass.structures import load

CUTOFF_A = 2.5

AMOF = """
import json, sys, time
import ase.io
import numpy as np
# What aMOF asks of NumPy and ASE.
from amof.cn import CoordinationNumber
from amof.bad import Bad
from amof.msd import WindowMsd
frames = ase.io.read(sys.argv[1], ":")
cutoffs = {"Zn-N": 2.5}
def timed(work):
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start
cn, cn_s = timed(lambda: CoordinationNumber.from_trajectory(frames, cutoffs))
bad, bad_s = timed(lambda: Bad.from_trajectory(frames, cutoffs, dtheta=1.0))
msd, msd_s = timed(lambda: WindowMsd.from_trajectory(frames, delta_time=100, timestep=100))
angles = bad.data["N-Zn-N"]
print(json.dumps({
    "coordination": {"s": cn_s, "value": float(np.mean(cn.data["Zn-N"]))},
    "bond angle": {"s": bad_s, "value": float((bad.data["theta"] * angles).sum() / angles.sum())},
    "mean square displacement": {"s": msd_s, "value": float(msd.data["Zn"].iloc[-1])},
}))
"""


def frames(n_frames: int) -> list[Frame]:
    """2176 atoms of ZIF-4, each shaken by 0.12 Å and drifting, 0.1 ps apart."""
    crystal = load("ZIF-4") * (2, 2, 2)
    random = np.random.default_rng(0)
    drift = random.normal(scale=0.02, size=(len(crystal), 3))
    return [
        Frame(
            crystal.numbers,
            crystal.positions + k * drift + random.normal(scale=0.12, size=(len(crystal), 3)),
            np.asarray(crystal.cell),
            k,
            k,
            0.1 * k,
        )
        for k in range(n_frames)
    ]


def timed(made: list[Frame], make: Callable[[], Any], value: Callable[[Any], float]) -> dict[str, float]:
    """Measure one analysis, compiled before."""
    measure(made[:4], {"one": make()})
    start = time.perf_counter()
    result = measure(made, {"one": make()})[0]["one"]
    return {"s": time.perf_counter() - start, "value": value(result)}


def main() -> None:
    """Time both on the same frames, and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "--amof-python", help="the Python of an environment with aMOF; without it only mofglass runs"
    )
    parser.add_argument("--frames", type=int, default=20)
    arguments = parser.parse_args()
    made = frames(arguments.frames)
    # aMOF's longest window.
    lag_ps = 0.1 * (arguments.frames // 2 - 1)
    ours = {
        "coordination": timed(
            made, lambda: Coordination(cutoff_A=CUTOFF_A), lambda result: result.mean_coordination
        ),
        "bond angle": timed(made, lambda: BondAngle(cutoff_A=CUTOFF_A), lambda result: result.mean_deg),
        "mean square displacement": timed(
            made,
            MSD,
            lambda result: float(np.interp(lag_ps, result.lag_ps, result.to_dataframe()["msd_Zn_A2"])),
        ),
    }
    theirs: dict[str, dict[str, float]] = {}
    if arguments.amof_python:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "frames.extxyz"
            ase.io.write(path, [frame.to_atoms() for frame in made])
            done = subprocess.run(
                [arguments.amof_python, "-c", AMOF, str(path)], capture_output=True, text=True, check=True
            )
        theirs = json.loads(done.stdout.splitlines()[-1])
    print(f"{arguments.frames} frames of {made[0].n_atoms} atoms, one core; ms a frame")
    print(f"{'':26}{'mofglass':>10}{'aMOF':>10}{'ratio':>8}   value: mofglass, aMOF")
    for name, mine in ours.items():
        line = f"{name:26}{1e3 * mine['s'] / arguments.frames:10.2f}"
        if name in theirs:
            other = theirs[name]
            line += f"{1e3 * other['s'] / arguments.frames:10.1f}{other['s'] / mine['s']:8.0f}"
            line += f"   {mine['value']:.4g}, {other['value']:.4g}"
        print(line)


if __name__ == "__main__":
    main()
