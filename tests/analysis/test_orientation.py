"""Orientation of linkers: rotations, diffusion and tilts with known answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from click.testing import CliRunner
from scipy.spatial.transform import Rotation

from mofglass import structures
from mofglass.analysis import Orientation, OrientationResult
from mofglass.analysis.linker_axes import linker_axes, whole_rings
from mofglass.analysis.order_n import EarlierFrames
from mofglass.analysis.reorientation import reorientation_fit
from mofglass.cli import main
from mofglass.errors import InputError
from mofglass.frame import Frame
from mofglass.topology import perceive
from mofglass.trajectory import H5MDWriter

DT = 0.05
P2_OF = np.polynomial.Legendre([0, 0, 1])


class Turning:
    """ZIF-4 whose rings are turned about their centres, each by its own rotation."""

    def __init__(self, repeats: tuple[int, int, int] = (1, 1, 1)) -> None:
        self.atoms: Atoms = structures.load("ZIF-4").repeat(repeats)
        linkers = perceive(self.atoms).linkers
        self.ring = linkers.ring
        rings = whole_rings(self.atoms.positions, self.atoms.cell.array, self.ring)
        self.axes = linker_axes(rings)
        self.n = len(self.ring)
        self.centre = rings.mean(axis=1, keepdims=True)
        # The hydrogen atoms go with their ring.
        self.members = np.array(
            [[*ring, *np.setdiff1d(linkers.atoms_of(k), ring)] for k, ring in enumerate(self.ring)]
        )
        self.spokes = whole_rings(self.atoms.positions, self.atoms.cell.array, self.members) - self.centre

    def frame(self, turned: Rotation, k: int) -> Frame:
        positions = self.atoms.positions.copy()
        positions[self.members] = self.centre + np.einsum("nij,naj->nai", turned.as_matrix(), self.spokes)
        return Frame(self.atoms.numbers, positions, self.atoms.cell.array, index=k, time_ps=k * DT)

    def frames(self, turn: Callable[[int], Rotation], n_frames: int) -> Iterator[Frame]:
        for k in range(n_frames):
            yield self.frame(turn(k), k)


@pytest.fixture(scope="module")
def turning() -> Turning:
    return Turning()


def test_axes_of_a_ring(turning: Turning) -> None:
    rings = turning.spokes[:, :5]
    along, across, normal, whole = turning.axes
    assert whole.all()
    for one, other in ((along, across), (along, normal), (across, normal)):
        np.testing.assert_allclose((one * other).sum(axis=1), 0, atol=1e-12)
    # The axis points to C2; the nitrogens lie on either side of it; the ring lies in the plane.
    assert ((rings[:, 1] * along).sum(axis=1) > 1.0).all()
    np.testing.assert_allclose(((rings[:, 2] - rings[:, 0]) * across).sum(axis=1), 2.23, atol=0.02)
    np.testing.assert_allclose(np.einsum("nai,ni->na", rings, normal), 0, atol=0.02)


@pytest.mark.parametrize("about", ["normal", "axis"])
def test_rigid_rotation_at_a_known_velocity(turning: Turning, about: str) -> None:
    omega_per_ps = 1.3
    vectors = getattr(turning.axes, about)
    frames = turning.frames(lambda k: Rotation.from_rotvec(omega_per_ps * k * DT * vectors), 121)
    result = Orientation().compute(frames).result
    t = result.reorientation.lag_ps
    assert t[-1] == pytest.approx(60 * DT)
    p1, p2, p2_normal = result.reorientation.correlation
    turned = np.cos(omega_per_ps * t)
    if about == "normal":
        np.testing.assert_allclose(p1, turned, atol=1e-9)
        np.testing.assert_allclose(p2, P2_OF(turned), atol=1e-9)
        np.testing.assert_allclose(p2_normal, 1.0, atol=1e-9)
        np.testing.assert_allclose(result.reorientation.mean_angle_deg, np.degrees(np.arccos(turned)))
        np.testing.assert_allclose(
            result.reorientation.rms_angle_deg, result.reorientation.mean_angle_deg, atol=1e-6
        )
        expected = np.degrees(np.arccos(np.cos(omega_per_ps * DT * np.arange(121))))
        np.testing.assert_allclose(result.angle_from_first_deg, expected, atol=1e-5)
        # The whole distribution lies in the one bin that holds the angle.
        k = list(t).index(pytest.approx(1.0))
        at = np.flatnonzero(result.reorientation.angle_density_per_deg[k])
        assert len(at) == 1
        assert abs(result.reorientation.angle_deg[at[0]] - np.degrees(omega_per_ps)) <= 1.5
    else:
        np.testing.assert_allclose(p1, 1.0, atol=1e-9)
        np.testing.assert_allclose(p2_normal, P2_OF(turned), atol=1e-9)


def test_isotropic_rotational_diffusion() -> None:
    diffusion_per_ps, n_frames = 0.2, 800
    turning = Turning((2, 2, 2))
    random = np.random.default_rng(4)
    state = Rotation.identity(turning.n)

    def turn(k: int) -> Rotation:
        nonlocal state
        if k:
            step = random.normal(scale=np.sqrt(2 * diffusion_per_ps * DT), size=(turning.n, 3))
            state = Rotation.from_rotvec(step) * state
        return state

    result = Orientation().compute(turning.frames(turn, n_frames)).result
    summary = result.summary()
    t = result.reorientation.lag_ps
    for kind, rate in (("p1_axis", 2), ("p2_axis", 6), ("p2_normal", 6)):
        exact = 1 / (rate * diffusion_per_ps)
        for key in ("reorientation_time", "integral_time"):
            value, error = summary[f"{key}_{kind}_ps"], summary[f"{key}_{kind}_ps_error"]
            assert abs(value - exact) < 4 * error, (key, kind)
            assert error < 0.06 * exact
        assert summary[f"amplitude_{kind}"] == pytest.approx(1.0, abs=0.03)
    for place, rate in enumerate((2, 6, 6)):
        known = t <= 1 / diffusion_per_ps
        curve = result.reorientation.correlation[place][known]
        np.testing.assert_allclose(curve, np.exp(-rate * diffusion_per_ps * t[known]), atol=0.04)
    # At first the axis goes <theta^2> = 4 D t.
    assert result.reorientation.rms_angle_deg[0] == pytest.approx(
        np.degrees(np.sqrt(4 * diffusion_per_ps * DT)), rel=0.02
    )


def test_random_orientations_have_no_memory(turning: Turning) -> None:
    random = np.random.default_rng(0)
    frames = turning.frames(lambda _: Rotation.random(turning.n, rng=random), 400)
    result = Orientation().compute(frames).result
    turned = result.reorientation
    few = turned.lag_ps <= 10 * DT
    z = turned.correlation[:, few] / turned.correlation_error[:, few]
    assert np.abs(turned.correlation[:, few]).max() < 0.03
    assert np.abs(z).max() < 5
    # The angle between random directions: sin(theta)/2.
    expected = np.sin(np.radians(turned.angle_deg)) / 2 * np.pi / 180
    np.testing.assert_allclose(turned.angle_density_per_deg[0], expected, atol=0.0012)
    assert turned.mean_angle_deg[0] == pytest.approx(90, abs=1.5)
    assert np.isnan(result.summary()["reorientation_time_p1_axis_ps"])


def test_still_crystal(turning: Turning) -> None:
    frames = turning.frames(lambda _: Rotation.identity(turning.n), 40)
    result = Orientation().compute(frames).result
    np.testing.assert_allclose(result.reorientation.correlation, 1.0, atol=1e-12)
    summary = result.summary()
    assert np.isnan(summary["reorientation_time_p2_axis_ps"])
    assert np.isnan(summary["integral_time_p2_axis_ps"])
    assert summary["p2_axis_at_longest_lag"] == pytest.approx(1.0)
    assert summary["angle_from_first_deg"] == pytest.approx(0.0, abs=1e-5)


def test_libration_is_no_reorientation(turning: Turning) -> None:
    # Rings that swing by 15 degrees about their places, and forget within a few frames where they were.
    random = np.random.default_rng(6)
    swing = np.zeros((turning.n, 1))

    def turn(_: int) -> Rotation:
        nonlocal swing
        swing = 0.7 * swing + np.radians(15.0) * np.sqrt(1 - 0.49) * random.normal(size=swing.shape)
        return Rotation.from_rotvec(swing * turning.axes.normal)

    result = Orientation().compute(turning.frames(turn, 400)).result
    # The plateau: the square of the mean cosine, exp(-sigma^2).
    plateau = np.exp(-(np.radians(15.0) ** 2))
    far = result.reorientation.lag_ps > 20 * DT
    np.testing.assert_allclose(result.reorientation.correlation[0, far], plateau, atol=0.01)
    assert np.isnan(result.summary()["reorientation_time_p1_axis_ps"])


def test_wrapping_and_drift_do_not_matter(turning: Turning) -> None:
    axes = turning.axes.normal
    frames = list(turning.frames(lambda k: Rotation.from_rotvec(0.07 * k * axes), 30))
    moved = []
    for frame in frames:
        atoms = frame.to_atoms()
        atoms.positions += 0.7 * frame.index
        atoms.wrap()
        moved.append(Frame.from_atoms(atoms, index=frame.index))
    one, other = (Orientation().compute(part).result for part in (frames, moved))
    np.testing.assert_allclose(one.reorientation.correlation, other.reorientation.correlation, atol=1e-9)
    np.testing.assert_allclose(one.mean_tilts_deg, other.mean_tilts_deg, atol=1e-6)


def bridged(turned: Rotation) -> Atoms:
    """One imidazolate on the line between two zincs 6.2 Å apart, turned about its middle."""
    ring = np.array([[-1.11, 0, 0], [0, 0.72, 0], [1.11, 0, 0], [0.69, -1.3, 0], [-0.69, -1.3, 0]])
    hydrogen = np.array([[0, 1.8, 0], [1.4, -2.1, 0], [-1.4, -2.1, 0]])
    positions = np.vstack((turned.apply(np.vstack((ring, hydrogen))), [[-3.1, 0, 0], [3.1, 0, 0]]))
    return Atoms("NCNCCH3Zn2", positions=positions + 1.0, cell=[14.0, 15.0, 16.0], pbc=True)


@pytest.mark.parametrize(
    ("about", "expected"), [((0, 1, 0), (12, 12, 0)), ((0, 0, 1), (12, 0, 12)), ((1, 0, 0), (0, 0, 0))]
)
def test_tilt_between_two_zincs(about: tuple[int, int, int], expected: tuple[int, int, int]) -> None:
    turned = Rotation.from_rotvec(np.radians(12.0) * np.array(about, dtype=float))
    result = Orientation().compute(bridged(turned)).result
    np.testing.assert_allclose(result.tilts_deg, expected, atol=1e-5)
    np.testing.assert_allclose(result.linker_tilts_deg, [expected], atol=1e-5)
    assert result.tilt_density_per_deg[0].sum() * 2.0 == pytest.approx(1.0)
    # A linker that lost a zinc has no tilt.
    loose = bridged(turned)
    del loose[-1]
    assert np.isnan(Orientation().compute(loose).result.tilts_deg).all()


def test_the_crystal_is_hardly_tilted() -> None:
    summary = Orientation().compute(structures.load("ZIF-4")).result.summary()
    assert summary["mean_tilt_deg"] < 3.0
    assert summary["reorientation_time_p1_axis_ps"] is None or np.isnan(
        summary["reorientation_time_p1_axis_ps"]
    )
    assert summary["n_linkers"] == 32


def test_a_ring_that_comes_apart_is_left_out(turning: Turning) -> None:
    frames = list(turning.frames(lambda _: Rotation.identity(turning.n), 12))
    for frame in frames[6:]:
        frame.positions[turning.ring[3, 1]] += 4.0
    result = Orientation().compute(frames).result
    assert result.n_lost == 1
    np.testing.assert_allclose(result.reorientation.correlation, 1.0, atol=1e-12)


@pytest.mark.parametrize("n_frames", [5, 40, 300])
def test_every_lag_meets_the_frame_it_should(n_frames: int) -> None:
    earlier = EarlierFrames((2,))
    lags = earlier.lags
    met = np.zeros(len(lags), dtype=int)
    for k in range(n_frames):
        for places, values in earlier.compare(np.array([k, -k], dtype=float)):
            np.testing.assert_array_equal(values[:, 0], k - lags[places])
            np.testing.assert_array_equal(values[:, 1], lags[places] - k)
            met[places] += 1
    spacing = 2 ** np.maximum(0, np.ceil(np.log2(lags / 16))).astype(int)
    np.testing.assert_array_equal(met, np.maximum(0, (n_frames - 1) // spacing - lags // spacing + 1))


def test_fit_of_known_decays() -> None:
    t = np.arange(1, 400) * 0.1
    rate, amplitude, integral = reorientation_fit(t, 0.8 * np.exp(-t / 5.0))
    assert (rate, amplitude) == (pytest.approx(0.2), pytest.approx(0.8))
    # The fast decay from 1 to 0.8 within the first interval is integrated too.
    assert integral == pytest.approx(0.8 * 5.0 + 0.1 * 0.1, abs=0.02)
    # A plateau: a slow rate at most, and no integral.
    rate, amplitude, integral = reorientation_fit(t, np.full(len(t), 0.9))
    assert rate == pytest.approx(0.0, abs=1e-9)
    assert np.isnan(integral)


def test_several_glasses(turning: Turning) -> None:
    slow, fast = (
        Orientation()
        .compute(turning.frames(lambda k, w=w: Rotation.from_rotvec(w * k * turning.axes.normal), 30))
        .result
        for w in (0.01, 0.05)
    )
    both = OrientationResult.combine([slow, fast])
    expected = (slow.reorientation.correlation + fast.reorientation.correlation) / 2
    np.testing.assert_allclose(both.reorientation.correlation, expected)
    spread = np.abs(slow.reorientation.correlation - fast.reorientation.correlation) / 2
    np.testing.assert_allclose(both.reorientation.correlation_error, spread, atol=1e-12)
    assert both.summary()["n_glasses"] == 2
    assert len(both.panels()) == 4


def test_bad_input(turning: Turning) -> None:
    frames = list(turning.frames(lambda _: Rotation.identity(turning.n), 6))
    with pytest.raises(InputError, match="evenly spaced"):
        Orientation().compute([frames[0], frames[1], frames[5]])
    with pytest.raises(InputError, match="has no time"):
        Orientation().compute([turning.atoms, turning.atoms])
    with pytest.raises(InputError, match="no intact imidazolate"):
        Orientation().compute(Atoms("Zn", cell=[9.0] * 3, pbc=True))


def test_on_the_command_line(turning: Turning, tmp_path: Path) -> None:
    axes = turning.axes.normal
    with H5MDWriter(tmp_path / "t.h5", turning.atoms.numbers) as writer:
        for frame in turning.frames(lambda k: Rotation.from_rotvec(0.02 * k * axes), 20):
            writer.append(frame.index * 100, frame.time_ps, frame.positions, frame.cell)
    words = ["analyse", "orientation", str(tmp_path / "t.h5"), "--json", "-o", str(tmp_path / "out")]
    done = CliRunner().invoke(main, words, catch_exceptions=False)
    summary = json.loads(done.stdout)
    assert summary["p1_axis_at_longest_lag"] == pytest.approx(np.cos(0.2), abs=1e-5)
    names = {path.name for path in (tmp_path / "out").glob("*.csv")}
    assert {"orientation.csv", "orientation_correlations.csv", "orientation_linkers.csv"} <= names
