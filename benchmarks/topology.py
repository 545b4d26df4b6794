"""Neighbour lists and linker perception beside ASE, matscipy, vesin and freud, in one run on one core.

Run:  OMP_NUM_THREADS=1 .venv/bin/python benchmarks/topology.py  [--repeats 20] [--large FILE]
"""

from __future__ import annotations

import argparse
import importlib.util
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.neighborlist import neighbor_list as ase_neighbour_list

from mofglass.structures import load
from mofglass.topology import find_bonds, neighbour_list, perceive

BOND_A, RDF_A = 2.5, 6.0
TARGET_MS = 50.0


def best_ms(call: Callable[[], object], repeats: int) -> float:
    """Shortest of several calls, ms, after one that is not counted (compilation, caches)."""
    call()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return 1e3 * min(times)


def peers(atoms: Atoms, cutoff_A: float) -> dict[str, Callable[[], object]]:
    """Full neighbour lists with image offsets and distances from whatever is installed."""
    calls: dict[str, Callable[[], object]] = {"ASE": lambda: ase_neighbour_list("ijSd", atoms, cutoff_A)}
    if importlib.util.find_spec("matscipy"):
        from matscipy.neighbours import neighbour_list as matscipy_list

        calls["matscipy"] = lambda: matscipy_list("ijSd", atoms, cutoff_A)
    if importlib.util.find_spec("vesin"):
        from vesin import NeighborList

        vesin = NeighborList(cutoff=cutoff_A, full_list=True)
        points, box = atoms.positions, atoms.cell.array
        calls["vesin"] = lambda: vesin.compute(points=points, box=box, periodic=True, quantities="ijSd")
    if importlib.util.find_spec("freud"):
        import freud

        freud.parallel.set_num_threads(1)
        system = (freud.box.Box.from_matrix(atoms.cell.array.T), atoms.positions.astype(np.float32))
        # freud takes no cut-off beyond half the box, and gives single precision and no image offsets.
        query = {"r_max": cutoff_A, "exclude_ii": True}
        calls["freud"] = lambda: freud.locality.AABBQuery(*system).query(system[1], query).toNeighborList()
    return calls


def compare(atoms: Atoms, cutoff_A: float, repeats: int) -> None:
    """Print one line a library, with its time over mofglass'."""
    n_pairs = len(neighbour_list(atoms, cutoff_A).i)
    print(f"\nNeighbour list, {len(atoms)} atoms, {cutoff_A:g} Å, {n_pairs} pairs")
    ours = best_ms(lambda: neighbour_list(atoms, cutoff_A), repeats)
    half = best_ms(lambda: neighbour_list(atoms, cutoff_A, half=True), repeats)
    print(f"  {'mofglass':<22}{ours:10.2f} ms")
    print(f"  {'mofglass, half list':<22}{half:10.2f} ms {half / ours:8.2f}x")
    for name, call in peers(atoms, cutoff_A).items():
        took = best_ms(call, max(3, repeats // 5))
        print(f"  {name:<22}{took:10.2f} ms {took / ours:8.2f}x")


def main() -> None:
    """Time everything and print ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=20, help="calls of which the shortest counts")
    parser.add_argument(
        "--large", type=Path, help="a larger structure to time as well, any format load() reads"
    )
    options = parser.parse_args()
    start = time.perf_counter()
    crystal = load("ZIF-4")
    perceive(crystal)
    print(f"First call, kernels compiled or read from numba's cache: {time.perf_counter() - start:.2f} s")
    systems = [crystal, crystal.repeat((2, 2, 2))]
    if options.large:
        systems.append(load(options.large))
    for atoms in systems:
        for cutoff_A in (BOND_A, RDF_A):
            compare(atoms, cutoff_A, options.repeats)
    print("\nPerception: bonds, linkers, their faults, network")
    for atoms in systems:
        bonds = best_ms(lambda atoms=atoms: find_bonds(atoms), options.repeats)  # type: ignore[misc]
        whole = best_ms(lambda atoms=atoms: perceive(atoms), options.repeats)  # type: ignore[misc]
        print(f"  {len(atoms):6d} atoms: perceive {whole:8.2f} ms, of which bonds {bonds:8.2f} ms")
        if len(atoms) == 2176:
            print(f"          that is {whole / TARGET_MS:.3f} of the {TARGET_MS:g} ms allowed")


if __name__ == "__main__":
    main()
