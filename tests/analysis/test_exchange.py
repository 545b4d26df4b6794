"""Exchange events planted in the real crystal at known times; lifetimes, waiting times with known answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ase import Atoms
from click.testing import CliRunner
from scipy.spatial.transform import Rotation

from mofglass import structures
from mofglass.analysis import Exchange, ExchangeResult
from mofglass.analysis.bond_changes import BondChanges, BondTracker
from mofglass.analysis.exchange_events import ExchangeKind, exchange_events
from mofglass.analysis.exchange_result import judged
from mofglass.analysis.linker_sites import fold_linkers, linker_orbits
from mofglass.analysis.survival import kaplan_meier, mean_lifetime, waiting_time
from mofglass.cli import main
from mofglass.errors import InputError
from mofglass.frame import Frame
from mofglass.topology import Network, neighbour_list, perceive
from mofglass.trajectory import H5MDWriter

DT = 0.1
N_FRAMES = 200
Pose = np.ndarray


class Crystal:
    """ZIF-4 whose linkers can be swung off a zinc, turned round, taken away or put in another's place."""

    def __init__(self) -> None:
        self.atoms: Atoms = structures.load("ZIF-4")
        self.network: Network = perceive(self.atoms)
        linkers = self.network.linkers
        self.whole = self.atoms.positions + linkers.offset @ self.atoms.cell.array
        self.members = [linkers.atoms_of(k) for k in range(len(linkers))]
        self.ring = linkers.ring
        self.metal_of = dict(
            zip(self.network.edge_nitrogen.tolist(), self.network.edge_metal_atom.tolist(), strict=True)
        )

    def home(self, linker: int) -> Pose:
        return self.whole[self.members[linker]]

    def turned(self, linker: int) -> Pose:
        """Half a turn about the two-fold axis: each nitrogen where the other was."""
        n1, c2, n3 = self.whole[self.ring[linker, :3]]
        middle = (n1 + n3) / 2
        half_turn = Rotation.from_rotvec(np.pi * (c2 - middle) / np.linalg.norm(c2 - middle))
        return middle + half_turn.apply(self.home(linker) - middle)

    def swung(self, linker: int, pose: Pose | None = None, *, about: int = 2) -> Pose:
        """Turned about one ring nitrogen (N3, or N1 with about=0) until the other is off every zinc."""
        pose = self.home(linker) if pose is None else pose
        place = {int(atom): k for k, atom in enumerate(self.members[linker])}
        pivot, free = (place[int(self.ring[linker, k])] for k in ((2, 0) if about == 2 else (0, 2)))
        for angle in np.linspace(0.6, 2.6, 21):
            for axis in np.vstack((np.eye(3), -np.eye(3))):
                moved = pose[pivot] + Rotation.from_rotvec(angle * axis).apply(pose - pose[pivot])
                if self._free(moved[free]):
                    return moved
        raise AssertionError("no room")

    def away(self, linker: int) -> Pose:
        """Moved off to where neither nitrogen is near a zinc."""
        place = [int(np.flatnonzero(self.members[linker] == self.ring[linker, k])[0]) for k in (0, 2)]
        for shift in np.random.default_rng(0).uniform(-6, 6, (1000, 3)):
            moved = self.home(linker) + shift
            if all(self._free(moved[k]) for k in place):
                return moved
        raise AssertionError("no room")

    def docked(self, linker: int, on: int) -> Pose:
        """One linker's N1 where another's N1 was; its N3 free."""
        own, other = self.whole[self.ring[linker]], self.whole[self.ring[on]]
        turn, _ = Rotation.align_vectors(other - other.mean(axis=0), own - own.mean(axis=0))
        pose = other.mean(axis=0) + turn.apply(self.home(linker) - own.mean(axis=0))
        n1 = int(np.flatnonzero(self.members[linker] == self.ring[linker, 0])[0])
        pose += self.whole[self.ring[on, 0]] - pose[n1]
        return self.swung(linker, pose, about=0)

    def _free(self, point: np.ndarray) -> bool:
        probe = Atoms("N", positions=[point], cell=self.atoms.cell, pbc=True)
        probe += self.atoms[self.atoms.numbers == 30]
        return 0 not in neighbour_list(probe, 3.2).i

    def frames(self, plan: dict[int, Callable[[int], Pose]]) -> Iterator[Frame]:
        for k in range(N_FRAMES):
            positions = self.atoms.positions.copy()
            for linker, pose in plan.items():
                positions[self.members[linker]] = pose(k)
            yield Frame(self.atoms.numbers, positions, self.atoms.cell.array, index=k, time_ps=5.0 + DT * k)


@pytest.fixture(scope="module")
def crystal() -> Crystal:
    return Crystal()


class Plant:
    """The planted trajectory, and what is in it."""

    def __init__(self, crystal: Crystal) -> None:
        self.crystal = crystal
        swing, turn, lost, taker, flicker, end, late, start, early = self._linkers()
        self.swing, self.turn, self.lost, self.taker = swing, turn, lost, taker
        self.flicker, self.start = flicker, start

        def switch(linker: int, *times: tuple[int, Pose]) -> Callable[[int], Pose]:
            return lambda k: next(pose for frame, pose in reversed(times) if k >= frame)

        home, swung = crystal.home, crystal.swung
        flickers = [(0, home(flicker))]
        for at in (100, 110, 120):
            flickers += [(at, swung(flicker)), (at + 4, home(flicker))]
        self.plan = {
            swing: switch(swing, (0, home(swing)), (30, swung(swing)), (50, home(swing))),
            turn: switch(turn, (0, home(turn)), (40, crystal.away(turn)), (55, crystal.turned(turn))),
            lost: switch(lost, (0, home(lost)), (60, swung(lost))),
            taker: switch(
                taker, (0, home(taker)), (70, crystal.away(taker)), (80, crystal.docked(taker, lost))
            ),
            flicker: switch(flicker, *flickers),
            end: switch(end, (0, home(end)), (170, swung(end))),
            late: switch(late, (0, home(late)), (197, swung(late))),
            start: switch(start, (0, swung(start)), (20, home(start))),
            early: switch(early, (0, swung(early)), (3, home(early))),
        }

    def _linkers(self) -> list[int]:
        """Nine linkers whose changes concern different zincs: both ends of the second and fourth."""
        both = (1, 3)
        chosen: list[int] = []
        used: set[int] = set()
        for place in range(9):
            for linker in range(32):
                ends = self.crystal.ring[linker, [0, 2]] if place in both else self.crystal.ring[linker, [0]]
                metals = {self.crystal.metal_of[int(n)] for n in ends}
                if linker not in chosen and not metals & used:
                    chosen.append(linker)
                    used |= metals
                    break
        assert len(chosen) == 9
        return chosen

    def nitrogens(self, linker: int) -> tuple[int, int]:
        n1, _, n3 = self.crystal.ring[linker, :3].tolist()
        return n1, n3


@pytest.fixture(scope="module")
def plant(crystal: Crystal) -> Plant:
    return Plant(crystal)


@pytest.fixture(scope="module")
def result(crystal: Crystal, plant: Plant) -> ExchangeResult:
    return Exchange(residence_time_ps=0.5).compute(crystal.frames(plant.plan)).result


def test_planted_events_are_found_at_their_times(
    crystal: Crystal, plant: Plant, result: ExchangeResult
) -> None:
    found = {tuple(row) for row in result.to_dataframe().round(9).drop(columns="glass").to_numpy().tolist()}
    metal_of = crystal.metal_of
    (s1, _), (t1, t3), (l1, _), (d1, _) = map(
        plant.nitrogens, (plant.swing, plant.turn, plant.lost, plant.taker)
    )
    swing, turn, lost, taker = plant.swing, plant.turn, plant.lost, plant.taker
    assert found == {
        ("same_nitrogen", metal_of[s1], s1, s1, swing, swing, 8.0, 10.0, 2.0),
        ("same_linker", metal_of[t1], t1, t3, turn, turn, 9.0, 10.5, 1.5),
        ("same_linker", metal_of[t3], t3, t1, turn, turn, 9.0, 10.5, 1.5),
        ("other_linker", metal_of[l1], l1, d1, lost, taker, 11.0, 13.0, 2.0),
    }


def test_recrossings_and_both_ends(result: ExchangeResult) -> None:
    summary = result.summary()
    # swing 1, turn 2, lost 1, taker 2, end 1; not the three flickers, nor the one too late to be told.
    assert summary["n_breaks"] == 7
    # Unfiltered the three flickers too; what happens in the last frames is outside the stretch observed.
    assert summary["n_breaks_unfiltered"] == 10
    assert summary["n_recrossings"] == 3
    # Both ends of the linker that went away to dock elsewhere, and the break near the end.
    assert summary["n_unrestored"] == 3
    assert summary["n_restored_unseen"] == 1
    assert summary["n_associative"] == summary["n_failed_associations"] == 0
    assert summary["observed_ps"] == pytest.approx((N_FRAMES - 9) * DT)
    assert summary["mean_waiting_time_same_linker_ps"] == pytest.approx(19.1 / 2)
    assert summary["mean_waiting_time_break_ps"] == pytest.approx(19.1 / 7)
    assert summary["first_event_other_linker_ps"] == pytest.approx(8.0)
    assert summary["restoration_time_same_linker_ps"] == pytest.approx(1.5)


def test_without_a_residence_time_all_is_seen(crystal: Crystal, plant: Plant) -> None:
    summary = Exchange(residence_time_ps=0.0).compute(crystal.frames(plant.plan)).result.summary()
    assert summary["n_breaks"] == 7 + 3 + 1
    assert summary["n_recrossings"] == 0
    assert summary["n_events_same_nitrogen"] == 1 + 3
    # Two zincs lacked a nitrogen at the start, and got it.
    assert summary["n_restored_unseen"] == 2
    assert summary["observed_ps"] == pytest.approx((N_FRAMES - 1) * DT)


def test_lifetimes_of_three_coordinate_zinc(result: ExchangeResult) -> None:
    summary = result.summary()
    # Time spent: seen whole 2.0 (swing), 1.5 twice (turn), 2.0 (lost); from the start until frame 20, known
    # from frame 4; from frames 70, 70 (taker) and 170 until frame 195, the last that could be decided.
    whole, at_start, at_end = [2.0, 1.5, 1.5, 2.0], [1.6], [12.5, 12.5, 2.5]
    spent = sum(whole + at_start + at_end)
    assert summary["n_three_coordinate"] == 8
    assert summary["three_coordinate_lifetime_ps"] == pytest.approx(spent / 5)
    assert summary["three_coordinate_fraction"] == pytest.approx(spent / (16 * 19.1))
    # The age of the first is unknown: the curve is of the others, of 7 two die at 1.5, of 5 two at 2.0.
    table = result.tables()["exchange_survival"]
    curve = table[table.curve == "three-coordinate"]
    np.testing.assert_allclose(curve.time_ps, [0, 1.5, 2.0])
    np.testing.assert_allclose(curve.survival, [1, 5 / 7, 5 / 7 * 3 / 5])
    assert curve.n_at_risk.tolist() == [7, 7, 5]


def test_effect_of_the_frame_interval(result: ExchangeResult, crystal: Crystal) -> None:
    summary = result.summary()
    by_interval = summary["by_frame_interval_ps"]
    assert list(by_interval) == ["0.1", "0.2", "0.4"]
    for row in by_interval.values():
        assert [row[f"n_events_{kind}"] for kind in ExchangeKind] == [1, 2, 1]
    assert summary["ratio_at_twice_the_frame_interval"]["same_linker_rate"] == pytest.approx(19.1 / 19.0)

    # A linker that swings away for one frame in five: a recording of every second frame misses half of it,
    # one of every fourth three quarters.
    linker = 0
    home, swung = crystal.home(linker), crystal.swung(linker)
    frames = crystal.frames({linker: lambda k: swung if k % 5 == 2 else home})
    quick = Exchange(residence_time_ps=0.0).compute(frames).result.summary()
    assert quick["n_events_same_nitrogen"] == 40
    rates = quick["by_frame_interval_ps"]
    assert [rates[dt]["n_events_same_nitrogen"] for dt in ("0.1", "0.2", "0.4")] == [40, 20, 10]
    assert quick["ratio_at_twice_the_frame_interval"]["same_nitrogen_rate"] == pytest.approx(0.5, rel=0.01)


def test_breaks_at_each_linker(crystal: Crystal, plant: Plant, result: ExchangeResult) -> None:
    table = result.linkers.set_index("linker")
    assert table.n_breaks.sum() == 7
    assert table.n_breaks[plant.turn] == table.n_same_linker[plant.turn] == 2
    assert table.n_other_linker[plant.lost] == 1
    assert table.n_breaks[plant.flicker] == 0
    assert np.isnan(table.break_interval_ps[plant.flicker])
    assert table.break_interval_ps[plant.turn] == pytest.approx(19.1 / 2)
    n1, n3 = sorted(plant.nitrogens(plant.turn))
    assert table.nitrogens[plant.turn] == f"{n1} {n3}"


def test_labile_orbits_are_told_from_stable_ones(crystal: Crystal) -> None:
    # Of the four orbits of eight linkers one swings often, one never, the others at the mean of the two.
    orbit = linker_orbits(crystal.atoms, crystal.network.linkers)
    assert np.bincount(orbit).tolist() == [8, 8, 8, 8]
    period = {0: 10, 1: None, 2: 20, 3: 20}
    plan = {}
    for linker in range(32):
        every = period[int(orbit[linker])]
        if every is not None:
            poses = crystal.home(linker), crystal.swung(linker)
            plan[linker] = lambda k, every=every, poses=poses: poses[k % every >= every // 2]
    result = Exchange(residence_time_ps=0.2, reference=structures.load("ZIF-4")).compute(crystal.frames(plan))
    groups = result.result.groups().set_index("group")
    assert groups.lability.tolist() == ["labile", "stable", "intermediate", "intermediate"]
    assert result.result.summary()["linkers_by_lability"] == {"stable": 8, "intermediate": 16, "labile": 8}
    assert groups.n_breaks.tolist() == [160, 0, 80, 80]
    assert groups.break_interval_ps[0] == pytest.approx(8 * 19.7 / 160)
    assert set(result.result.linkers.colour) == {"#0072b2", "#bdbdbd", "#d55e00"}


def test_what_chance_does_is_not_called_labile() -> None:
    random = np.random.default_rng(3)

    def called(n_linkers: int, n_groups: int, n_breaks: int) -> bool:
        groups = np.arange(n_linkers) % n_groups
        breaks = np.bincount(random.integers(n_linkers, size=n_breaks), minlength=n_linkers)
        table = judged(pd.DataFrame({"group": groups, "n_breaks": breaks}), 100.0)
        return bool((table["lability"] != "intermediate").any())

    for n_groups in (4, 32):
        assert not called(32, n_groups, 1)
        assert sum(called(32, n_groups, 40) for _ in range(200)) <= 20


def test_a_supercell_folds_onto_the_sites_of_its_cell() -> None:
    unit = structures.load("ZIF-4")
    big = unit.repeat((2, 1, 2))
    sites_by_order = np.tile(perceive(unit).linkers.linker_of, 4)
    random = np.random.default_rng(3)
    big.positions += random.normal(scale=0.15, size=big.positions.shape)
    big.wrap()
    linkers = perceive(big).linkers
    by_atom = np.array([sites_by_order[linkers.atoms_of(k)[0]] for k in range(len(linkers))])
    by_place = fold_linkers(linkers, big.cell.array, (2, 1, 2))
    assert len(set(zip(by_atom.tolist(), by_place.tolist(), strict=True))) == 32
    # Seen by the analysis, from the unit cell as reference, and from the first frame.
    frames = [Frame.from_atoms(big, index=k) for k in range(3)]
    shared = {"residence_time_ps": 0.0, "frame_interval_ps": DT}
    known = Exchange(reference=unit, **shared).compute(frames).result.linkers  # type: ignore[arg-type]
    assert known.site.tolist() == by_atom.tolist()
    assert known.group.value_counts().tolist() == [32] * 4
    folded = Exchange(cell_repeats=(2, 1, 2), **shared).compute(frames).result.linkers  # type: ignore[arg-type]
    assert folded.group.value_counts().tolist() == [4] * 32
    with pytest.raises(InputError, match="check --cell-repeats"):
        Exchange(cell_repeats=(1, 2, 2), **shared).compute(frames)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="are not those of the reference"):
        Exchange(reference=structures.load("ZIF-8"), **shared).compute(frames)  # type: ignore[arg-type]


def changes_of(*changes: tuple[int, int, bool], initial: tuple[int, ...] = (10, 11, 12, 13)) -> BondChanges:
    """Bonds of metal 1 of 10 atoms: keys 10 to 19."""
    frame, key, formed = (np.array(column) for column in zip(*changes, strict=True))
    return BondChanges(np.array(initial), frame, key, formed, 0, 100)


def test_which_bond_replaces_which() -> None:
    linker_of = np.array([0, 0, 1, 1, 2, 2, 3, 3, 4, 4])
    # Two places empty and strangers come: the oldest place is filled first.
    events = exchange_events(
        changes_of((1, 10, False), (2, 12, False), (5, 14, True), (7, 13 + 6, True)), linker_of
    )
    assert [(e.kind, e.broken_nitrogen, e.formed_nitrogen) for e in events.exchanges] == [
        ("other_linker", 0, 4),
        ("other_linker", 2, 9),
    ]
    # Two places empty: the bond goes to its own linker's, though another broke first.
    events = exchange_events(
        changes_of((1, 14, False), (2, 12, False), (4, 13, True), initial=(10, 11, 12, 14)), linker_of
    )
    assert [(e.kind, e.broken_nitrogen, e.formed_nitrogen) for e in events.exchanges] == [
        ("same_linker", 2, 3)
    ]
    assert events.n_unrestored == 1
    # Broken and replaced within one frame interval: no three-coordinate metal was seen.
    events = exchange_events(changes_of((3, 14, True), (3, 10, False)), linker_of)
    assert events.exchanges[0][3:] == (4, 3, 3)
    assert events.episodes == ()
    # Five bonds for a while, then another one goes: the new bond has replaced it.
    events = exchange_events(changes_of((3, 14, True), (8, 10, False)), linker_of)
    assert events.exchanges[0].kind == ExchangeKind.OTHER_LINKER
    assert (events.exchanges[0].break_frame, events.exchanges[0].formed_frame) == (8, 3)
    # Five bonds for a while, and the new one goes again: nothing was exchanged.
    events = exchange_events(changes_of((3, 14, True), (8, 14, False)), linker_of)
    assert events.exchanges == ()
    assert events.n_failed_associations == 1
    # Three-coordinate, then two: the visit ends all the same.
    events = exchange_events(changes_of((3, 10, False), (8, 11, False), (9, 11, True)), linker_of)
    assert [e[1:] for e in events.episodes] == [(3, 8, True, True, 2), (9, 100, True, False, 3)]


@pytest.mark.parametrize("n_residence", [1, 2, 5])
def test_tracker_agrees_with_the_whole_series(n_residence: int) -> None:
    # Random telegraphs, filtered all at once: runs shorter than the residence time are left out.
    random = np.random.default_rng(n_residence)
    series = np.cumsum(random.random((400, 30)) < 0.15, axis=0) % 2 == 1
    tracker = BondTracker(n_residence)
    for row in series:
        tracker.update(np.flatnonzero(row))
    found = tracker.changes
    expected, initial = set(), set()
    for key, column in enumerate(series.T):
        starts = np.flatnonzero(np.diff(column.astype(int), prepend=2))
        lengths = np.diff(np.append(starts, len(column)))
        state = None
        for start, length in zip(starts, lengths, strict=True):
            if length >= n_residence and column[start] != state:
                if state is not None:
                    expected.add((int(start), key, bool(column[start])))
                elif column[start]:
                    initial.add(key)
                state = column[start]
    assert len(expected) > 100
    assert set(zip(found.frame.tolist(), found.key.tolist(), found.formed.tolist(), strict=True)) == expected
    assert set(found.initial.tolist()) == initial
    assert (np.diff(found.frame) >= 0).all()
    assert found.frame.min() > found.first_frame
    assert found.frame.max() <= found.last_frame


def test_survival_of_exponential_lifetimes_cut_short() -> None:
    random = np.random.default_rng(5)
    life, cut = random.exponential(3.0, 4000), random.uniform(0, 8.0, 4000)
    seen, died = np.minimum(life, cut), life <= cut
    curve = kaplan_meier(seen, died)
    known = curve.n_at_risk > 50
    z = (curve.survival - np.exp(-curve.time_ps / 3.0))[known][1:] / curve.survival_error[known][1:]
    assert np.abs(z).max() < 4
    assert curve.median_ps == pytest.approx(3.0 * np.log(2), rel=0.06)
    lifetime, error = mean_lifetime(seen, died)
    assert abs(lifetime - 3.0) < 3 * error
    assert error == pytest.approx(3.0 / np.sqrt(died.sum()), rel=0.1)


def test_survival_by_hand() -> None:
    # Freireich's patients on 6-mercaptopurine, the textbook case; + for those still well.
    weeks = [6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    died = [True] * 9 + [False] * 12
    curve = kaplan_meier(np.array(weeks), np.array(died))
    np.testing.assert_allclose(
        curve.survival[1:], [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448], atol=6e-4
    )
    np.testing.assert_allclose(curve.survival_error[1:4], [0.0764, 0.0869, 0.0963], atol=6e-4)
    assert mean_lifetime(np.array(weeks), np.array(died))[0] == pytest.approx(359 / 9)


def test_waiting_time_and_its_error() -> None:
    random = np.random.default_rng(2)
    estimates = [
        waiting_time(np.sort(random.uniform(0, 100, random.poisson(50))), 0, 100) for _ in range(400)
    ]
    waiting, errors = np.array(estimates).T
    assert np.mean(100 / waiting) == pytest.approx(50, rel=0.02)
    assert np.mean(errors) == pytest.approx(np.std(waiting), rel=0.25)
    # Events in bursts of five are known as badly as their bursts.
    bursts = [
        waiting_time(np.repeat(random.uniform(0, 100, random.poisson(20)), 5), 0, 100) for _ in range(400)
    ]
    waiting, errors = np.array(bursts).T
    assert np.mean(errors) == pytest.approx(np.std(waiting), rel=0.35)
    assert np.isnan(waiting_time(np.empty(0), 0, 100)).all()


def test_several_glasses(crystal: Crystal, plant: Plant, result: ExchangeResult) -> None:
    still = Exchange(residence_time_ps=0.5).compute(crystal.frames({})).result
    assert still.summary()["n_breaks"] == 0
    assert np.isnan(still.summary()["three_coordinate_lifetime_ps"])
    both = ExchangeResult.combine([result, still])
    summary = both.summary()
    assert summary["n_events_same_linker"] == 2
    assert summary["mean_waiting_time_same_linker_ps"] == pytest.approx(19.1)
    # Rates 2/19.1 and 0: the error of their mean is the mean itself.
    assert summary["mean_waiting_time_same_linker_ps_error"] == pytest.approx(19.1)
    assert summary["n_glasses"] == 2
    assert both.linkers.break_interval_ps[plant.turn] == pytest.approx(19.1)
    assert both.panels()[0].curves


def test_bad_input(crystal: Crystal) -> None:
    frames = list(crystal.frames({}))
    with pytest.raises(InputError, match="longer than twice the residence time"):
        Exchange(residence_time_ps=0.5).compute(frames[:9]).result.summary()
    with pytest.raises(InputError, match="evenly spaced"):
        Exchange().compute([frames[0], frames[1], frames[5]])
    with pytest.raises(InputError, match="has no time"):
        Exchange().compute([crystal.atoms, crystal.atoms])
    with pytest.raises(InputError, match="holds no Co"):
        Exchange(metal="Co").compute(frames[0])
    with pytest.raises(InputError, match="give 0 or more"):
        Exchange(residence_time_ps=-1)


def test_on_the_command_line(crystal: Crystal, plant: Plant, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    with H5MDWriter(run / "trajectory.h5", crystal.atoms.numbers) as writer:
        for frame in crystal.frames(plant.plan):
            writer.append(frame.index * 200, frame.time_ps, frame.positions, frame.cell)
    structures.write_structure(run / "initial.extxyz", crystal.atoms)
    words = [
        "analyse",
        "exchange",
        str(run),
        "--residence-time",
        "0.5",
        "--json",
        "-o",
        str(tmp_path / "out"),
    ]
    done = CliRunner().invoke(main, words, catch_exceptions=False)
    summary = json.loads(done.stdout)
    assert [summary[f"n_events_{kind}"] for kind in ExchangeKind] == [1, 2, 1]
    # The orbits come from the initial structure in the run directory.
    assert summary["groups_of_linkers"] == 4
    names = {path.name for path in (tmp_path / "out").glob("*.csv")}
    assert {"exchange.csv", "exchange_linkers.csv", "exchange_groups.csv", "exchange_survival.csv"} <= names
