"""Elastic constants at rest: copper against matscipy and the literature, argon against lattice sums."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.units import GPa
from matscipy.elasticity import fit_elastic_constants

from mofglass.analysis.elastic_tensor import ElasticTensor
from mofglass.errors import InputError, SimulationError
from mofglass.potentials import ASEPotential
from mofglass.potentials.lennard_jones import EPSILON_EV, SIGMA_A
from mofglass.simulate import RunSettings
from mofglass.simulate.run import STRESS_COLUMNS
from mofglass.studies import static_compression, stress_strain
from mofglass.studies.finite_strain import execute_plan
from mofglass.studies.same_structure import START
from mofglass.studies.static_points import Relaxation, relaxed_cell
from mofglass.units import GPA_PER_EV_PER_A3

COPPER = ASEPotential(EMT, name="emt", elements={"Cu"})


def static_compression_of(atoms: Atoms, potential: str, **options) -> None:
    static_compression.execute_plan(atoms, static_compression.plan(), potential, **options)


@pytest.fixture
def copper():
    # ASE's EMT has its minimum at 3.590 Å.
    return relaxed_cell(bulk("Cu", cubic=True, a=3.6), EMT(), Relaxation(stress_tolerance_GPa=1e-4))


def test_copper_as_matscipy_and_the_literature_have_it(copper) -> None:
    result = stress_strain.static(copper, COPPER, strain=0.001)
    copper.calc = EMT()
    theirs, _ = fit_elastic_constants(copper, symmetry="triclinic", delta=0.001, verbose=False)
    # matscipy fits the gradient of stress by the gradient of deformation: at zero stress the same.
    assert result.stiffness_GPa == pytest.approx(theirs / GPa, abs=0.3)
    c = result.stiffness_GPa
    assert c[0, 0] == pytest.approx(c[1, 1], rel=1e-6)
    # Jacobsen, Stoltze and Nørskov (1996) fitted EMT to copper's bulk modulus, measured 137-142 GPa.
    assert result.values["bulk_modulus_GPa"] == pytest.approx(137, rel=0.05)
    assert result.summary()["mechanically_stable"]
    assert not result.notes
    assert np.nanmax(result.stiffness_error_GPa) < 0.1


def test_ions_that_relax_soften_the_crystal(copper) -> None:
    # A second atom type breaks the symmetry that keeps every ion at rest under strain.
    cell = copper.copy()
    cell.symbols[0] = "Au"
    gold = ASEPotential(EMT, name="emt", elements={"Cu", "Au"})
    hexagonal = cell * (2, 1, 1)
    hexagonal.symbols[5] = "Au"
    relaxed = stress_strain.static(hexagonal, gold, relax_cell=True)
    clamped = stress_strain.static(hexagonal, gold, relax_cell=True, relaxation=Relaxation(ions=False))
    assert relaxed.details["ions"] == "relaxed"
    assert np.linalg.eigvalsh(clamped.stiffness_GPa - relaxed.stiffness_GPa).min() > -0.5
    assert relaxed.details["clamped_bulk_modulus_GPa"] >= relaxed.values["bulk_modulus_GPa"] - 0.1


def argon(edge_A: float, repeat: int = 1):
    return bulk("Ar", cubic=True, a=edge_A).repeat(repeat)


def lattice_sums(edge_A: float) -> tuple[float, float, float]:
    """C11, C12, C44 (GPa) of a fcc crystal of the same argon, from the derivatives of its pair potential."""
    reach = int(np.ceil(2.5 * SIGMA_A / edge_A)) + 1
    grid = np.arange(-2 * reach, 2 * reach + 1)
    n = np.array(np.meshgrid(grid, grid, grid)).reshape(3, -1).T
    r = n[n.sum(axis=1) % 2 == 0] * edge_A / 2
    d = np.linalg.norm(r, axis=1)
    near = (d > 0) & (d < 2.5 * SIGMA_A)
    r, d = r[near], d[near]
    x6 = (SIGMA_A / d) ** 6
    first = 4 * EPSILON_EV * (-12 * x6**2 + 6 * x6) / d
    second = 4 * EPSILON_EV * (156 * x6**2 - 42 * x6) / d**2
    volume = edge_A**3 / 4
    # Born's coefficients at zero pressure, where the terms with the first derivative cancel in the sum.
    both = (second / d**2 - first / d**3)[:, None]
    fourth = (both * r**4).sum(axis=0)[0] / (2 * volume)
    mixed = (both[:, 0] * r[:, 0] ** 2 * r[:, 1] ** 2).sum() / (2 * volume)
    return fourth * GPA_PER_EV_PER_A3, mixed * GPA_PER_EV_PER_A3, mixed * GPA_PER_EV_PER_A3


def test_argon_obeys_lattice_sums_and_cauchy(tmp_path: Path) -> None:
    cell = stress_strain.relaxed_cell(
        argon(5.3, 4), stress_strain.make_calculator(stress_strain.get_potential("lj")), Relaxation()
    )
    edge = float(cell.cell.cellpar()[0] / 4)
    result = stress_strain.static(cell, "lj", strain=0.001, directory=tmp_path)
    c11, c12, c44 = lattice_sums(edge)
    # Shifted, not smoothed, at the cut-off: shells that cross it under strain are the tolerance.
    assert result.stiffness_GPa[0, 0] == pytest.approx(c11, rel=0.03)
    assert result.stiffness_GPa[0, 1] == pytest.approx(c12, rel=0.03)
    assert result.stiffness_GPa[3, 3] == pytest.approx(c44, rel=0.03)
    # All points are on disk, beside the start: a potential that cannot compute anything gives the same.
    assert len(list(tmp_path.glob("*.extxyz"))) == 14
    broken = ASEPotential(EMT, name="lj")
    again = stress_strain.static(cell, broken, strain=0.001, directory=tmp_path)
    assert again.stiffness_GPa == pytest.approx(result.stiffness_GPa, abs=1e-4)
    with pytest.raises(InputError, match="another study"):
        stress_strain.static(cell, "lj", strain=0.002, directory=tmp_path)
    with pytest.raises(InputError, match="another study"):
        stress_strain.static(cell, COPPER, strain=0.001, directory=tmp_path)


def test_a_reference_under_pressure_is_told() -> None:
    result = stress_strain.static(bulk("Cu", cubic=True, a=3.5), COPPER, strain=0.001)
    assert any("under a stress" in note for note in result.notes)


def test_bad_input_is_refused(copper) -> None:
    with pytest.raises(InputError, match="not small"):
        stress_strain.static(copper, COPPER, strain=0.5)
    with pytest.raises(InputError, match="tolerances"):
        Relaxation(force_tolerance_eV_per_A=0)
    shaken = (copper * (2, 1, 1)).copy()
    shaken.rattle(0.3, seed=1)
    with pytest.raises(SimulationError, match="not relaxed after 1 steps"):
        stress_strain.static(shaken, COPPER, relaxation=Relaxation(max_steps=1))


def test_twelve_cells_are_planned_each_with_its_own_strain_and_seed(tmp_path: Path) -> None:
    atoms = argon(5.3, 2)
    planned = stress_strain.plan(atoms, stress_strain.StressStrain(strain=0.01), tmp_path)
    assert len(planned) == len({item.directory for item in planned}) == 12
    assert len({item.settings.seed for item in planned}) == 12
    total = sum(np.linalg.solve(atoms.cell.array, item.atoms.cell.array) - np.eye(3) for item in planned)
    assert total == pytest.approx(np.zeros((3, 3)), abs=1e-12)
    assert planned[6].directory.name == "yz-plus"
    sheared = np.linalg.solve(atoms.cell.array, planned[6].atoms.cell.array)
    assert sheared[1, 2] == sheared[2, 1] == pytest.approx(0.005)


def test_stress_is_in_the_axes_of_the_structure(tmp_path: Path) -> None:
    # LAMMPS turns a cell sheared symmetrically into its own axes; the stress has to be turned back.
    method = stress_strain.StressStrain(
        temperature_K=1.0, strain=0.02, equilibrate_ps=0.5, sample_ps=1.5, time_step_fs=5.0
    )
    planned = stress_strain.plan(argon(5.26, 3), method, tmp_path)
    sheared = planned[6]
    assert sheared.directory.name == "yz-plus"
    (run,) = execute_plan([sheared], "lj", threads=1, progress=False)
    stresses = stress_strain.sampled_stresses_GPa(run)
    assert len(stresses) == 30
    calculator = stress_strain.make_calculator(stress_strain.get_potential("lj"))
    at_rest = stress_strain.static_point(
        argon(5.26, 3), stress_strain.deformation(3, 0.02), calculator, Relaxation(ions=False)
    )
    assert abs(at_rest.stress_GPa[3]) > 0.03
    assert stresses.mean(axis=0) == pytest.approx(at_rest.stress_GPa, abs=0.008)
    with pytest.raises(InputError, match="needs all 12 runs"):
        stress_strain.analyse([run], strain=0.02)
    thermo = run.path / "thermo.csv"
    pd.read_csv(thermo).drop(columns=list(STRESS_COLUMNS)).to_csv(thermo, index=False)
    with pytest.raises(InputError, match="has no stress"):
        stress_strain.sampled_stresses_GPa(run)


@pytest.mark.parametrize("at_rest", [stress_strain.static, static_compression_of])
def test_points_of_another_structure_in_the_same_cell_are_refused(tmp_path: Path, at_rest) -> None:
    # Glasses of one crystal share its atoms and its cell.
    glasses = [argon(5.3, 4) for _ in range(2)]
    for seed, glass in enumerate(glasses):
        glass.rattle(0.1, seed=seed)
    clamped = {"relaxation": Relaxation(ions=False), "directory": tmp_path / "points"}
    at_rest(glasses[0], "lj", **clamped)
    with pytest.raises(InputError, match="points of another structure"):
        at_rest(glasses[1], "lj", **clamped)
    # Written with other images of the same atoms it is the same structure.
    glasses[0].positions[5] += glasses[0].cell[0]
    at_rest(glasses[0], "lj", **clamped)
    (tmp_path / "points" / START).unlink()
    with pytest.raises(InputError, match="do not say of which structure"):
        at_rest(glasses[0], "lj", **clamped)


def test_both_studies_at_rest_share_a_directory(tmp_path: Path) -> None:
    # They relax the same cell first; what else they keep has names of its own.
    together = {"relax_cell": True, "relaxation": Relaxation(ions=False), "directory": tmp_path}
    static_compression_of(argon(5.3, 4), "lj", **together)
    relaxed = (tmp_path / "cell.extxyz").stat().st_mtime_ns
    assert stress_strain.static(argon(5.3, 4), "lj", **together).summary()["mechanically_stable"]
    assert (tmp_path / "cell.extxyz").stat().st_mtime_ns == relaxed


def test_errors_know_that_the_stresses_of_a_run_move_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where xx, yy and zz fluctuate as one, so does the pressure: its error is not that of their mean."""
    random, strain, n_rows, noise_GPa = np.random.default_rng(1), 0.01, 4096, 0.1
    stiffness = np.diag([3.0, 3.0, 3.0, 1.0, 1.0, 1.0])
    stiffness[:3, :3] += 1.0

    def stresses(run: SimpleNamespace) -> np.ndarray:
        noise = np.zeros((n_rows, 6))
        noise[:, :3] = noise_GPa * random.normal(size=(n_rows, 1))
        noise[:, 3:] = noise_GPa * random.normal(size=(n_rows, 3))
        return stiffness[run.component] * run.sign * strain + noise

    runs = [
        SimpleNamespace(
            state="done", path=name, component=component, sign=sign, info={"potential": {"name": ""}}
        )
        for component in range(6)
        for name, sign in (("plus", 1), ("minus", -1))
    ]
    monkeypatch.setattr(stress_strain, "sampled_stresses_GPa", stresses)
    monkeypatch.setattr(stress_strain, "run_advice", lambda _: SimpleNamespace(temperature_K=300.0))
    result = stress_strain.analyse(runs, strain=strain)
    # K of Voigt is a ninth of nine constants. Each has this error, the three of one strain as one.
    each = noise_GPa / n_rows**0.5 * 2**0.5 / (2 * strain)
    assert result.errors["bulk_modulus_voigt_GPa"] == pytest.approx(each / 3**0.5, rel=0.15)
    assert result.stiffness_error_GPa[0, 0] == pytest.approx(each, rel=0.1)


@pytest.mark.slow
@pytest.mark.physical_validation
def test_argon_at_low_temperature_is_as_stiff_as_at_rest(tmp_path: Path) -> None:
    # At 2 K thermal softening is some percent; both routes share the volume.
    edge = 5.26
    at_rest = stress_strain.static(argon(edge, 4), "lj", strain=0.005)
    method = stress_strain.StressStrain(
        temperature_K=2.0, strain=0.005, equilibrate_ps=5.0, sample_ps=20.0, time_step_fs=5.0
    )
    planned = stress_strain.plan(
        argon(edge, 4), method, tmp_path, settings=RunSettings(frame_interval_ps=5.0, seed=3)
    )
    runs = execute_plan(planned, "lj", at_once=1, threads=1, progress=False)
    result = stress_strain.analyse(runs, strain=0.005)
    for name in ("bulk_modulus_GPa", "shear_modulus_GPa"):
        assert result.values[name] == pytest.approx(at_rest.values[name], rel=0.05)
    assert isinstance(result.tensor, ElasticTensor)
