"""Pores by Zeo++: spheres in a lattice, the papers' crystal and glasses, and what a crash does."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from click.testing import CliRunner

from mofglass import structures
from mofglass.analysis import Pores, PoresResult, zeo
from mofglass.cli import main
from mofglass.errors import InputError, MissingPackageError
from mofglass.frame import Frame

pyzeo = pytest.importorskip("pyzeo")

A, RADIUS, PROBE = 10.0, 2.0, 1.5


def lattice(shear: float = 0.0) -> Atoms:
    """Spheres on a simple cubic lattice, written in the cubic cell or in a sheared one."""
    cell = np.diag([A, A, A])
    cell[1] += shear * cell[0]
    return Atoms("C", positions=[[1.0, 2.0, 3.0]], cell=cell, pbc=True)


@pytest.mark.parametrize("high_accuracy", [True, False])
@pytest.mark.parametrize("shear", [0.0, 1.0])
def test_spheres_on_a_lattice(shear: float, high_accuracy: bool) -> None:
    atoms = lattice(shear)
    analysis = Pores(
        probe_radius_A=PROBE,
        radii_A={"C": RADIUS},
        high_accuracy=high_accuracy,
        n_samples=100_000,
        n_samples_per_atom=1000,
    )
    result = analysis.compute(atoms).result
    mean = result.mean
    # The largest sphere sits in the middle of the cube and passes through the middle of its faces.
    assert mean["largest_included_sphere_A"] == pytest.approx(A * 3**0.5 - 2 * RADIUS, abs=0.01)
    assert mean["largest_free_sphere_A"] == pytest.approx(A * 2**0.5 - 2 * RADIUS, abs=0.01)
    # The probe's centre keeps off by the sum of the radii.
    mass_g = 12.011 * 1.66053906660e-24
    volume = A**3 - 4 / 3 * np.pi * (RADIUS + PROBE) ** 3
    assert mean["accessible_volume_cm3_per_kg"] == pytest.approx(volume * 1e-24 / mass_g * 1e3, rel=0.01)
    surface = 4 * np.pi * (RADIUS + PROBE) ** 2
    assert mean["accessible_surface_m2_per_g"] == pytest.approx(surface * 1e-20 / mass_g, rel=1e-3)
    assert mean["non_accessible_volume_cm3_per_kg"] == 0.0
    assert mean["total_volume_cm3_per_kg"] == mean["accessible_volume_cm3_per_kg"]


def test_without_spheres_the_rest_is_the_same() -> None:
    options = {
        "probe_radius_A": PROBE,
        "radii_A": {"C": RADIUS},
        "n_samples": 20_000,
        "n_samples_per_atom": 200,
    }
    whole, plain = (Pores(**options, spheres=spheres).compute(lattice()).result for spheres in (True, False))
    for name, value in plain.summary().items():
        if "sphere" not in name and not name.endswith("_error"):
            assert value == whole.summary()[name]
    assert np.isnan([value for name, value in plain.mean.items() if name.endswith("sphere_A")]).all()
    assert plain.failed == ()
    assert [panel.title for panel in plain.panels()] == ["Pore volume"]


def test_a_pocket_is_not_accessible() -> None:
    # The probe, 11 Å wide, fits into the middle of the cube (13.3 Å) and not through its faces (10.1 Å).
    probe = 5.5
    analysis = Pores(probe_radius_A=probe, radii_A={"C": RADIUS}, n_samples=200_000, n_samples_per_atom=2000)
    mean = analysis.compute(lattice()).result.mean
    # Where all eight corners are farther away than the sum of the radii, by a fine grid.
    from_corner = (np.arange(100) + 0.5) * (A / 2) / 100
    x, y, z = np.meshgrid(from_corner, from_corner, from_corner)
    volume = A**3 * (x**2 + y**2 + z**2 > (RADIUS + probe) ** 2).mean()
    mass_g = 12.011 * 1.66053906660e-24
    assert mean["accessible_volume_cm3_per_kg"] == 0.0
    assert mean["non_accessible_volume_cm3_per_kg"] == pytest.approx(volume * 1e-21 / mass_g, rel=0.05)
    assert mean["accessible_surface_m2_per_g"] == 0.0
    assert mean["non_accessible_surface_m2_per_g"] > 0.0
    assert mean["n_channels"] == 0.0


def test_the_cell_does_not_matter() -> None:
    crystal = structures.load("ZIF-4")
    fast = {"n_samples": 40_000, "n_samples_per_atom": 20}
    one = Pores(**fast).compute(crystal).result.mean
    two = Pores(**fast).compute(crystal * (2, 1, 1)).result.mean
    for name in ("largest_included_sphere_A", "largest_free_sphere_A"):
        assert two[name] == pytest.approx(one[name], abs=0.01)
    assert two["total_volume_cm3_per_kg"] == pytest.approx(one["total_volume_cm3_per_kg"], rel=0.06)


@pytest.mark.slow
def test_the_papers_crystal_and_glasses(shared: Path) -> None:
    crystal = Pores(n_samples=100_000, n_samples_per_atom=10).compute(
        structures.load(shared / "structures" / "ZIF4-RelaxedCell.cif")
    )
    # Castel 2024, Table S6: 53.6 over a trajectory at 300 K; this is the structure relaxed at 0 K.
    assert crystal.result.mean["total_volume_cm3_per_kg"] == pytest.approx(49.0, abs=1.5)
    glasses = [
        Pores(n_samples=100_000, n_samples_per_atom=10).compute(structures.load(path)).result
        for path in sorted((shared / "glasses").glob("ZIF4_15glass*.cif"))
    ]
    mean = PoresResult.combine(glasses)
    # Table S6: 68.1 over trajectories of ten ab initio glasses; these are five of them, one frame each.
    total, error = mean.mean["total_volume_cm3_per_kg"], mean.mean_error["total_volume_cm3_per_kg"]
    assert total == pytest.approx(67.7, abs=1.5)
    assert abs(total - 68.1) < 2 * error


def frames(n_frames: int) -> list[Frame]:
    atoms = lattice()
    return [
        Frame(
            atoms.numbers, atoms.positions, np.asarray(atoms.cell) * (1 + 0.01 * k), index=k, time_ps=0.1 * k
        )
        for k in range(n_frames)
    ]


FAKE = """
import json, os, sys, time
task = json.load(open(sys.argv[1]))
length = float(open(task["structure"]).readline().split()[0])
if abs(length - 10.2) < 1e-6:
    os.abort()
if abs(length - 10.3) < 1e-6:
    sys.exit("radius of C not known")
if abs(length - 10.4) < 1e-6:
    time.sleep(60)
if abs(length - 10.5) < 1e-6:
    sys.exit(0)
cell = 1000.0 if abs(length - 10.6) < 1e-6 else length**3
volume = f"Unitcell_volume: {cell}  AV_A^3: {length} NAV_A^3: 0.5 Number_of_channels: 1 "
surface = "ASA_A^2: 1.0 NASA_A^2: 0"
answer = {"spheres": [3.0, 2.0, 3.0], "volume": volume, "surface": surface, "radii_A": {"C": 2.0}}
json.dump(answer, open(task["answer"], "w"))
"""


def test_a_frame_that_crashes_is_named_and_no_zero(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    child = tmp_path / "child.py"
    child.write_text(FAKE)
    monkeypatch.setattr(zeo, "CHILD", child)
    analysis = Pores(radii_A={"C": 2.0}, n_processes=2, timeout_s=2.0).compute(frames(8))
    result = analysis.result
    failures = {line.split(":")[0]: line.split(": ", 1)[1] for line in result.failed}
    assert failures["frame 2"] == "Zeo++ crashed with signal 6"
    assert "radius of C not known" in failures["frame 3"]
    assert "stopped after 2 s" in failures["frame 4"]
    assert "without an answer" in failures["frame 5"]
    assert "another cell" in failures["frame 6"]
    assert len(failures) == 5
    table = result.to_dataframe()
    assert table.total_volume_cm3_per_kg.isna().tolist() == [
        False,
        False,
        True,
        True,
        True,
        True,
        True,
        False,
    ]
    # Frames come back in order, however long each takes; the mean is over the good ones.
    per_A3 = 1e-24 / (12.011 * 1.66053906660e-24) * 1e3
    good = np.array([10.0, 10.1, 10.7])
    np.testing.assert_allclose(table.accessible_volume_cm3_per_kg.dropna(), good * per_A3)
    assert result.mean["accessible_volume_cm3_per_kg"] == pytest.approx(good.mean() * per_A3)
    assert result.summary()["n_failed"] == 5
    with pytest.raises(InputError, match=r"any of 1 frames; first frame 2: Zeo\+\+ crashed with signal 6"):
        _ = Pores(radii_A={"C": 2.0}).compute(frames(3)[2:]).result


def test_merging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    child = tmp_path / "child.py"
    child.write_text(FAKE)
    monkeypatch.setattr(zeo, "CHILD", child)
    whole = Pores(radii_A={"C": 2.0}).compute(frames(4)).result
    parts = Pores(radii_A={"C": 2.0}).compute(frames(4)[:1])
    assert parts.merge(Pores(radii_A={"C": 2.0}).compute(frames(4)[1:])).result.summary() == whole.summary()


def test_pore_sizes_come_with_the_pores(tmp_path: Path) -> None:
    """Spheres on a lattice that breathes: volume, widest pore and probe-occupiable volume, with errors."""
    analysis = Pores(
        probe_radius_A=5.5, radii_A={"C": RADIUS}, n_samples=500, n_samples_per_atom=10, n_size_points=4000
    )
    three = analysis.compute(frames(3)).result
    edges = A * (1 + 0.01 * np.arange(3))
    sizes = three.sizes
    assert sizes is not None
    widest = (edges * 3**0.5 - 2 * RADIUS).mean()
    assert sizes.numbers["largest_pore_diameter_A"] == pytest.approx(widest, abs=0.01)
    assert sizes.numbers["largest_pore_diameter_A_error"] > 0
    mass_g = 12.011 * 1.66053906660e-24
    outside = (edges**3 - 4 / 3 * np.pi * RADIUS**3).mean() * 1e-21 / mass_g
    assert sizes.wider[0] == pytest.approx(outside, rel=0.01)
    # All pores that hold the probe, 11 Å wide: more than that of the cavity itself, less than all.
    assert 0.9 * outside < sizes.numbers["occupiable_volume_cm3_per_kg"] < outside
    assert sizes.numbers["modal_pore_diameter_A"] == pytest.approx(widest, abs=0.2)
    both = PoresResult.combine([three, three])
    assert both.sizes is not None
    np.testing.assert_allclose(both.sizes.volume, sizes.volume)
    assert set(both.tables()) == {"pores", "pores_sizes"}
    assert len(both.panels()) == 5
    assert both.summary()["n_size_points"] == 4000


def test_command_line() -> None:
    words = ["analyse", "pores", "ZIF-4", "--probe", "1.2", "--samples", "20000", "--samples-per-atom", "20"]
    words += ["--psd", "--psd-points", "500"]
    answer = CliRunner().invoke(main, [*words, "--json"], catch_exceptions=False)
    summary = json.loads(answer.stdout)
    assert summary["total_volume_cm3_per_kg"] == pytest.approx(49.0, rel=0.06)
    assert summary["accessible_volume_cm3_per_kg"] == summary["total_volume_cm3_per_kg"]
    assert summary["largest_included_sphere_A"] == pytest.approx(4.41, abs=0.01)
    assert summary["largest_free_sphere_A"] == pytest.approx(2.36, abs=0.01)
    assert summary["failed"] == []
    page = (Path(__file__).parents[2] / "docs" / "analysis" / "pores.md").read_text()
    assert [key for key in summary if f'"{key.removesuffix("_error")}"' not in page] == []


def test_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="positive lengths"):
        Pores(probe_radius_A=-1.0)
    with pytest.raises(InputError, match="no radius is given for Zn"):
        Pores(radii_A={"C": 1.7, "N": 1.6, "H": 1.1}).compute(structures.load("ZIF-4"))
    monkeypatch.setattr(zeo, "find_spec", lambda name: None)
    with pytest.raises(MissingPackageError, match=r"pip install 'mofglass\[pores\]'"):
        Pores()
