"""One pass feeds all analyses; several trajectories are glasses."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ase import Atoms
from ase.build import bulk
from ase.io import write

from mofglass import structures
from mofglass.analysis import (
    RDF,
    BondAngle,
    Coordination,
    Density,
    FrameData,
    Linkers,
    measure,
    measure_glasses,
    standard_set,
)
from mofglass.analysis import frame_data as frame_data_module
from mofglass.errors import InputError, MofglassError
from mofglass.frame import Frame
from mofglass.trajectory import FrameSequence


@pytest.fixture(scope="module")
def crystal() -> Atoms:
    return structures.load("ZIF-4")


def shaken(crystal: Atoms, n_frames: int, seed: int = 0) -> FrameSequence:
    random = np.random.default_rng(seed)
    return FrameSequence(
        [
            Frame(
                crystal.numbers,
                crystal.positions + random.normal(scale=0.05, size=crystal.positions.shape),
                np.asarray(crystal.cell),
                index=k,
                time_ps=k * 0.1,
            )
            for k in range(n_frames)
        ]
    )


def test_neighbours_and_network_are_found_once_a_frame(
    crystal: Atoms, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = {"neighbour_list": 0, "perceive": 0, "distance_histogram": 0}
    for name in calls:
        original = getattr(frame_data_module, name)

        def counted(*args, _name=name, _original=original, **keywords):  # type: ignore[no-untyped-def]
            calls[_name] += 1
            return _original(*args, **keywords)

        monkeypatch.setattr(frame_data_module, name, counted)
    analyses, _ = standard_set(crystal.numbers, temperature_K=300.0)
    analyses["second"] = Coordination(pair=("N", "Zn"), cutoff_A=2.2)
    analyses["third"] = BondAngle(triple=("C", "N", "C"), cutoff_A=1.6)
    analyses["fourth"] = Linkers()
    measure(shaken(crystal, 3), analyses)
    # Distances twice: g(r) ends at 10 Å, that of S(Q) at 15 Å.
    assert calls == {"neighbour_list": 3, "perceive": 3, "distance_histogram": 6}


def test_the_set_equals_its_parts_alone(crystal: Atoms) -> None:
    frames = shaken(crystal, 5)
    analyses, skipped = standard_set(crystal.numbers, temperature_K=300.0)
    results, not_made = measure(frames, analyses, strict=False)
    assert not skipped
    assert not not_made
    assert list(results) == [
        "rdf",
        "pmf",
        "bond_angle",
        "coordination",
        "peak_width",
        "linkers",
        "bridges",
        "rings",
        "orientation",
        "msd",
        "density",
        "local_density",
        "density_profile",
        "scattering",
    ]
    alone = Coordination().compute(frames).result
    assert results["coordination"].summary() == alone.summary()
    np.testing.assert_array_equal(
        results["rdf"].to_dataframe().to_numpy(), RDF().compute(frames).result.to_dataframe().to_numpy()
    )


def test_frames_are_read_once_and_one_at_a_time(crystal: Atoms) -> None:
    alive: list[int] = []

    def stream():  # type: ignore[no-untyped-def]
        for k in range(4):
            alive.append(k)
            yield Frame(crystal.numbers, crystal.positions, np.asarray(crystal.cell), index=k)

    done: list[int] = []
    measure(stream(), {"density": Density(), "coordination": Coordination()}, progress=done.append)
    assert alive == [0, 1, 2, 3]
    assert done == [1, 2, 3, 4]


def test_what_does_not_apply_is_told(crystal: Atoms) -> None:
    analyses, skipped = standard_set(crystal.numbers)
    measured = measure_glasses([crystal], analyses, strict=False)
    assert "--temperature" in skipped["pmf"]
    assert "three frames" in measured.skipped["msd"]
    assert "msd" not in measured.results
    assert measured.summary()["skipped"] == measured.skipped


def test_a_metal_without_nitrogen() -> None:
    atoms = bulk("Si", cubic=True)
    analyses, skipped = standard_set(atoms.numbers, temperature_K=300.0)
    assert set(skipped) == {
        "pmf",
        "bond_angle",
        "coordination",
        "peak_width",
        "linkers",
        "bridges",
        "orientation",
        "rings",
    }
    results, not_made = measure(atoms, analyses, strict=False)
    assert set(results) == {"rdf", "density", "density_profile", "scattering"}
    assert "one box" in not_made["local_density"]


def test_strict_names_the_first_problem(crystal: Atoms) -> None:
    with pytest.raises(InputError, match="no Co"):
        measure(crystal, {"coordination": Coordination(pair=("Co", "N"))})


def test_no_frames() -> None:
    with pytest.raises(InputError, match="no frames"):
        measure([], {"density": Density()})


def test_glasses_are_averaged_with_errors_between_them(crystal: Atoms) -> None:
    analyses, _ = standard_set(crystal.numbers, temperature_K=300.0)
    glasses = [shaken(crystal, 4, seed) for seed in range(3)]
    measured = measure_glasses(glasses, analyses, strict=False)
    assert len(measured.glasses) == 3
    values = [glass["bond_angle"].summary()["standard_deviation_deg"] for glass in measured.glasses]
    summary = measured.results["bond_angle"].summary()
    assert summary["standard_deviation_deg"] == pytest.approx(np.mean(values))
    assert summary["standard_deviation_deg_error"] == pytest.approx(np.std(values, ddof=1) / np.sqrt(3))
    assert all(result.summary()["n_glasses"] == 3 for result in measured.results.values())
    # The analyses given are patterns, and see nothing themselves.
    assert all(analysis.n_frames == 0 for analysis in analyses.values())


def test_glasses_of_other_elements_are_refused(crystal: Atoms) -> None:
    with pytest.raises(InputError, match="other elements"):
        measure_glasses([crystal, bulk("Si")], {"density": Density()})


def test_the_shared_glasses_and_crystal_through_the_set(shared: Path) -> None:
    paths = sorted((shared / "glasses").glob("ZIF4_15glass*.cif"))
    glasses = [structures.load(path) for path in paths]
    analyses, _ = standard_set(glasses[0].numbers, temperature_K=300.0)
    summary = measure_glasses(glasses, analyses, strict=False).summary()
    crystal = structures.load(shared / "structures" / "ZIF4-RelaxedCell.cif")
    ordered = measure_glasses([crystal], analyses, strict=False).summary()
    assert ordered["coordination"]["mean_coordination"] == 4.0
    assert summary["coordination"]["mean_coordination"] == pytest.approx(3.95)
    # Castel 2024, Fig. 7: the glass is broader about the tetrahedral angle.
    assert ordered["bond_angle"]["mean_angle_deg"] == pytest.approx(109.4, abs=0.3)
    assert summary["bond_angle"]["mean_angle_deg"] == pytest.approx(109.4, abs=0.3)
    spread = "standard_deviation_deg"
    assert summary["bond_angle"][spread] > 1.5 * ordered["bond_angle"][spread]
    assert summary["rdf"]["pairs"]["Zn-N"]["first_peak_A"] == pytest.approx(2.0, abs=0.06)
    assert summary["linkers"]["fraction_intact"] == 1.0


def test_parts_of_the_set_merge_to_the_whole(crystal: Atoms) -> None:
    frames = list(shaken(crystal, 7))
    analyses, _ = standard_set(crystal.numbers, temperature_K=300.0)
    for name, analysis in analyses.items():
        first, second, whole = analysis.fresh(), analysis.fresh(), analysis.fresh()
        if not analysis.mergeable:
            assert name in ("msd", "orientation", "local_density")
            with pytest.raises(InputError, match="in order"):
                first.merge(second)
            continue
        merged = first.compute(frames[:3]).merge(second.compute(frames[3:])).result
        expected = whole.compute(frames).result
        for column, values in expected.to_dataframe().items():
            if "error" in str(column) or values.dtype.kind not in "iuf":
                continue
            np.testing.assert_allclose(merged.to_dataframe()[column], values, rtol=1e-9, err_msg=name)


def test_frames_shared_out_give_the_numbers_of_one_process(crystal: Atoms) -> None:
    n_frames = 37  # Blocks of time of four frames, the last of one.
    frames = shaken(crystal, n_frames)
    analyses, _ = standard_set(crystal.numbers, temperature_K=300.0)
    one = measure_glasses([frames], analyses, strict=False)
    done: list[int] = []
    two = measure_glasses([frames], analyses, strict=False, jobs=2, progress=done.append)
    assert list(two.results) == list(one.results) == list(analyses)
    assert done[-1] == n_frames
    assert len(done) > 2
    for name, result in one.results.items():
        for table_name, table in result.tables().items():
            pd.testing.assert_frame_equal(
                two.results[name].tables()[table_name], table, rtol=1e-9, atol=1e-12
            )


def test_what_cannot_be_made_is_told_by_processes_too(crystal: Atoms) -> None:
    analyses = {"cobalt": Coordination(pair=("Co", "N")), "density": Density()}
    measured = measure_glasses([shaken(crystal, 8)], analyses, strict=False, jobs=2)
    assert list(measured.results) == ["density"]
    assert "no Co" in measured.skipped["cobalt"]
    with pytest.raises(InputError, match="no Co"):
        measure(shaken(crystal, 8), {"cobalt": Coordination(pair=("Co", "N"))}, jobs=2)


class Deadly(Density):
    """An analysis under which the process ends in the fifth frame."""

    def _update(self, data: FrameData) -> None:
        if data.frame.index == 4:
            os.kill(os.getpid(), signal.SIGKILL)
        super()._update(data)


def test_the_death_of_a_process_is_one_error(crystal: Atoms) -> None:
    with pytest.raises(MofglassError, match=r"frames 4 to 4 could not be measured: .*SIGKILL.*--jobs"):
        measure(shaken(crystal, 8), {"density": Deadly()}, jobs=2)


def test_interrupted_no_process_stays(crystal: Atoms, tmp_path: Path) -> None:
    write(tmp_path / "long.extxyz", [frame.to_atoms() for frame in shaken(crystal, 8)] * 100)
    words = [sys.executable, "-m", "mofglass", "analyse", str(tmp_path / "long.extxyz"), "--jobs", "2"]
    # A process begun in the background of a shell ignores Ctrl-C, and its children do too.
    command = subprocess.Popen(
        words,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    children = Path(f"/proc/{command.pid}/task/{command.pid}/children")
    end = time.monotonic() + 60
    workers: list[str] = []
    while len(workers) < 2 and command.poll() is None and time.monotonic() < end:
        workers = children.read_text().split()
        time.sleep(0.1)
    time.sleep(0.5)
    command.send_signal(signal.SIGINT)
    command.communicate(timeout=60)
    assert command.returncode != 0
    assert len(workers) >= 2
    stats = [Path(f"/proc/{worker}/stat") for worker in workers]
    end = time.monotonic() + 30
    while any(stat.exists() and stat.read_text().rsplit(")", 1)[1].split()[0] != "Z" for stat in stats):
        assert time.monotonic() < end, "a process was left behind"
        time.sleep(0.1)


def test_an_empty_part_merges(crystal: Atoms) -> None:
    full = Coordination().compute(crystal)
    assert Coordination().merge(full).result.mean_coordination == 4.0
    assert full.merge(Coordination()).n_frames == 1
