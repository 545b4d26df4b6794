"""NequIP and Allegro models: derivatives, symmetries, the eager and the compiled model, the cache."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms

from mofglass.errors import InputError

torch = pytest.importorskip("torch", reason="mofglass[nequip] is not installed")
pytest.importorskip("nequip", reason="mofglass[nequip] is not installed")

from mofglass.potentials import nequip_model  # noqa: E402
from mofglass.potentials.nequip import NequIPCalculator, NequIPPotential  # noqa: E402
from mofglass.potentials.registry import get_potential  # noqa: E402

SYMBOLS = ["H", "C", "N", "Zn"]
CUTOFFS = {"H": {"H": 3.0, "C": 3.5, "N": 3.5, "Zn": 3.5}, "C": 4.5, "N": 4.5, "Zn": 4.5}

NEQUIP = {
    "_target_": "nequip.model.NequIPGNNModel",
    "num_layers": 2,
    "l_max": 1,
    "num_features": 4,
    "parity": False,
    "radial_mlp_width": 8,
    "per_edge_type_cutoff": CUTOFFS,
    "pair_potential": {
        "_target_": "nequip.nn.pair_potential.ZBL",
        "units": "metal",
        "chemical_species": SYMBOLS,
    },
}
ALLEGRO = {
    "_target_": "allegro.model.AllegroModel",
    "l_max": 1,
    "parity": False,
    "num_layers": 2,
    "num_scalar_features": 8,
    "num_tensor_features": 4,
    "radial_chemical_embed": {"_target_": "allegro.nn.TwoBodyBesselScalarEmbed", "num_bessels": 4},
    "scalar_embed_mlp_hidden_layers_width": 8,
    "allegro_mlp_hidden_layers_width": 8,
    "readout_mlp_hidden_layers_width": 8,
}


def write_checkpoint(path: Path, model: dict[str, Any]) -> Path:
    """Write an untrained model as nequip-train writes a checkpoint, without its optimiser."""
    import lightning
    from nequip.train import EMALightningModule
    from nequip.utils import get_current_code_versions
    from nequip.utils.global_state import set_global_state

    set_global_state(allow_tf32=False)
    common = {
        "seed": 1,
        "model_dtype": "float32",
        "type_names": SYMBOLS,
        "r_max": 4.5,
        "avg_num_neighbors": 12.0,
        "per_type_energy_scales": 1.5,
        "per_type_energy_shifts": -220.0,
    }
    module = {
        "model": common | model,
        "num_datasets": {"train": 1, "val": 0, "test": 0, "predict": 0},
        "ema_decay": 0.9,
    }
    info = {
        "versions": get_current_code_versions(verbose=False),
        "training_module": {"_target_": "nequip.train.EMALightningModule"},
    }
    network = EMALightningModule(**module, info_dict=info)
    torch.save(
        {
            "state_dict": network.state_dict(),
            "hyper_parameters": module | {"info_dict": info},
            "pytorch-lightning_version": lightning.__version__,
        },
        path,
    )
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("nequip")


@pytest.fixture(scope="module")
def checkpoint(folder: Path) -> Path:
    return write_checkpoint(folder / "nequip.ckpt", NEQUIP)


@pytest.fixture(scope="module")
def allegro_checkpoint(folder: Path) -> Path:
    pytest.importorskip("allegro", reason="mofglass[nequip] is not installed")
    return write_checkpoint(folder / "allegro.ckpt", ALLEGRO)


@pytest.fixture(scope="module")
def eager(checkpoint: Path) -> NequIPPotential:
    return NequIPPotential(checkpoint, compiled=False)


@pytest.fixture
def calculator(eager: NequIPPotential) -> NequIPCalculator:
    calculator = eager.calculator_factory()
    assert isinstance(calculator, NequIPCalculator)
    return calculator


@pytest.fixture
def linker() -> Atoms:
    """One imidazole-like molecule and a zinc in a triclinic box, quick to evaluate."""
    positions = [
        [0.00, 1.10, 0.00], [-1.10, 0.30, 0.00], [-0.70, -0.98, 0.05], [0.70, -0.98, 0.00],
        [1.10, 0.30, 0.00], [0.00, 2.18, 0.10], [-1.32, -1.85, 0.00], [1.32, -1.85, 0.00], [2.95, 0.9, 0.2],
    ]  # fmt: skip
    cell = [[6.0, 0.0, 0.0], [1.0, 6.5, 0.0], [-0.7, 0.9, 5.5]]
    return Atoms("CNCCNHHHZn", positions=positions, cell=cell, pbc=True)


def derivative(energy: Callable[[float], float], step: float) -> float:
    """Fourth-order central difference."""
    return (8 * (energy(step) - energy(-step)) - (energy(2 * step) - energy(-2 * step))) / (12 * step)


def test_forces_are_minus_the_gradient_of_the_energy(calculator: NequIPCalculator, linker: Atoms) -> None:
    linker.calc = calculator
    forces, positions = linker.get_forces(), linker.positions.copy()
    for seed in range(3):
        direction = np.random.default_rng(seed).normal(size=positions.shape)

        def energy(step: float, direction: np.ndarray = direction) -> float:
            linker.positions = positions + step * direction
            return linker.get_potential_energy()

        slope = derivative(energy, 0.004)
        assert slope == pytest.approx(-(forces * direction).sum(), abs=2e-3 * np.linalg.norm(forces))


def test_stress_is_the_derivative_by_strain(calculator: NequIPCalculator, linker: Atoms) -> None:
    linker.calc = calculator
    stress, cell = linker.get_stress(voigt=False), linker.cell.array.copy()
    for a, b in ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1)):

        def energy(step: float, a: int = a, b: int = b) -> float:
            strain = np.zeros((3, 3))
            strain[a, b] += 0.5 * step
            strain[b, a] += 0.5 * step
            linker.set_cell(cell @ (np.eye(3) + strain), scale_atoms=True)
            return linker.get_potential_energy()

        slope = derivative(energy, 0.002) / abs(np.linalg.det(cell))
        assert slope == pytest.approx(stress[a, b], abs=2e-3 * np.abs(stress).max())


def test_translation_rotation_permutation_and_wrapping_change_nothing(
    eager: NequIPPotential, linker: Atoms
) -> None:
    def results(atoms: Atoms) -> tuple[float, np.ndarray, np.ndarray]:
        atoms.calc = eager.calculator_factory()
        return atoms.get_potential_energy(), atoms.get_forces(), atoms.get_stress(voigt=False)

    energy, forces, stress = results(linker)
    size = np.abs(forces).max()

    moved = linker.copy()
    moved.positions += [0.7, -1.3, 2.1]
    moved.wrap()
    moved_energy, moved_forces, moved_stress = results(moved)
    assert moved_energy == pytest.approx(energy, abs=1e-4)
    np.testing.assert_allclose(moved_forces, forces, atol=1e-5 * size)
    np.testing.assert_allclose(moved_stress, stress, atol=1e-5 * np.abs(stress).max())

    rotation = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))[0]
    rotation *= np.sign(np.linalg.det(rotation))
    turned = Atoms(linker.numbers, linker.positions @ rotation, cell=linker.cell @ rotation, pbc=True)
    turned_energy, turned_forces, turned_stress = results(turned)
    assert turned_energy == pytest.approx(energy, abs=1e-4)
    np.testing.assert_allclose(turned_forces, forces @ rotation, atol=1e-5 * size)
    np.testing.assert_allclose(
        turned_stress, rotation.T @ stress @ rotation, atol=1e-5 * np.abs(stress).max()
    )

    order = np.random.default_rng(4).permutation(len(linker))
    mixed_energy, mixed_forces, _ = results(linker[order])
    assert mixed_energy == pytest.approx(energy, abs=1e-4)
    np.testing.assert_allclose(mixed_forces, forces[order], atol=1e-5 * size)


def test_it_agrees_with_nequips_own_calculator(
    eager: NequIPPotential, checkpoint: Path, linker: Atoms
) -> None:
    from nequip.integrations.ase import NequIPCalculator as TheirCalculator

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = TheirCalculator._from_saved_model(
            checkpoint, chemical_species_to_atom_type_map=dict(zip(SYMBOLS, SYMBOLS, strict=True))
        )
    other = linker.copy()
    linker.calc, other.calc = eager.calculator_factory(), theirs
    assert linker.get_potential_energy() == pytest.approx(float(other.get_potential_energy()), abs=1e-6)
    np.testing.assert_allclose(linker.get_forces(), other.get_forces(), atol=1e-5)
    np.testing.assert_allclose(linker.get_stress(), other.get_stress(), atol=1e-7)


def test_a_kept_neighbour_list_changes_no_result(eager: NequIPPotential, linker: Atoms) -> None:
    kept = eager.calculator_factory()
    assert isinstance(kept, NequIPCalculator)
    random = np.random.default_rng(0)
    for _ in range(6):
        linker.positions += 0.03 * random.normal(size=linker.positions.shape)
        linker.set_cell(
            linker.cell.array @ (np.eye(3) + 0.002 * random.normal(size=(3, 3))), scale_atoms=True
        )
        fresh = linker.copy()
        fresh.calc, linker.calc = eager.calculator_factory(), kept
        np.testing.assert_allclose(linker.get_forces(), fresh.get_forces(), atol=1e-4)
    assert kept.neighbours.n_builds < 6


def test_an_element_the_model_lacks_and_a_cluster_are_refused(
    calculator: NequIPCalculator, linker: Atoms
) -> None:
    linker.calc = calculator
    linker.symbols[0] = "O"
    with pytest.raises(InputError, match="O"):
        linker.get_potential_energy()
    linker.symbols[0] = "C"
    linker.pbc = [True, True, False]
    with pytest.raises(InputError, match="periodic"):
        linker.get_potential_energy()


def test_files_that_are_no_models_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not there"):
        NequIPPotential(tmp_path / "model.nequip.zip")
    old = tmp_path / "model.pth"
    old.write_bytes(b"x")
    with pytest.raises(InputError, match="nequip-archived"):
        NequIPPotential(old)
    for name in ("model.nequip.zip", "model.ckpt", "model.nequip.pt2"):
        broken = tmp_path / name
        broken.write_bytes(b"not a model")
        with pytest.raises(InputError, match=name):
            NequIPPotential(broken, compiled=False)


def test_a_model_that_cannot_be_compiled_runs_eagerly_and_says_so_once(
    checkpoint: Path, linker: Atoms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("CXX", str(tmp_path / "no-compiler"))
    with pytest.warns(UserWarning, match="there is no C\\+\\+ compiler"):
        potential = NequIPPotential(checkpoint)
    assert not potential.model.compiled
    assert potential.describe()["execution"] == "eager"
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*compil.*")
        NequIPPotential(checkpoint)
    linker.calc = potential.calculator_factory()
    assert np.isfinite(linker.get_potential_energy())


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["checkpoint", "allegro_checkpoint"])
def test_the_compiled_model_equals_the_eager_one_and_is_compiled_once(
    kind: str,
    request: pytest.FixtureRequest,
    linker: Atoms,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path: Path = request.getfixturevalue(kind)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    compiled = NequIPPotential(path)
    assert compiled.model.compiled
    assert compiled.describe()["execution"] == "AOTInductor"
    (cached,) = nequip_model.cache_directory().glob("*.nequip.pt2")
    written = cached.stat().st_mtime_ns

    eager = NequIPPotential(path, compiled=False)
    for structure in (linker, linker.repeat((2, 1, 1))):
        other = structure.copy()
        structure.calc, other.calc = compiled.calculator_factory(), eager.calculator_factory()
        assert structure.get_potential_energy() == pytest.approx(other.get_potential_energy(), abs=1e-4)
        size = np.abs(other.get_forces()).max()
        np.testing.assert_allclose(structure.get_forces(), other.get_forces(), atol=1e-4 * size)
        np.testing.assert_allclose(structure.get_stress(), other.get_stress(), atol=1e-5)

    monkeypatch.setattr(nequip_model, "_compile", lambda *_: pytest.fail("compiled a second time"))
    again = NequIPPotential(path)
    assert again.model.compiled
    assert cached.stat().st_mtime_ns == written
    by_name = get_potential(cached)
    assert isinstance(by_name, NequIPPotential)
    assert by_name.model.type_names == tuple(SYMBOLS)


def test_the_cache_asks_for_content_and_threads(checkpoint: Path, allegro_checkpoint: Path) -> None:
    key = nequip_model.cache_key(checkpoint, 1)
    assert nequip_model.cache_key(checkpoint, 1) == key
    assert nequip_model.cache_key(checkpoint, 2) != key
    assert nequip_model.cache_key(allegro_checkpoint, 1) != key


def test_the_deck_says_how_another_lammps_runs_the_model(eager: NequIPPotential, linker: Atoms) -> None:
    linker.set_cell(linker.cell.array * 1.2, scale_atoms=True)
    note = "\n".join(eager.lammps(linker).deck_note)
    assert "nequip-compile nequip.ckpt" in note
    assert "pair_coeff * * lammps.nequip.pt2 C H N Zn" in note


@pytest.mark.parametrize(
    "model",
    [
        NEQUIP,
        NEQUIP | {"l_max": 2, "num_features": [6, 4, 2], "parity": True},
        ALLEGRO,
        ALLEGRO | {"l_max": 2, "parity": True},
        ALLEGRO | {"num_layers": 1, "tp_path_channel_coupling": False, "weight_individual_irreps": False},
    ],
)
def test_written_out_products_are_the_same(model: dict[str, Any], linker: Atoms, tmp_path: Path) -> None:
    if model["_target_"].startswith("allegro"):
        pytest.importorskip("allegro", reason="mofglass[nequip] is not installed")
    from mofglass.potentials.tensor_products import write_out_products

    potential = NequIPPotential(write_checkpoint(tmp_path / "model.ckpt", model), compiled=False)
    linker.calc = potential.calculator_factory()
    forces, stress = linker.get_forces(), linker.get_stress()
    assert write_out_products(potential.model.run)
    linker.calc = potential.calculator_factory()
    np.testing.assert_allclose(linker.get_forces(), forces, atol=1e-5 * np.abs(forces).max())
    np.testing.assert_allclose(linker.get_stress(), stress, atol=1e-5 * np.abs(stress).max())
    # Rounding differs, so the products were others.
    assert np.any(linker.get_forces() != forces)
