"""A POD potential with bonded terms of the linkers: in files, in LAMMPS, in the engine."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from ase import Atoms

from mofglass.errors import InputError
from mofglass.potentials import get_potential
from mofglass.potentials.calculator import LammpsCalculator, load_into
from mofglass.potentials.lammps_library import start_lammps
from mofglass.potentials.linker_terms import BLOCKS, N_COEFFICIENTS, LinkerTerms, symmetrised
from mofglass.potentials.pod import POD, PODModel, read_model
from mofglass.potentials.pod_files import PODCoefficients, PODParameters
from mofglass.potentials.repulsion import Repulsion

PARAMETERS = PODParameters(
    species=("H", "C", "N", "Zn"),
    rcut=3.5,
    bessel_polynomial_degree=2,
    inverse_polynomial_degree=2,
    twobody_number_radial_basis_functions=3,
    threebody_number_radial_basis_functions=1,
    threebody_angular_degree=1,
    fourbody_number_radial_basis_functions=0,
    fourbody_angular_degree=0,
)


def springs() -> LinkerTerms:
    """Springs of about the right strength."""
    values = np.zeros(N_COEFFICIENTS)
    strength = {"bonds": 15.0, "angles": 2.0, "dihedrals": 0.2, "impropers": 1.0}
    for block in BLOCKS:
        if block.contribution == "K":
            # Of dihedrals 1 - cos 2 phi, which holds a ring flat.
            values[block.first + (block.kind == "dihedrals")] = strength[block.kind]
        else:
            values[block.first : block.first + block.size] = 0.05
    return LinkerTerms.from_free(symmetrised(values))


def model(**changes: object) -> PODModel:
    n = 4 * (1 + PARAMETERS.n_descriptors_through_fourbody)
    coefficients = 0.002 * np.random.default_rng(5).normal(size=n)
    made = PODModel(
        parameters=PARAMETERS,
        coefficients=PODCoefficients.linear(coefficients),
        linker_terms=springs(),
        repulsion=Repulsion(inner_A=0.6, outer_A=1.0),
        description="a test",
    )
    return replace(made, **changes)


def written(made: PODModel, directory: Path) -> Path:
    directory.mkdir(exist_ok=True)
    for name, text in made.files().items():
        (directory / name).write_text(text)
    return directory


@pytest.fixture
def linker() -> Atoms:
    """A distorted imidazolate on a zinc atom, across the faces of an oblique cell."""
    ring = [(0.0, 0.0, 0.0), (0.73, 1.13, 0.05), (2.07, 0.93, -0.06), (2.27, -0.44, 0.04), (0.94, -1.02, 0.0)]
    hydrogens = [(0.16, 2.06, 0.1), (3.2, -1.0, -0.12), (0.63, -2.05, 0.15)]
    atoms = Atoms("NCNCCHHHZn", [*ring, *hydrogens, (-1.9, 0.2, 0.3)], cell=[[8, 0, 0], [1, 8, 0], [2, 1, 8]])
    atoms.pbc = True
    atoms.wrap()
    return atoms


def test_a_written_model_is_read_back(tmp_path: Path, linker: Atoms) -> None:
    directory = written(model(), tmp_path / "model")
    again = read_model(directory)
    np.testing.assert_array_equal(again.linker_terms.values, springs().values)
    assert again.files() == model().files()
    assert yaml.safe_load((directory / "model.yaml").read_text())["linker_terms"] == "linker_terms.yaml"
    assert (
        get_potential(f"pod:{directory}").sha256 != POD.from_model(model(linker_terms=None), tmp_path).sha256
    )
    (directory / "linker_terms.yaml").unlink()
    with pytest.raises(InputError, match=r"linker_terms\.yaml cannot be read"):
        read_model(directory)


def test_energies_add_up_and_derivatives_agree(tmp_path: Path, linker: Atoms) -> None:
    calculator = LammpsCalculator(POD.from_model(model(), tmp_path))
    alone = LammpsCalculator(POD.from_model(model(linker_terms=None), tmp_path))
    silent = model(coefficients=PODCoefficients.linear(0.0 * model().coefficients.coefficients))
    bonded = LammpsCalculator(POD.from_model(replace(silent, repulsion=None), tmp_path))
    energies = []
    for one in (calculator, alone, bonded):
        linker.calc = one
        energies.append(linker.get_potential_energy())
    # Bonded neighbours are neighbours of the many-body potential, too: nothing is excluded.
    assert energies[0] == pytest.approx(energies[1] + energies[2], abs=1e-10)
    assert abs(energies[1]) > 1e-3
    linker.calc = calculator
    forces, stress = linker.get_forces(), linker.get_stress()
    for atom, axis in ((1, 0), (5, 2), (8, 1)):
        slopes = []
        for sign in (1, -1):
            moved = linker.copy()
            moved.positions[atom, axis] += sign * 1e-4
            moved.calc = calculator
            slopes.append(moved.get_potential_energy())
        assert forces[atom, axis] == pytest.approx(-(slopes[0] - slopes[1]) / 2e-4, abs=1e-5)
    for component, strain in (
        (2, np.diag([0, 0, 1e-4])),
        (3, np.array([[0, 0, 0], [0, 0, 1], [0, 1, 0]]) * 5e-5),
    ):
        slopes = []
        for sign in (1, -1):
            strained = linker.copy()
            strained.set_cell(linker.cell.array @ (np.eye(3) + sign * strain), scale_atoms=True)
            strained.calc = calculator
            slopes.append(strained.get_potential_energy())
        slope = (slopes[0] - slopes[1]) / 2e-4 / linker.get_volume()
        assert stress[component] == pytest.approx(slope, abs=1e-7)


def test_twice_the_cell_has_twice_the_energy(tmp_path: Path, linker: Atoms) -> None:
    calculator = LammpsCalculator(POD.from_model(model(), tmp_path))
    linker.calc = calculator
    double = linker.repeat((2, 1, 1))[np.random.default_rng(1).permutation(18)]
    double.calc = calculator
    assert double.get_potential_energy() == pytest.approx(2 * linker.get_potential_energy(), abs=1e-9)


def test_a_restart_holds_the_terms(tmp_path: Path, linker: Atoms) -> None:
    made = POD.from_model(model(), tmp_path).lammps(linker)
    lammps = start_lammps()
    with contextlib.chdir(tmp_path):
        for name, text in made.files.items():
            Path(name).write_text(text)
        load_into(lammps, made)
        lammps.command("run 0 post no")
        before = lammps.get_thermo("pe")
        for command in ("write_restart r", "clear", "read_restart r", *made.after_data, "run 0 post no"):
            lammps.command(command)
        after = lammps.get_thermo("pe")
    lammps.close()
    assert after == pytest.approx(before, abs=1e-10)


def test_a_linker_it_does_not_hold_is_refused(tmp_path: Path, linker: Atoms) -> None:
    del linker[5]
    with pytest.raises(InputError, match=r"lost hydrogen: C 1 "):
        POD.from_model(model(), tmp_path).lammps(linker)
    POD.from_model(model(linker_terms=None), tmp_path).lammps(linker)


@pytest.mark.parametrize("processes", [1, 2])
def test_the_engine_runs_it(tmp_path: Path, linker: Atoms, processes: int) -> None:
    import pandas as pd

    from mofglass.simulate import Dynamics, RunSettings, create_run, execute

    run = create_run(
        tmp_path / "run",
        linker.repeat((2, 1, 1)),
        f"pod:{written(model(), tmp_path / 'model')}",
        (
            Dynamics(name="nve", duration_ps=0.02, temperature_K=300.0, time_step_fs=0.2, ensemble="nve"),
            Dynamics(
                name="npt",
                duration_ps=0.01,
                temperature_K=300.0,
                time_step_fs=0.2,
                ensemble="npt",
                cell="tri",
                pressure_bar=1.0,
            ),
        ),
        settings=RunSettings(seed=1, frame_interval_ps=0.01, thermo_interval_ps=0.002),
    )
    execute(run, threads=1, processes=processes, progress=False)
    assert run.state == "done"
    table = pd.read_csv(tmp_path / "run" / "thermo.csv", comment="#")
    moving = table[table["time_ps"] <= 0.02 + 1e-9]
    kinetic, total = moving["kinetic_energy_eV"], moving["total_energy_eV"]
    assert np.ptp(total) < 0.02 * np.ptp(kinetic)
