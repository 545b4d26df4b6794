"""Labelling: by a potential, resumed after kill -9, failures kept with their reasons."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from mofglass.datasets import open_dataset
from mofglass.datasets.label import label_frames
from mofglass.datasets.labelling_directory import LabellingDirectory
from mofglass.datasets.labels import LabellingError, Labels, PotentialLabeller
from mofglass.datasets.unlabelled import read_frames
from mofglass.errors import InputError
from mofglass.potentials import get_potential
from mofglass.potentials.calculator import make_calculator


def argon(n_frames: int, seed: int = 0) -> list[Atoms]:
    frames = []
    for k in range(n_frames):
        atoms = bulk("Ar", "fcc", a=5.3, cubic=True) * (2, 2, 2)
        atoms.rattle(0.1, seed=seed + k)
        atoms.info = {"source": f"run{k % 2}", "temperature_K": 80.0 + k}
        frames.append(atoms)
    return frames


@dataclass(frozen=True)
class Scripted:
    """Labels by what a frame's `info` asks for, so that every way of ending occurs."""

    log: str

    def describe(self) -> dict[str, Any]:
        return {"scripted": 1}

    def check(self, elements: list[str]) -> None:
        assert elements == ["Ar"]

    def label(self, atoms: Atoms, directory: Path) -> Labels:
        with open(self.log, "a") as stream:
            stream.write(f"{atoms.info['temperature_K']:g}\n")
        what = atoms.info.get("what", "")
        if what == "fail":
            raise LabellingError("the self-consistent field did not converge")
        if what == "die":
            os.kill(os.getpid(), signal.SIGSEGV)
        if what == "sleep":
            time.sleep(600)
        return Labels(atoms.info["temperature_K"], atoms.positions.copy(), None, {"by": "script"})


class Refusing(Scripted):
    def check(self, elements: list[str]) -> None:
        raise InputError("the frames cannot be labelled here")


def test_labels_of_a_potential_are_its_own(tmp_path):
    frames = argon(5)
    seen: list[int] = []
    standing = label_frames(frames, PotentialLabeller("lj"), tmp_path / "a", jobs=2, progress=seen.append)
    assert (standing.n_labelled, standing.n_failed, standing.n_remaining) == (5, 0, 0)
    assert seen == [1, 2, 3, 4, 5]
    dataset = open_dataset(tmp_path / "a" / "labelled.extxyz")
    calculator = make_calculator(get_potential("lj"))
    for number, (given, labelled) in enumerate(zip(frames, dataset, strict=True)):
        given.calc = calculator
        assert labelled.info["input_frame"] == number
        assert labelled.energy_eV == pytest.approx(given.get_potential_energy(), abs=1e-6)
        np.testing.assert_allclose(labelled.forces_eV_per_A, given.get_forces(), atol=2e-6)
        assert labelled.source == given.info["source"]
        assert labelled.temperature_K == given.info["temperature_K"]
        assert labelled.stress_eV_per_A3 is not None


def test_failed_and_killed_frames_keep_their_reasons_and_cost_no_other(tmp_path):
    frames = argon(5)
    frames[1].info["what"], frames[3].info["what"] = "fail", "die"
    log = tmp_path / "log"
    standing = label_frames(frames, Scripted(str(log)), tmp_path / "a")
    assert standing.n_labelled == 3
    assert standing.reasons == {
        "the self-consistent field did not converge": 1,
        "its process was ended by SIGSEGV": 1,
    }
    failed = ase.io.read(tmp_path / "a" / "failed.extxyz", index=":")
    assert [(atoms.info["input_frame"], atoms.info["failed"]) for atoms in failed] == [
        (1, "the self-consistent field did not converge"),
        (3, "its process was ended by SIGSEGV"),
    ]
    np.testing.assert_allclose(failed[0].positions, frames[1].positions, atol=1e-8)
    assert [frame.info["input_frame"] for frame in open_dataset(tmp_path / "a" / "labelled.extxyz")] == [
        0,
        2,
        4,
    ]
    # Called again it does nothing; asked to, it tries the failed ones alone.
    n_before = len(log.read_text().split())
    label_frames(frames, Scripted(str(log)), tmp_path / "a")
    assert len(log.read_text().split()) == n_before == 5
    label_frames(frames, Scripted(str(log)), tmp_path / "a", retry_failed=True)
    assert log.read_text().split()[5:] == ["81", "83"]


KILLED = """
import sys
sys.path.insert(0, {tests!r})
from test_label import Scripted, argon
from mofglass.datasets.label import label_frames
if __name__ == "__main__":
    frames = argon(6)
    frames[3].info["what"] = "sleep"
    label_frames(frames, Scripted({log!r}), {directory!r})
"""


def test_resumes_after_kill_9_and_leaves_no_process(tmp_path):
    log, directory, script = tmp_path / "log", tmp_path / "a", tmp_path / "run.py"
    script.write_text(KILLED.format(tests=str(Path(__file__).parent), log=str(log), directory=str(directory)))
    process = subprocess.Popen([sys.executable, str(script)])
    _wait_for(lambda: log.exists() and len(log.read_text().split()) == 4)
    worker = _children(process.pid)
    assert worker
    process.kill()
    assert process.wait() == -signal.SIGKILL
    _wait_for(lambda: not any(_alive(pid) for pid in worker))
    assert sorted(path.name for path in (directory / "results").iterdir()) == [
        "000000.json",
        "000001.json",
        "000002.json",
    ]
    assert not (directory / "labelled.extxyz").exists()
    frames = argon(6)
    frames[3].info["what"] = "sleep"
    # Of the interrupted labelling what is done can be had at once.
    assert LabellingDirectory(directory).collect().n_labelled == 3
    assert len(open_dataset(directory / "labelled.extxyz")) == 3
    # The frame that hung is made to fail by its file, as a user would not; the others are not done again.
    LabellingDirectory(directory).commit(3, "hung", 1.0)
    standing = label_frames(frames, Scripted(str(log)), directory)
    assert (standing.n_labelled, standing.n_failed) == (5, 1)
    assert log.read_text().split() == ["80", "81", "82", "83", "84", "85"]


def _wait_for(condition, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)


def _children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_directory_of_other_frames_or_another_method_is_refused(tmp_path):
    label_frames(argon(2), PotentialLabeller("lj"), tmp_path / "a")
    with pytest.raises(InputError, match="labels other frames"):
        label_frames(argon(2, seed=9), PotentialLabeller("lj"), tmp_path / "a")
    with pytest.raises(InputError, match="labels of another method"):
        label_frames(argon(2), Scripted(str(tmp_path / "log")), tmp_path / "a")


def test_goes_on_without_frames_whatever_their_info_says(tmp_path):
    frames = argon(3)
    for atoms, source in zip(frames, ("001", "1e3", "1 2 3"), strict=True):
        atoms.info = {
            "source": source,
            "temperature_K": 80.0,
            "energy": -1.5,
            "free_energy": -2,
            "magmom": 0.5,
        }
    directory = tmp_path / "a"
    label_frames(frames, Scripted(str(tmp_path / "log")), directory)
    (directory / "results" / "000001.json").unlink()
    standing = label_frames(None, Scripted(str(tmp_path / "log")), directory)
    assert standing.n_labelled == 3
    assert label_frames(frames, Scripted(str(tmp_path / "log")), directory).n_labelled == 3
    labelled = list(open_dataset(directory / "labelled.extxyz"))
    assert [frame.source for frame in labelled] == ["001", "1e3", "1 2 3"]
    assert {"energy", "free_energy", "magmom"}.isdisjoint(labelled[0].info)
    with (directory / "frames.extxyz").open("a") as stream:
        stream.write("\n")
    with pytest.raises(InputError, match=r"frames\.extxyz has changed since its labelling began"):
        label_frames(None, Scripted(str(tmp_path / "log")), directory)


def test_failed_frames_keep_their_source(tmp_path):
    (atoms,) = argon(1)
    atoms.info |= {"source": "001", "what": "fail"}
    label_frames([atoms], Scripted(str(tmp_path / "log")), tmp_path / "a")
    assert 'source="001"' in (tmp_path / "a" / "failed.extxyz").read_text()


def test_going_on_without_frames_where_none_are(tmp_path):
    with pytest.raises(InputError, match="holds no labelling"):
        label_frames(None, Scripted(str(tmp_path / "log")), tmp_path / "a")
    assert not (tmp_path / "a").exists()


def test_two_processes_cannot_label_one_directory(tmp_path):
    label_frames(argon(1), PotentialLabeller("lj"), tmp_path / "a")
    with LabellingDirectory(tmp_path / "a").lock(), pytest.raises(InputError, match="another process"):
        label_frames(argon(1), PotentialLabeller("lj"), tmp_path / "a")


def test_elements_that_the_potential_lacks_are_told_before_any_work(tmp_path):
    with pytest.raises(InputError, match="knows Ar and not Cu"):
        label_frames([bulk("Cu", cubic=True)], PotentialLabeller("lj"), tmp_path / "a")
    assert list((tmp_path / "a").iterdir()) == []
    # so that the directory is free for another potential
    assert label_frames(argon(1), PotentialLabeller("lj"), tmp_path / "a").n_labelled == 1


def test_elements_are_told_before_failures_are_forgotten(tmp_path):
    frames = argon(1)
    frames[0].info["what"] = "fail"
    label_frames(frames, Scripted(str(tmp_path / "log")), tmp_path / "a")
    with pytest.raises(InputError, match="cannot"):
        label_frames(frames, Refusing(str(tmp_path / "log")), tmp_path / "a", retry_failed=True)
    assert LabellingDirectory(tmp_path / "a").standing().n_failed == 1


@pytest.mark.parametrize("name", ["frames.extxyz", "labelled.extxyz", "failed.extxyz", "results"])
def test_files_of_no_labelling_are_not_replaced(tmp_path, name):
    frames = argon(1)
    frames[0].calc = make_calculator(get_potential("lj"))
    frames[0].get_potential_energy()
    ase.io.write(tmp_path / name, frames, format="extxyz")
    before = (tmp_path / name).read_bytes()
    with pytest.raises(InputError, match=f"{name} belongs to no labelling, and would be replaced"):
        label_frames(frames, PotentialLabeller("lj"), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_bytes() == before


def test_a_labelling_killed_before_it_began_is_begun(tmp_path):
    label_frames(argon(2), PotentialLabeller("lj"), tmp_path / "a")
    (tmp_path / "b").mkdir()
    (tmp_path / "a" / "frames.extxyz").rename(tmp_path / "b" / "frames.extxyz")
    assert label_frames(argon(2), PotentialLabeller("lj"), tmp_path / "b").n_labelled == 2


def test_labels_of_every_method_are_left_behind(tmp_path):
    (atoms,) = argon(1)
    atoms.info |= {"REF_energy": -1.0, "dft_free_energy": -2.0, "DFT_virial": np.eye(3), "REF_dipole": 1.0}
    atoms.info |= {"note": "kept"}
    atoms.arrays["REF_forces"] = np.ones((len(atoms), 3))
    ase.io.write(tmp_path / "some.extxyz", atoms)
    label_frames(read_frames(tmp_path / "some.extxyz"), PotentialLabeller("lj"), tmp_path / "a")
    (labelled,) = open_dataset(tmp_path / "a" / "labelled.extxyz")
    assert labelled.info["note"] == "kept"
    for name in ("frames.extxyz", "labelled.extxyz"):
        assert "ref" not in (tmp_path / "a" / name).read_text()
        assert "dft" not in (tmp_path / "a" / name).read_text().lower()


@pytest.mark.parametrize(
    ("frames", "message"),
    [([], "no frame to label"), ([Atoms("Ar", cell=[5, 5, 5])], r"frame 0 \(Ar\) is not periodic")],
)
def test_frames_that_cannot_be_labelled(tmp_path, frames, message):
    with pytest.raises(InputError, match=message):
        label_frames(frames, PotentialLabeller("lj"), tmp_path / "a")
    assert not (tmp_path / "a" / "labelling.json").exists()


def test_directory_without_a_labelling(tmp_path):
    with pytest.raises(InputError, match="holds no labelling"):
        LabellingDirectory(tmp_path)


def test_result_that_was_cut_short_cannot_occur(tmp_path, monkeypatch):
    label_frames(argon(1), PotentialLabeller("lj"), tmp_path / "a")
    directory = LabellingDirectory(tmp_path / "a")
    before = (tmp_path / "a" / "results" / "000000.json").read_text()
    monkeypatch.setattr(json, "dumps", lambda *_, **__: (_ for _ in ()).throw(MemoryError()))
    with pytest.raises(MemoryError):
        directory.commit(0, "again", 1.0)
    assert (tmp_path / "a" / "results" / "000000.json").read_text() == before
    assert [path.name for path in (tmp_path / "a" / "results").iterdir()] == ["000000.json"]
