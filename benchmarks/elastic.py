"""Elastic constants: a million cells, direction surfaces, the static route beside matscipy's, on one core.

Run:  .venv/bin/python benchmarks/elastic.py  [--cells 1000000]

Cells are Gaussian with a prescribed stiffness. The peer of the fluctuations keeps all cells and takes one
covariance, without errors; that of the directions is the search of ELATE (scipy's brute force over three
angles, then a simplex); that of the static route is matscipy's fit, of its default strains.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.units import GPa
from matscipy.elasticity import fit_elastic_constants
from scipy.optimize import brute

from mofglass.analysis.cell_range import chosen_cells
from mofglass.analysis.elastic_directions import extremes
from mofglass.analysis.elastic_surfaces import surfaces_html
from mofglass.analysis.elastic_tensor import ElasticTensor, voigt_to_strain
from mofglass.analysis.frame_range import FrameRange
from mofglass.analysis.strain_fluctuation import StrainFluctuation
from mofglass.potentials import ASEPotential
from mofglass.studies import stress_strain
from mofglass.studies.static_points import Relaxation
from mofglass.trajectory.cell_series import open_cells
from mofglass.units import BOLTZMANN_EV_PER_K, GPA_PER_EV_PER_A3

TEMPERATURE_K, EDGES_A = 300.0, np.array([15.4, 15.5, 18.2])
CHUNK = 10_000
FILE_CELLS = 100_000


def orthorhombic() -> ElasticTensor:
    """About as stiff as ZIF-4."""
    c = np.diag([3.5, 2.8, 4.1, 0.7, 1.2, 0.9])
    c[0, 1] = c[1, 0] = 1.1
    c[0, 2] = c[2, 0] = 0.9
    c[1, 2] = c[2, 1] = 1.4
    return ElasticTensor(c)


def drawn_cells(tensor: ElasticTensor, n_cells: int) -> np.ndarray:
    """Cells, shape (n, 3, 3), whose strains have the covariance of the tensor."""
    kt = BOLTZMANN_EV_PER_K * TEMPERATURE_K * GPA_PER_EV_PER_A3
    covariance = np.linalg.inv(tensor.stiffness_GPa) * kt / EDGES_A.prod()
    strains = np.random.default_rng(0).multivariate_normal(np.zeros(6), covariance, size=n_cells)
    return np.diag(EDGES_A) @ (np.eye(3) + voigt_to_strain(strains))


def plain_stiffness_GPa(cells: np.ndarray) -> np.ndarray:
    """Stiffness from one covariance of all strains against the mean cell."""
    strain = np.linalg.solve(cells.mean(axis=0), cells) - np.eye(3)
    strain = (strain + strain.transpose(0, 2, 1)) / 2
    voigt = np.stack(
        [strain[:, i, j] * (1 if i == j else 2) for i, j in ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))]
    )
    kt = BOLTZMANN_EV_PER_K * TEMPERATURE_K
    return kt / np.linalg.det(cells).mean() * np.linalg.inv(np.cov(voigt)) * GPA_PER_EV_PER_A3


def elate_poisson(tensor: ElasticTensor) -> tuple[float, float]:
    """Least and largest Poisson's ratio by brute force over three angles and a simplex."""
    s = tensor.compliance_tensor_per_GPa

    def ratio(angles: np.ndarray, sign: float) -> float:
        theta, phi, chi = angles
        n = np.array([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)])
        m = np.array(
            [
                np.cos(theta) * np.cos(phi) * np.cos(chi) - np.sin(phi) * np.sin(chi),
                np.cos(theta) * np.sin(phi) * np.cos(chi) + np.cos(phi) * np.sin(chi),
                -np.sin(theta) * np.cos(chi),
            ]
        )
        across = np.einsum("ijkl,i,j,k,l", s, n, n, m, m)
        return float(-sign * across / np.einsum("ijkl,i,j,k,l", s, n, n, n, n))

    ranges = ((0, np.pi), (0, np.pi), (0, np.pi))
    ends = [brute(ratio, ranges, args=(sign,), Ns=15, full_output=True)[1] for sign in (1.0, -1.0)]
    return ends[0], -ends[1]


def timed(task: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of this process, so that a crowded machine does not count, and the result."""
    begin = time.process_time()
    result = task()
    return time.process_time() - begin, result


def peak_mb(task: Callable[[], Any]) -> float:
    """Largest memory that a task holds beside what is there."""
    tracemalloc.start()
    task()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def by_chunks(cells: np.ndarray) -> Any:
    """The analysis as a file feeds it."""
    analysis = StrainFluctuation(TEMPERATURE_K)
    for start in range(0, len(cells), CHUNK):
        analysis.add_cells(cells[start : start + CHUNK])
    return analysis.result


def from_file(path: Path) -> Any:
    """The same of a CP2K file."""
    return StrainFluctuation(TEMPERATURE_K).add_chunks(chosen_cells(open_cells(path), FrameRange())).result


def fluctuations(n_cells: int) -> None:
    """Time the fluctuations beside plain NumPy, and from a CP2K file."""
    tensor = orthorhombic()
    cells = drawn_cells(tensor, n_cells)
    by_chunks(cells[:CHUNK])
    ours, result = timed(lambda: by_chunks(cells))
    plain, theirs = timed(lambda: plain_stiffness_GPa(cells))
    mb = peak_mb(lambda: by_chunks(cells))
    print(f"{n_cells:,} cells")
    print(f"  mofglass, with errors and convergence {ours:7.2f} s          {mb:8.1f} MB")
    mb = peak_mb(lambda: plain_stiffness_GPa(cells))
    print(
        f"  NumPy, one covariance                 {plain:7.2f} s {plain / ours:6.2f}x  {mb:8.1f} MB + cells"
    )
    print(
        f"  largest difference {np.abs(result.stiffness_GPa - theirs).max():.4f} GPa, from what was drawn "
        f"{np.abs(result.stiffness_GPa - tensor.stiffness_GPa).max():.4f} GPa"
    )
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "PROJECT-1.cell"
        with open(path, "w") as stream:
            stream.write(
                "#   Step   Time [fs]  Ax Ay Az  Bx By Bz  Cx Cy Cz [Angstrom]  Volume [Angstrom^3]\n"
            )
            for step, cell in enumerate(cells[:FILE_CELLS]):
                numbers = " ".join(f"{value:19.10f}" for value in cell.ravel())
                stream.write(f"{step:8d} {step * 0.5:19.3f} {numbers} {np.linalg.det(cell):24.10f}\n")
        seconds, _ = timed(lambda: from_file(path))
        rows = min(n_cells, FILE_CELLS)
        print(
            f"  of a CP2K .cell file of {rows:,} rows      {seconds:7.2f} s, {1e6 * seconds / rows:.1f} s a "
            f"million                 {peak_mb(lambda: from_file(path)):8.1f} MB"
        )


def directions() -> None:
    """Time the extremes over all directions beside ELATE's search, and the page of surfaces."""
    tensor = orthorhombic()
    ours, found = timed(lambda: extremes(tensor))
    theirs, (least, largest) = timed(lambda: elate_poisson(tensor))
    poisson = found["poisson_ratio"]
    page, text = timed(lambda: surfaces_html(tensor))
    ends = f"nu {poisson.minimum:.4f} to {poisson.maximum:.4f}"
    print("directions")
    print(f"  mofglass, E, beta, G and nu       {ours:7.2f} s          {ends}")
    ratio = f"{theirs / ours:6.1f}x"
    print(f"  ELATE's search, nu alone          {theirs:7.2f} s {ratio}  nu {least:.4f} to {largest:.4f}")
    print(f"  page of the surfaces              {page:7.2f} s          {len(text) / 1e6:.1f} MB")


def static() -> None:
    """Time the static route beside matscipy's fit of the same copper."""
    copper = bulk("Cu", cubic=True, a=3.59) * (3, 3, 3)
    potential = ASEPotential(EMT, name="emt", elements={"Cu"})
    clamped = Relaxation(ions=False)
    stress_strain.static(copper, potential, relaxation=clamped)
    ours, result = timed(lambda: stress_strain.static(copper, potential, relaxation=clamped))
    theirs_atoms = copper.copy()
    theirs_atoms.calc = EMT()
    theirs, (c, _) = timed(
        lambda: fit_elastic_constants(theirs_atoms, symmetry="triclinic", delta=0.005, verbose=False)
    )
    print(f"static route, {len(copper)} atoms of copper (EMT)")
    print(f"  mofglass, 13 structures {ours:7.2f} s          C11 {result.stiffness_GPa[0, 0]:.2f} GPa")
    print(f"  matscipy, 30 structures {theirs:7.2f} s {theirs / ours:6.2f}x  C11 {c[0, 0] / GPa:.2f} GPa")


def main() -> None:
    """Run all three."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=1_000_000, help="cells of the fluctuations")
    fluctuations(parser.parse_args().cells)
    directions()
    static()


if __name__ == "__main__":
    main()
