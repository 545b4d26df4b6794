"""Total scattering against sums over atoms and over wave vectors that share no code with it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import periodictable
import pytest
from ase import Atoms
from ase.build import bulk
from click.testing import CliRunner

from mofglass import structures
from mofglass.analysis import Scattering, ScatteringResult
from mofglass.analysis.measured_curve import MeasuredCurve, read_measured
from mofglass.analysis.scattering_lengths import neutron_lengths_fm
from mofglass.cli import main
from mofglass.errors import InputError

SYMBOLS = ["H", "C", "N", "Zn"]


@pytest.fixture(scope="module")
def cluster() -> Atoms:
    """Forty atoms of four elements within a sphere, in a box so large that no image is within 25 Å."""
    random = np.random.default_rng(3)
    positions = random.uniform(-5, 5, size=(40, 3)) + 35.0
    return Atoms([SYMBOLS[k % 4] for k in range(40)], positions, cell=[70, 72, 75], pbc=True)


def debye_sum(atoms: Atoms, weights: dict[str, np.ndarray], q: np.ndarray) -> np.ndarray:
    """Σ over pairs i ≠ j of w w sin(Qr)/(Qr), divided by N: no histogram, no images."""
    positions, symbols = atoms.positions, atoms.get_chemical_symbols()
    total = np.zeros(len(q))
    for i in range(len(atoms)):
        for j in range(len(atoms)):
            if i != j:
                r = float(np.linalg.norm(positions[i] - positions[j]))
                total += weights[symbols[i]] * weights[symbols[j]] * np.sin(q * r) / (q * r)
    return total / len(atoms)


@pytest.mark.parametrize("radiation", ["neutron", "xray"])
def test_debye_sum_of_a_cluster(cluster: Atoms, radiation: str) -> None:
    result = (
        Scattering(
            radiation=radiation,
            r_max_A=20.0,
            bin_width_A=0.002,
            r_window="none",
            q_step_per_A=0.03,  # type: ignore[arg-type]
        )
        .compute(cluster)
        .result
    )
    q = result.Q_per_A
    one = np.ones(len(q))
    elements = {s: periodictable.elements.symbol(s) for s in SYMBOLS}
    if radiation == "neutron":
        w = {s: elements[s].neutron.b_c / 10 * one for s in SYMBOLS}
        divisor = one
    else:
        w = {s: elements[s].xray.f0(q) for s in SYMBOLS}
        divisor = np.mean([w[s] ** 2 for s in SYMBOLS], axis=0)
    mean = np.mean([w[s] for s in SYMBOLS], axis=0)
    density = 40 / (70 * 72 * 75)
    # What the sum has and F(Q) has not: the scattering of a uniform sphere of radius r_max.
    sphere = 4 * np.pi * density * mean**2 * (np.sin(20 * q) - 20 * q * np.cos(20 * q)) / q**3
    expected = debye_sum(cluster, w, q) - sphere
    scale = np.abs(expected).max()
    np.testing.assert_allclose(result.values["fq"] * divisor, expected, atol=2e-4 * scale)
    np.testing.assert_allclose((result.values["sq"] - 1) * mean**2, expected, atol=2e-4 * scale)


def hard_spheres(seed: int, n: int = 400, edge: float = 16.0, diameter: float = 1.6) -> Atoms:
    """Spheres placed one after another wherever there is room, half of them N, half Zn."""
    random = np.random.default_rng(seed)
    placed = np.empty((0, 3))
    while len(placed) < n:
        point = random.uniform(0, edge, 3)
        delta = placed - point
        delta -= edge * np.round(delta / edge)
        if not len(placed) or (delta**2).sum(axis=1).min() > diameter**2:
            placed = np.vstack((placed, point))
    return Atoms(["N", "Zn"] * (n // 2), placed, cell=[edge] * 3, pbc=True)


@pytest.fixture(scope="module")
def liquid() -> list[Atoms]:
    return [hard_spheres(seed) for seed in range(12)]


def test_sum_over_wave_vectors_of_a_periodic_box(liquid: list[Atoms]) -> None:
    """|Σ b exp(ik·r)|² / N of every k of the box, averaged over shells, is F(Q) + <b²>."""
    b = {"N": 0.936, "Zn": 0.568}
    edge = 16.0
    n = np.arange(-20, 21)
    k = 2 * np.pi / edge * np.stack(np.meshgrid(n, n, n), axis=-1).reshape(-1, 3)
    length = np.linalg.norm(k, axis=1)
    k, length = k[(length > 1.5) & (length < 7.5)], length[(length > 1.5) & (length < 7.5)]
    shell = np.floor((length - 1.5) / 0.25).astype(int)
    direct = np.zeros(shell.max() + 1)
    for atoms in liquid[:6]:
        w = np.array([b[s] for s in atoms.get_chemical_symbols()])
        amplitude = np.zeros(len(k), dtype=complex)
        for axis_phase, weight in zip(atoms.positions, w, strict=True):
            amplitude += weight * np.exp(1j * (k @ axis_phase))
        intensity = np.abs(amplitude) ** 2 / len(atoms)
        direct += np.bincount(shell, intensity) / np.bincount(shell) / 6
    result = (
        Scattering(r_max_A=8.0, r_window="none", lengths_fm={"N": 9.36, "Zn": 5.68})
        .compute(liquid[:6])
        .result
    )
    q = result.Q_per_A
    whole = result.values["fq"] + (0.936**2 + 0.568**2) / 2
    ours = np.array([np.interp(length[shell == s], q, whole).mean() for s in range(len(direct))])
    assert np.ptp(direct) > 0.3
    np.testing.assert_allclose(ours, direct, atol=0.03)


def test_s_goes_to_one_at_high_q_and_falls_at_low(liquid: list[Atoms]) -> None:
    result = Scattering(r_max_A=8.0).compute(liquid).result
    high = result.values["sq"][result.Q_per_A > 18]
    assert high.mean() == pytest.approx(1, abs=0.005)
    assert high.std() < 0.05
    assert result.values["sq"][result.Q_per_A < 1].max() < 0.6


def test_ideal_gas_scatters_nothing() -> None:
    random = np.random.default_rng(0)
    frames = [
        Atoms("Zn200N200", random.uniform(0, 20, (400, 3)), cell=[20, 20, 20], pbc=True) for _ in range(60)
    ]
    result = Scattering(r_max_A=10.0).compute(frames).result
    above = result.Q_per_A > 0.7
    deviation = (result.values["sq"] - 1)[above] / result.errors["sq"][above]
    assert np.abs(result.values["sq"][above] - 1).max() < 0.12
    # As wide as the errors say, neither wider nor narrower.
    assert 0.6 < np.sqrt((deviation**2).mean()) < 1.6


def test_fcc_peaks_where_bragg_says() -> None:
    crystal = bulk("Al", cubic=True)
    a = crystal.cell.lengths()[0]
    result = (
        Scattering(radiation="xray", r_max_A=60.0, q_step_per_A=0.01, q_max_per_A=8.0).compute(crystal).result
    )
    q, s = result.Q_per_A, result.values["sq"]
    peaks = q[1:-1][(s[1:-1] > s[:-2]) & (s[1:-1] > s[2:]) & (s[1:-1] > 1.5)]
    allowed = 2 * np.pi / a * np.sqrt([3, 4, 8, 11, 12, 16, 19, 20, 24])
    np.testing.assert_allclose(peaks[: len(allowed)], allowed, atol=0.011)
    # The forbidden (100) and (110) are not there.
    forbidden = 2 * np.pi / a * np.sqrt([1, 2])
    assert np.interp(forbidden, q, s).max() < 0.3


@pytest.fixture(scope="module")
def shaken() -> list[Atoms]:
    crystal = structures.load("ZIF-4")
    frames = []
    for seed in range(8):
        frames.append(crystal.copy())
        frames[-1].rattle(0.08, seed=seed)
    return frames


def test_real_space_functions_obey_their_definitions(shaken: list[Atoms]) -> None:
    """Keen: G(0) = -(Σcb)², T = 0 and PDF = -4πrρ where no two atoms are; D = 4πrρ G."""
    result = Scattering(q_max_per_A=50.0, deuterium_fraction=1.0, q_window="none").compute(shaken).result
    b = {"H": 0.6671, "C": 0.6646, "N": 0.936, "Zn": 0.568}
    mean = (6 * b["H"] + 6 * b["C"] + 4 * b["N"] + b["Zn"]) / 17
    r, empty = result.r_A, (result.r_A > 0.3) & (result.r_A < 0.7)
    slope = 4 * np.pi * r * result.number_density_per_A3
    assert result.values["gr"][empty].mean() == pytest.approx(-(mean**2), rel=0.02)
    assert np.abs(result.values["tr"][empty]).max() < 0.06
    np.testing.assert_allclose(result.values["pdf"][empty], -slope[empty], atol=0.1)
    np.testing.assert_allclose(result.values["dr"], slope * result.values["gr"])
    np.testing.assert_allclose(result.values["pdf"] * mean**2, result.values["dr"], rtol=2e-3, atol=1e-3)


def test_area_of_a_peak_is_its_coordination_number() -> None:
    """∫ r T(r) dr over the first peak, C-H at 1.08 Å, counts the hydrogen on carbon: one each."""
    crystal = structures.load("ZIF-4")
    crystal.rattle(0.02, seed=1)
    result = Scattering(q_max_per_A=50.0, deuterium_fraction=1.0).compute(crystal).result
    r = result.r_A
    peak = (r > 0.8) & (r < 1.2)
    weight = 2 * (6 / 17) * 0.6646 * 0.6671
    assert (r * result.values["tr"])[peak].sum() * 0.02 / weight == pytest.approx(1.0, abs=0.05)


def test_supercell_has_the_scattering_of_its_cell(shaken: list[Atoms]) -> None:
    one = Scattering(radiation="xray").compute(shaken[0]).result
    eight = Scattering(radiation="xray").compute(shaken[0] * (2, 1, 2)).result
    for function, values in one.values.items():
        np.testing.assert_allclose(eight.values[function], values, atol=1e-6, err_msg=function)


def test_parts_merge_to_the_whole(shaken: list[Atoms]) -> None:
    whole = Scattering().compute(shaken).result
    parts = Scattering().compute(shaken[:3]).merge(Scattering().compute(shaken[3:])).result
    assert parts.n_frames == 8
    for function in whole.values:
        np.testing.assert_allclose(parts.values[function], whole.values[function], atol=1e-9)


def test_normalisations_of_xrays(shaken: list[Atoms]) -> None:
    """F(Q) by <f²> is F(Q) by <f>² times <f>²/<f²>; S(Q) and PDF are the same."""
    squares = Scattering(radiation="xray").compute(shaken[0]).result
    mean = Scattering(radiation="xray", normalisation="square-of-mean").compute(shaken[0]).result
    f = {s: periodictable.elements.symbol(s).xray.f0(mean.Q_per_A) for s in SYMBOLS}
    c = {"H": 6 / 17, "C": 6 / 17, "N": 4 / 17, "Zn": 1 / 17}
    ratio = sum(c[s] * f[s] for s in SYMBOLS) ** 2 / sum(c[s] * f[s] ** 2 for s in SYMBOLS)
    np.testing.assert_allclose(squares.values["fq"], mean.values["fq"] * ratio, atol=1e-12)
    np.testing.assert_allclose(mean.values["fq"], mean.values["sq"] - 1, atol=1e-12)
    for function in ("sq", "pdf"):
        np.testing.assert_allclose(squares.values[function], mean.values[function])


def test_glasses_are_averaged_and_compared(shaken: list[Atoms]) -> None:
    reference = Scattering().compute(shaken).result
    measured = MeasuredCurve("itself", "fq", reference.Q_per_A, reference.values["fq"])
    glasses = [Scattering(measured=measured).compute(atoms).result for atoms in shaken]
    mean = ScatteringResult.combine(glasses)
    assert mean.n_glasses == 8
    assert mean.agreement is not None
    assert mean.agreement.r_factor == pytest.approx(0, abs=1e-9)
    assert all(glass.agreement is not None and glass.agreement.r_factor > 0.01 for glass in glasses)
    assert np.isfinite(mean.agreement.r_factor_error)
    assert np.isfinite(mean.errors["dr"]).all()
    alone = ScatteringResult.combine(glasses[:1])
    np.testing.assert_allclose(alone.values["fq"], glasses[0].values["fq"])


def test_tables_and_panels_carry_units(shaken: list[Atoms]) -> None:
    reference = Scattering().compute(shaken[0]).result
    measured = MeasuredCurve("itself", "dr", reference.r_A, reference.values["dr"])
    result = Scattering(measured=measured).compute(shaken[0]).result
    tables = result.tables()
    assert list(tables["scattering"]) == ["Q_per_A", "sq", "sq_error", "fq_barn", "fq_barn_error"]
    assert {"r_A", "dr_barn_per_A2", "gr_barn", "tr_barn_per_A2", "pdf_per_A2"} <= set(tables["scattering_r"])
    assert list(tables["scattering_experiment"]) == ["r_A", "dr_measured", "dr_calculated"]
    assert "A_Zn-N" in tables["scattering_partials"]
    assert [panel.y_label for panel in result.panels()] == [
        "D(r) (barn/Å²)", "S(Q)", "F(Q) (barn)", "D(r) (barn/Å²)", "G(r) (barn)",
    ]  # fmt: skip
    xray = Scattering(radiation="xray").compute(shaken[0]).result
    assert "dr_per_A2" in xray.tables()["scattering_r"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"radiation": "electron"}, "neutron or xray"),
        ({"q_max_per_A": 0.01}, "no range"),
        ({"q_min_per_A": 0.0}, "no range"),
        ({"q_step_per_A": 0.0}, "no range"),
        ({"q_step_per_A": 0.2}, "too coarse"),
        ({"r_max_A": -1.0}, "r_max"),
        ({"r_window": "hann"}, "lorch or none"),
        ({"normalisation": "none"}, "mean-of-squares"),
    ],
)
def test_parameters_without_meaning(options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Scattering(**options)  # type: ignore[arg-type]


def test_null_scatterer_is_refused() -> None:
    light, heavy = (neutron_lengths_fm(["H"], deuterium_fraction=x)["H"] for x in (0.0, 1.0))
    with pytest.raises(InputError, match="scatters nothing"):
        Scattering(deuterium_fraction=light / (light - heavy)).compute(
            Atoms("H2", [[0, 0, 0], [1, 0, 0]], cell=[5] * 3, pbc=True)
        )


def test_command_compares_with_a_file(tmp_path: Path, shaken: list[Atoms]) -> None:
    result = Scattering(radiation="xray").compute(structures.load("ZIF-4")).result
    file = tmp_path / "measured.int01"
    np.savetxt(file, np.c_[result.Q_per_A, 0.5 * result.values["fq"]], header="half of it")
    words = ["analyse", "scattering", "ZIF-4", "--experiment", str(file), "--radiation", "xray"]
    out = CliRunner().invoke(main, [*words, "--json", "-o", str(tmp_path / "out")], catch_exceptions=False)
    summary = json.loads(out.stdout)
    assert summary["function"] == "F(Q)"
    assert summary["r_factor"] == pytest.approx(1.0, abs=1e-3)
    assert summary["scale"] == pytest.approx(0.5, abs=1e-3)
    assert summary["r_factor_scaled"] < 1e-3
    assert (tmp_path / "out" / "scattering_experiment.csv").is_file()
    assert (tmp_path / "out" / "scattering.svg").read_text().count("measured")
    (tmp_path / "bad.txt").write_text("1 2\n")
    bad = CliRunner().invoke(main, [*words[:3], "--experiment", str(tmp_path / "bad.txt")])
    assert bad.exit_code == 2
    assert "bad.txt" in bad.stderr
    assert CliRunner().invoke(main, [*words[:3], "--function", "dr"]).exit_code == 2


def test_rmc_model_agrees_with_the_measurements_it_was_fitted_to(shared: Path) -> None:
    """And only with the right radiation, isotopes and normalisation."""
    files = shared / "scattering"
    model = structures.load(shared / "glasses" / "rmc-mqgzif4.xyz")

    def r_factor(file: str, **options: object) -> float:
        measured = read_measured(files / file)
        found = Scattering(measured=measured, **options).compute(model).result.agreement  # type: ignore[arg-type]
        assert found is not None
        return found.r_factor

    xray, neutron = "zif4-glass-xray-31C.int01", "azif-neutron-fq.txt"
    assert r_factor(xray, radiation="xray") < 0.24
    assert r_factor(neutron, deuterium_fraction=0.93) < 0.30
    assert r_factor(xray, radiation="xray", normalisation="square-of-mean") > 1.0
    assert r_factor(neutron) > 0.6
    assert r_factor(neutron, radiation="xray") > 0.9


def test_forward_limit_of_the_neutron_data_is_that_of_93_percent_deuterium(shared: Path) -> None:
    measured = read_measured(shared / "scattering" / "azif-neutron-gr.txt", "gr")
    model = structures.load(shared / "glasses" / "rmc-mqgzif4.xyz")
    result = Scattering(deuterium_fraction=0.93, q_max_per_A=50.0).compute(model).result
    empty = (result.r_A > 0.3) & (result.r_A < 0.7)
    assert result.values["gr"][empty].mean() == pytest.approx(measured.y[0], rel=0.01)
