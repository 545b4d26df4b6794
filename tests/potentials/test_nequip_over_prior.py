"""A network over linker terms, repulsion, dispersion and walls: its parts, their sum, its files."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml
from ase import Atoms

from mofglass.errors import InputError

pytest.importorskip("torch", reason="mofglass[nequip] is not installed")
pytest.importorskip("nequip", reason="mofglass[nequip] is not installed")

from mofglass.potentials import get_potential
from mofglass.potentials.calculator import make_calculator
from mofglass.potentials.dispersion import Dispersion
from mofglass.potentials.nequip_over_prior import NequIPOverPrior, model_files
from mofglass.potentials.pod import read_model
from mofglass.potentials.prior import Prior
from mofglass.potentials.repulsion import Repulsion, Walls
from mofglass.potentials.shipped import MODELS
from mofglass.simulate import Dynamics, RunSettings, create_run, execute
from mofglass.structures import load
from mofglass.training.efficiency import time_calls

from .test_nequip import SYMBOLS, write_checkpoint

NETWORK = {
    "_target_": "nequip.model.NequIPGNNModel",
    "num_layers": 1,
    "l_max": 1,
    "num_features": 4,
    "parity": False,
    "radial_mlp_width": 8,
    "per_type_energy_scales": 0.3,
}
pytestmark = pytest.mark.filterwarnings("ignore:.*without compilation")


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with the linker terms of zif4, and a network that nobody has trained."""
    directory = tmp_path_factory.mktemp("model")
    write_checkpoint(directory / "network.ckpt", NETWORK)
    prior = Prior(
        linker_terms=read_model(MODELS / "zif4").linker_terms,
        repulsion=Repulsion(inner_A=0.6, outer_A=1.0),
        dispersion=Dispersion(),
        walls=Walls(pairs={"Zn-Zn": (6.5, 0.5)}),  # so far out that it acts in the crystal
    )
    for name, text in model_files(prior, tuple(SYMBOLS), known_limits="untrained").items():
        (directory / name).write_text(text.replace("model.nequip.zip", "network.ckpt"))
    return directory


@pytest.fixture(scope="module")
def potential(directory: Path) -> NequIPOverPrior:
    return NequIPOverPrior(directory, compiled=False)


@pytest.fixture
def crystal() -> Atoms:
    atoms = load("SALEM-2")
    atoms.rattle(0.05, seed=1)
    return atoms


def test_it_is_the_sum_of_its_parts_which_is_the_derivative_of_its_energy(
    potential: NequIPOverPrior, crystal: Atoms
) -> None:
    values = []
    for part in (potential, *potential.parts):
        crystal.calc = make_calculator(part)
        values.append((crystal.get_potential_energy(), crystal.get_forces(), crystal.get_stress()))
    for whole, prior, network in zip(*values, strict=True):
        np.testing.assert_allclose(whole, prior + network, atol=1e-10)
        assert np.abs(prior).max() > 1e-3
        assert np.abs(network).max() > 1e-4

    crystal.calc = make_calculator(potential)
    zinc = int(np.flatnonzero(crystal.numbers == 30)[0])
    energies = []
    for shift in (0.005, -0.005):
        moved = crystal.copy()
        moved.positions[zinc, 0] += shift
        moved.calc = crystal.calc
        energies.append(moved.get_potential_energy())
    assert -(energies[0] - energies[1]) / 0.01 == pytest.approx(crystal.get_forces()[zinc, 0], abs=5e-3)


@pytest.mark.parametrize("every", [1, 2])
def test_the_engine_adds_the_parts_up(potential: NequIPOverPrior, tmp_path: Path, every: int) -> None:
    crystal = load("SALEM-2")
    # Bonded terms fitted together with POD are not at rest without it: hot, and in small steps.
    stage = Dynamics(name="nve", duration_ps=0.005, temperature_K=1000.0, ensemble="nve", time_step_fs=0.1)
    settings = RunSettings(seed=1, frame_interval_ps=0.005, slow_forces_every=every)
    run = create_run(tmp_path / "run", crystal, potential, (stage,), settings=settings)
    execute(run, potential=potential, threads=1, progress=False)
    thermo = run.thermo()
    crystal.calc = make_calculator(potential)
    assert thermo["potential_energy_eV"].iloc[0] == pytest.approx(crystal.get_potential_energy(), abs=1e-3)
    total = thermo["total_energy_eV"]
    assert np.ptp(total) < 2e-5 * len(crystal)
    assert np.ptp(thermo["potential_energy_eV"]) > 100 * np.ptp(total)
    crystal.set_positions(run.trajectory()[-1].positions)
    assert thermo["potential_energy_eV"].iloc[-1] == pytest.approx(crystal.get_potential_energy(), abs=1e-3)
    deck = (run.path / "deck.lmp").read_text()
    assert "bond_style class2" in deck
    assert "harmonic/cut" in deck
    assert "nequip-compile network.ckpt" in deck


def test_its_cost_is_that_of_both(potential: NequIPOverPrior, crystal: Atoms) -> None:
    timing = time_calls(potential, crystal, budget_s=0.1)
    assert timing.n_atoms == len(crystal)
    assert timing.microseconds_per_atom > 0


def test_a_directory_is_found_by_its_path_and_says_what_it_is(directory: Path, tmp_path: Path) -> None:
    found = get_potential(f"nequip:{directory}")
    assert isinstance(found, NequIPOverPrior)
    assert found.slow_forces_every == 1
    shutil.copytree(directory, tmp_path / "slow")
    file = tmp_path / "slow" / "model.yaml"
    file.write_text(file.read_text() + "slow_forces_every: 2\n")
    assert get_potential(f"nequip:{tmp_path / 'slow'}").slow_forces_every == 2
    shutil.rmtree(tmp_path / "slow")
    described = found.describe()
    assert described["known_limits"] == "untrained"
    assert described["file"] == str(directory / "model.yaml")
    # Another wall is another potential, though the network is the same.
    assert described["sha256"] != found.network.sha256
    assert "class2" in described["reference"]
    for name in ("a", "b"):
        shutil.copytree(directory, tmp_path / name)
    committee = get_potential(f"committee:{tmp_path}")
    assert [type(member) for member in committee.members] == [NequIPOverPrior] * 2  # type: ignore[attr-defined]


def test_what_does_not_belong_together_is_told(directory: Path, tmp_path: Path) -> None:
    content = yaml.safe_load((directory / "model.yaml").read_text())
    (tmp_path / "linker_terms.yaml").write_text((directory / "linker_terms.yaml").read_text())
    (tmp_path / "network.ckpt").write_bytes((directory / "network.ckpt").read_bytes())
    for change, message in (
        ({"format": "mofglass-pod-1"}, "does not describe a network"),
        ({"elements": ["Zn", "N", "C", "H"]}, "lists other elements than its network: H, C, N, Zn"),
        ({"network": "absent.nequip.zip"}, "end the training that leaves it"),
        ({"linker_terms": "absent.yaml"}, "absent.yaml cannot be read"),
        ({"walls": {"Zn-Zn": 3.4}}, "walls need pairs"),
        ({"repulsion": {"inner_A": 0.6, "outer_A": 1.0, "pairs": {"H-H": [0.5]}}}, "each pair both"),
        ({"elements": 4}, "lists other elements"),
    ):
        (tmp_path / "model.yaml").write_text(yaml.safe_dump(content | change))
        with pytest.raises(InputError, match=message):
            NequIPOverPrior(tmp_path, compiled=False)
    with pytest.raises(InputError, match=r"model\.yaml cannot be read.*the directory 'model'"):
        get_potential(f"nequip:{tmp_path / 'nowhere' / 'model.yaml'}")
    (tmp_path / "model.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(InputError, match="Cu"):
        NequIPOverPrior(tmp_path, compiled=False).lammps(Atoms("Cu", cell=[9, 9, 9], pbc=True))
