"""POD from LAMMPS' own files."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from ase import Atoms
from ase.build import bulk
from ase.calculators.fd import calculate_numerical_forces
from ase.neighborlist import neighbor_list

from mofglass.errors import InputError
from mofglass.potentials import get_potential
from mofglass.potentials.calculator import make_calculator
from mofglass.potentials.linker_topology import linker_places
from mofglass.potentials.pod import POD, PODModel, read_model
from mofglass.potentials.pod_files import (
    PODCoefficients,
    PODParameters,
    read_coefficients,
    read_parameters,
)
from mofglass.potentials.prior import Prior, PriorAlone
from mofglass.potentials.repulsion import Repulsion, Walls
from mofglass.structures import load
from mofglass.training.predictions import compute

# Coulomb's constant, eV Å, and the screening of Ziegler, Biersack and Littmark.
COULOMB_EV_A = 14.399645
SCREENING = ((0.18175, 3.19980), (0.50986, 0.94229), (0.28022, 0.40290), (0.02817, 0.20162))

PARAMETERS = PODParameters(
    species=("Zn", "Cu", "Au"),
    rcut=4.0,
    bessel_polynomial_degree=2,
    inverse_polynomial_degree=3,
    twobody_number_radial_basis_functions=3,
    threebody_number_radial_basis_functions=2,
    threebody_angular_degree=2,
    fourbody_number_radial_basis_functions=1,
    fourbody_angular_degree=1,
)


def model(**changes: object) -> PODModel:
    n = 3 * (1 + PARAMETERS.n_descriptors_through_fourbody)
    coefficients = np.random.default_rng(5).normal(size=n)
    return replace(
        PODModel(
            parameters=PARAMETERS, coefficients=PODCoefficients.linear(coefficients), description="a test"
        ),
        **changes,
    )


def written(made: PODModel, directory: Path) -> Path:
    directory.mkdir(exist_ok=True)
    for name, text in made.files().items():
        (directory / name).write_text(text)
    return directory


@pytest.fixture
def alloy() -> Atoms:
    """Cu and Au, no Zn: fewer elements than the model, and in another order."""
    atoms = bulk("Cu", "fcc", a=3.9, cubic=True).repeat(2)
    atoms.symbols[::3] = "Au"
    atoms.rattle(0.1, seed=2)
    return atoms


def test_a_written_model_is_read_back(tmp_path: Path) -> None:
    made = model(
        repulsion=Repulsion(inner_A=0.5, outer_A=1.0, pairs={"Cu-Au": (0.6, 1.2)}),
        walls=Walls(pairs={"Au-Au": (2.5, 3.0)}),
        fine_above_K=900.0,
    )
    again = read_model(written(made, tmp_path))
    assert again.parameters == made.parameters
    np.testing.assert_array_equal(again.coefficients.coefficients, made.coefficients.coefficients)
    assert (again.repulsion, again.walls) == (made.repulsion, made.walls)
    assert (again.description, again.fine_above_K) == ("a test", 900.0)
    assert read_model(tmp_path / "model.yaml").parameters == made.parameters


def test_types_are_those_of_the_parameter_file(tmp_path: Path, alloy: Atoms) -> None:
    """LAMMPS goes by position and not by name: one-body energies show whose coefficients it takes."""
    made = model()
    potential = get_potential(f"pod:{written(made, tmp_path)}")
    commands = potential.lammps(alloy).after_data
    assert commands[1].endswith("Zn Cu Au")
    calculator = make_calculator(potential)
    one_body = made.coefficients.coefficients[:: 1 + PARAMETERS.n_descriptors_through_fourbody]
    only_one_body = np.zeros_like(made.coefficients.coefficients)
    only_one_body[:: 1 + PARAMETERS.n_descriptors_through_fourbody] = one_body
    alone = replace(made, coefficients=PODCoefficients.linear(only_one_body))
    alloy.calc = make_calculator(POD.from_model(alone, tmp_path))
    n_gold = (alloy.symbols == "Au").sum()
    expected = n_gold * one_body[2] + (len(alloy) - n_gold) * one_body[1]
    assert alloy.get_potential_energy() == pytest.approx(expected, rel=1e-12)
    alloy.calc = calculator
    assert abs(alloy.get_potential_energy() - expected) > 1.0


def test_forces_and_stress_are_derivatives(tmp_path: Path, alloy: Atoms) -> None:
    from ase.calculators.fd import calculate_numerical_forces, calculate_numerical_stress

    radii = Repulsion(inner_A=2.0, outer_A=3.0, pairs={"Au-Au": (2.1, 3.2)})
    alloy.calc = make_calculator(POD.from_model(model(repulsion=radii), tmp_path))
    numerical = calculate_numerical_forces(alloy, eps=1e-4, iatoms=[0, 5])
    np.testing.assert_allclose(alloy.get_forces()[[0, 5]], numerical, rtol=1e-5, atol=1e-5)
    stress = alloy.get_stress()
    np.testing.assert_allclose(calculate_numerical_stress(alloy, eps=1e-5), stress, rtol=1e-4, atol=1e-6)


def zbl_eV(r_A: float, first: int, second: int) -> float:
    a = 0.46850 / (first**0.23 + second**0.23)
    return COULOMB_EV_A * first * second / r_A * sum(c * np.exp(-d * r_A / a) for c, d in SCREENING)


@pytest.mark.parametrize("pairs", [{}, {"Zn-Zn": (0.3, 0.6)}], ids=["one radius", "several"])
def test_repulsion_is_the_published_one(pairs: dict[str, tuple[float, float]]) -> None:
    dimer = Atoms("CuAu", [[0, 0, 0], [0.8, 0, 0]], cell=[20, 20, 20], pbc=True)
    repulsion = Repulsion(inner_A=1.5, outer_A=2.0, pairs=pairs)
    dimer.calc = make_calculator(PriorAlone(Prior(repulsion=repulsion), ("Zn", "Cu", "Au")))
    energies = []
    for r_A in (0.8, 1.2):
        dimer.positions[1, 0] = r_A
        energies.append(dimer.get_potential_energy())
    # LAMMPS takes a constant off within the inner radius, so that the switched curve ends at zero.
    assert energies[0] - energies[1] == pytest.approx(zbl_eV(0.8, 29, 79) - zbl_eV(1.2, 29, 79), rel=1e-4)
    dimer.positions[1, 0] = 2.0001
    assert dimer.get_potential_energy() == 0.0
    dimer.positions[1, 0] = 1.9
    assert dimer.get_potential_energy() > 0.0


def test_laid_over_energies_add_up(tmp_path: Path, alloy: Atoms) -> None:
    repulsion = Repulsion(inner_A=2.0, outer_A=3.0)
    parts = []
    for potential in (
        POD.from_model(model(repulsion=repulsion), tmp_path),
        POD.from_model(model(), tmp_path),
        PriorAlone(Prior(repulsion=repulsion), PARAMETERS.species),
    ):
        alloy.calc = make_calculator(potential)
        parts.append((alloy.get_potential_energy(), alloy.get_forces()))
    assert parts[0][0] == pytest.approx(parts[1][0] + parts[2][0], rel=1e-12)
    assert parts[2][0] > 1.0
    np.testing.assert_allclose(parts[0][1], parts[1][1] + parts[2][1], atol=1e-9)


@pytest.mark.parametrize("repulsion", [None, Repulsion(inner_A=0.5, outer_A=1.0)], ids=["alone", "with ZBL"])
def test_a_wall_is_harmonic_and_between_its_pair_only(
    tmp_path: Path, alloy: Atoms, repulsion: Repulsion | None
) -> None:
    parts = []
    for walls in (Walls(pairs={"Au-Cu": (2.9, 5.0)}), None):
        alloy.calc = make_calculator(POD.from_model(model(repulsion=repulsion, walls=walls), tmp_path))
        parts.append((alloy.get_potential_energy(), alloy.get_forces()))
    first, second, distance, apart = neighbor_list("ijdD", alloy, 2.9)
    unlike = alloy.numbers[first] != alloy.numbers[second]
    assert unlike.any()
    assert not unlike.all()
    depth = (2.9 - distance) * unlike
    assert parts[0][0] - parts[1][0] == pytest.approx(5.0 * np.sum(depth**2) / 2, rel=1e-9)
    forces = np.zeros_like(alloy.positions)
    np.add.at(forces, first, -2 * 5.0 * (depth / distance)[:, None] * apart)
    np.testing.assert_allclose(parts[0][1] - parts[1][1], forces, atol=1e-9)


def test_the_walls_of_zif4_stand_where_they_should(tmp_path: Path) -> None:
    """Beside its four groups of ZBL radii, each where its pair is 0.2 Å too near; the crystal feels none."""
    shipped = get_potential("zif4").model
    crystal = load("ZIF-4")
    # Linkers moved along the line between their nearest atoms of a pair; a zinc atom on its own.
    moved_with = np.where(crystal.numbers == 30, -1 - np.arange(len(crystal)), 0)
    places = linker_places(crystal)
    moved_with[places] = 1 + np.arange(len(places))[:, None]
    structures = {"": crystal}
    for pair, (onset_A, _) in shipped.walls.pairs.items():
        first, second, distance, way = neighbor_list("ijdD", crystal, {tuple(pair.split("-")): 7.0})
        apart = moved_with[first] != moved_with[second]
        nearest = np.flatnonzero(apart)[np.argmin(distance[apart])]
        structures[pair] = crystal.copy()
        structures[pair].positions[moved_with == moved_with[first[nearest]]] += way[nearest] * (
            1 - (onset_A - 0.2) / distance[nearest]
        )
    assert {"Zn-Zn", "H-H", "H-N", "H-Zn"} <= set(structures)
    for near, atoms in structures.items():
        energies = []
        for walls in (shipped.walls, None):
            atoms.calc = make_calculator(POD.from_model(replace(shipped, walls=walls), tmp_path))
            energies.append(atoms.get_potential_energy())
        terms = {}
        for pair, (onset_A, stiffness) in shipped.walls.pairs.items():
            distances = neighbor_list("d", atoms, {tuple(pair.split("-")): onset_A})
            terms[pair] = stiffness * np.sum((onset_A - distances) ** 2) / 2
        assert energies[0] - energies[1] == pytest.approx(sum(terms.values()), abs=1e-6)
        if near:
            assert terms[near] >= shipped.walls.pairs[near][1] * 0.2**2 * 0.999
        else:
            assert sum(terms.values()) == 0


def test_a_hydrogen_is_kept_out_of_line_with_its_ring(tmp_path: Path) -> None:
    """Nothing is felt up to the onset, the wall alone beyond it, and forces are its derivative."""
    shipped = get_potential("zif4").model
    onset_deg, stiffness = shipped.walls.bends
    crystal = load("ZIF-4")
    ring, hydrogen = linker_places(crystal)[0, :5], linker_places(crystal)[0, 6]
    carbon, other = ring[3], ring[4]
    arm, side = (crystal.get_distance(carbon, at, mic=True, vector=True) for at in (hydrogen, other))
    axis = np.cross(side, arm) / np.linalg.norm(np.cross(side, arm))
    with_wall, without = (
        make_calculator(POD.from_model(replace(shipped, walls=walls), tmp_path / name))
        for name, walls in (("with", Walls(bends=shipped.walls.bends)), ("without", None))
    )
    for bend_deg in (0.0, 30.0, 38.0, 46.0):
        bent = crystal.copy()
        turn = np.radians(bend_deg)
        arm_bent = arm * np.cos(turn) + np.cross(axis, arm) * np.sin(turn)
        bent.positions[hydrogen] = crystal.positions[carbon] + arm_bent
        angle_deg = bent.get_angle(other, carbon, hydrogen, mic=True)
        expected = stiffness * np.radians(max(0.0, angle_deg - onset_deg)) ** 2
        one, two = compute(with_wall, bent), compute(without, bent)
        assert one.energy_eV - two.energy_eV == pytest.approx(expected, abs=1e-6)
        assert (np.abs(one.forces_eV_per_A - two.forces_eV_per_A).max() > 1) == (expected > 0)
    assert expected > 2
    bent.calc = with_wall
    numerical = calculate_numerical_forces(bent, 1e-4, [hydrogen])
    assert one.forces_eV_per_A[hydrogen] == pytest.approx(numerical[0], abs=1e-3)


@pytest.mark.parametrize(
    "walls",
    [
        {"pairs": {"Cu-Xx": [2.0, 3.0]}},
        {"pairs": {"Cu-Au": [2.0]}},
        {"pairs": {"Cu-Au": [2.0, -1.0]}},
        {"pairs": {"Cu-Au": 2.0}},
        {"pairs": {"Cu-Au": [2.0, float("nan")]}},
        {"pairs": {"Cu-Au": [2.0, 3.0], "Au-Cu": [2.0, 4.0]}},
        {"pairs": {}},
        {},
        {"bends": [162.0, 80.0]},
        {"Cu-Au": [2.0, 3.0]},
        {"pairs": {"Cu-Au": [2.0, 3.0]}, "bends": [162.0, 80.0]},
        {"pairs": {"Cu-Au": [2.0, 3.0]}, "bends": [162.0]},
        {"pairs": {"Cu-Au": [2.0, 3.0]}, "bends": [181.0, 80.0]},
        {"pairs": {"Cu-Au": [2.0, 3.0]}, "bends": [162.0, 0.0]},
        {"pairs": {"Cu-Au": [2.0, 3.0]}, "bends": "wide"},
    ],
)
def test_walls_without_sense(tmp_path: Path, walls: dict[str, object]) -> None:
    content = yaml.safe_load((written(model(), tmp_path) / "model.yaml").read_text())
    (tmp_path / "model.yaml").write_text(yaml.safe_dump({**content, "walls": walls}))
    with pytest.raises(InputError, match="walls"):
        read_model(tmp_path)


def test_a_wall_of_an_element_that_the_model_lacks(tmp_path: Path, alloy: Atoms) -> None:
    with pytest.raises(InputError, match="Na-Cl names Na"):
        POD.from_model(model(walls=Walls(pairs={"Na-Cl": (2.0, 3.0)})), tmp_path)


def test_the_hash_is_of_what_decides_forces(tmp_path: Path) -> None:
    first = get_potential(f"pod:{written(model(), tmp_path / 'a')}").describe()
    renamed = get_potential(f"pod:{written(model(description='other'), tmp_path / 'b')}").describe()
    walled = written(model(repulsion=Repulsion(inner_A=0.5, outer_A=1.0)), tmp_path / "c")
    assert first["sha256"] == renamed["sha256"]
    assert first["sha256"] != get_potential(f"pod:{walled}").describe()["sha256"]
    assert first["fitted_to"] == "a test"


def test_an_absent_element_names_its_atom(tmp_path: Path, alloy: Atoms) -> None:
    alloy.symbols[3] = "Ag"
    with pytest.raises(
        InputError, match=r"atom 3, counted from 0, is Ag, and the POD potential .* knows Au, Cu, Zn"
    ):
        POD.from_model(model(), tmp_path).lammps(alloy)


def test_two_mpi_processes_give_the_same(tmp_path: Path, alloy: Atoms) -> None:
    big = alloy.repeat((3, 1, 1))
    lammps_model = POD.from_model(model(repulsion=Repulsion(inner_A=2.0, outer_A=3.0)), tmp_path).lammps(big)
    for name, text in {**lammps_model.files, "system.data": lammps_model.data}.items():
        (tmp_path / name).write_text(text)
    lines = [
        "units metal",
        "atom_style atomic",
        "read_data system.data",
        *lammps_model.after_data,
        "thermo_style custom step pe pxx pyy",
        "thermo_modify format float %.12g",
        "run 0",
    ]
    (tmp_path / "in.lmp").write_text("\n".join(lines) + "\n")
    rows = []
    for n in (1, 2):
        program = (
            "from mofglass.potentials.lammps_library import start_lammps\n"
            f"lammps = start_lammps(log='log.{n}')\n"
            "lammps.file('in.lmp')\n"
        )
        command = [str(Path(sys.prefix) / "bin" / "mpiexec"), "-n", str(n), sys.executable, "-c", program]
        subprocess.run(command, check=True, cwd=tmp_path, timeout=300)
        text = (tmp_path / f"log.{n}").read_text()
        row = text.split("Step", 1)[1].splitlines()[1]
        rows.append([float(word) for word in row.split()])
    np.testing.assert_allclose(rows[0], rows[1], rtol=1e-9)


@pytest.mark.parametrize("processes", [1, 2])
def test_the_engine_runs_it(tmp_path: Path, alloy: Atoms, processes: int) -> None:
    import pandas as pd

    from mofglass.simulate import Dynamics, RunSettings, create_run, execute

    weak = PODCoefficients.linear(0.01 * model().coefficients.coefficients)
    repelling = model(coefficients=weak, repulsion=Repulsion(inner_A=1.8, outer_A=2.6))
    run = create_run(
        tmp_path / "run",
        alloy.repeat((2, 1, 1)),
        f"pod:{written(repelling, tmp_path / 'model')}",
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
    assert np.ptp(total) < 0.01 * np.ptp(kinetic)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rcut 5\n", "names no species"),
        ("species H\nrcutt 5\n", "line 2: 'rcutt 5' is no parameter"),
        ("species H\nrcut five\n", "line 2: 'five' is not a number for rcut"),
        ("species H\nonebody 0\n", "LAMMPS' descriptors need 'onebody 1'"),
        ("species H Xx\n", "species must be chemical symbols"),
        ("species H H\n", "name an element twice"),
        ("species H\nrin 6\n", "rin (6 Å) must be below rcut (5 Å)"),
        ("species H\nthreebody_angular_degree 13\n", "at most 12"),
        ("species H\nfourbody_angular_degree 7\nthreebody_angular_degree 8\n", "at most 6"),
        ("species H\nfourbody_angular_degree 5\n", "fourbody_angular_degree must not exceed threebody"),
    ],
)
def test_a_wrong_parameter_file_is_named(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read_parameters(text, "param.pod")
    assert str(caught.value).startswith("param.pod")
    assert message in str(caught.value)


def test_the_parameter_file_of_lammps_is_read() -> None:
    text = "# a comment\nspecies Ta\npbc 1 1 1\nrin 1.0 # inner\nrcut 5.5\nonebody 1\n"
    parameters = read_parameters(text, "p")
    assert (parameters.species, parameters.rin, parameters.rcut) == (("Ta",), 1.0, 5.5)
    assert read_parameters(parameters.text, "q") == parameters


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not the coefficient file"),
        ("model_coefficients: 2\n1\n2\n", "is not the coefficient file"),
        ("model_coefficients: 3 0 0\n1\n2\n", "says 3 numbers and holds 2"),
        ("model_coefficients: 1 0 0\nx\n", "is not the coefficient file"),
        ("model_coefficients: 1 0 0\nnan\n", "not finite"),
    ],
)
def test_a_wrong_coefficient_file_is_named(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_coefficients(text, "c.pod")


def test_files_that_do_not_belong_together(tmp_path: Path) -> None:
    written(model(), tmp_path)
    (tmp_path / "coefficients.pod").write_text(PODCoefficients.linear([1.0, 2.0]).text)
    with pytest.raises(InputError, match=r"coefficients.pod holds 2 coefficients, and its"):
        read_model(tmp_path)
    written(model(), tmp_path)
    content = yaml.safe_load((tmp_path / "model.yaml").read_text())
    (tmp_path / "model.yaml").write_text(yaml.safe_dump({**content, "elements": ["Cu", "Au", "Zn"]}))
    with pytest.raises(InputError, match="lists other elements"):
        read_model(tmp_path)
    for every, message in ((0, "is a number of steps"), ("often", "is a number"), (2, "needs linker terms")):
        (tmp_path / "model.yaml").write_text(yaml.safe_dump({**content, "slow_forces_every": every}))
        with pytest.raises(InputError, match=f"slow_forces_every {message}"):
            read_model(tmp_path)


def test_a_directory_without_a_model(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"model.yaml cannot be read \(No such file"):
        get_potential(f"pod:{tmp_path}")
    (tmp_path / "model.yaml").write_text("format: another\n")
    with pytest.raises(InputError, match="does not describe a POD potential"):
        get_potential(f"pod:{tmp_path}")
    (tmp_path / "model.yaml").write_text("a: [\n")
    with pytest.raises(InputError, match="not valid YAML"):
        get_potential(f"pod:{tmp_path}")


@pytest.mark.parametrize(
    "repulsion",
    [
        {"inner_A": 1.0},
        {"inner_A": 2.0, "outer_A": 1.0},
        {"inner_A": 0.5, "outer_A": 1.0, "pairs": {"C": [1, 2]}},
    ],
)
def test_a_repulsion_without_sense(tmp_path: Path, repulsion: dict[str, object]) -> None:
    written(model(), tmp_path)
    content = yaml.safe_load((tmp_path / "model.yaml").read_text())
    (tmp_path / "model.yaml").write_text(yaml.safe_dump({**content, "repulsion": repulsion}))
    with pytest.raises(InputError):
        read_model(tmp_path)
