"""A directory of frames being labelled: the frames, the method, and one file a result."""

from __future__ import annotations

import fcntl
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import ase.io
import numpy as np
from ase import Atoms

from mofglass.datasets.exporting import export_extxyz
from mofglass.datasets.extxyz import LABEL_KEYS, comment_pairs, with_source
from mofglass.datasets.frame_source import require_periodic_atoms
from mofglass.datasets.labelled import NAN, LabelledFrame
from mofglass.datasets.labels import Labeller, Labels
from mofglass.errors import InputError
from mofglass.trajectory.atomic_write import written_whole

LABELLED_FILE = "labelled.extxyz"
FAILED_FILE = "failed.extxyz"


@dataclass(frozen=True)
class Labelling:
    """Where the labelling of a directory stands.

    Parameters
    ----------
    n_frames, n_labelled, n_failed : int
        Frames in all, labelled, and failed.
    reasons : dict of str to int
        How many frames failed for which reason.
    wall_s : float
        Wall time of all results so far, s, summed over processes.
    """

    n_frames: int
    n_labelled: int
    n_failed: int
    reasons: dict[str, int]
    wall_s: float

    @property
    def n_remaining(self) -> int:
        """Frames without a result."""
        return self.n_frames - self.n_labelled - self.n_failed


class LabellingDirectory:
    """Frames to be labelled, their results, and what labels them.

    * ``frames.extxyz``: the frames as given, without labels
    * ``labelling.json``: number and hash of the frames, and the method
    * ``results/000012.json``: labels of frame 12, or the reason why it failed; written whole or not at all
    * ``work/000012/``: where an ab initio program works, and its output
    * ``labelled.extxyz``, ``failed.extxyz``: all results, by `collect`

    Parameters
    ----------
    path : Path
        A directory that `create` made.

    Raises
    ------
    InputError
        When it is none.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path).expanduser()
        try:
            self.state: dict[str, Any] = json.loads(self._state_file.read_text())
        except (OSError, ValueError) as error:
            raise InputError(
                f"{self.path} holds no labelling: start one with  mofglass dataset label"
            ) from error

    @property
    def _state_file(self) -> Path:
        return self.path / "labelling.json"

    @property
    def _frames_file(self) -> Path:
        return self.path / "frames.extxyz"

    def __len__(self) -> int:
        return int(self.state["n_frames"])

    @classmethod
    def create(
        cls, path: Path | str, frames: Iterable[Atoms] | None, labeller: Labeller
    ) -> LabellingDirectory:
        """Write the frames to be labelled, or check that the directory is for these frames and this method.

        Nothing is written where the labeller cannot label them.

        Parameters
        ----------
        path : Path or str
            New, or of an interrupted labelling.
        frames : iterable of ase.Atoms or None
            Periodic, Å; taken one at a time.  Labels that they carry are left behind.  None for the frames
            that the directory holds.
        labeller : Labeller
            What labels them.

        Returns
        -------
        LabellingDirectory
            Ready to be worked on.

        Raises
        ------
        InputError
            When there is no frame, one is not periodic, the labeller cannot be used for them, or the
            directory holds other frames, labels of another method, or files of no labelling that would be
            replaced.
        """
        path = Path(path).expanduser()
        frames_file, state_file = path / "frames.extxyz", path / "labelling.json"
        # Numbers that JSON would change are changed before they are compared with what was read.
        method = json.loads(json.dumps(labeller.describe(), default=str))
        if frames is None or state_file.exists():
            known = cls(path)
            known._require(frames, method)
            labeller.check(_elements(atoms for _, atoms in known.frames()))
            return known
        for name in (LABELLED_FILE, FAILED_FILE, "results"):
            if (path / name).exists():
                raise _of_no_labelling(path / name)
        path.mkdir(parents=True, exist_ok=True)
        with written_whole(frames_file) as new:
            with new.open("w") as stream:
                n_frames = sum(1 for text in _extxyz(frames) if stream.write(text))
            if not n_frames:
                raise InputError("there is no frame to label")
            # A labelling that was killed before it began has left the same frames.
            if frames_file.exists() and _sha256_of_file(frames_file) != _sha256_of_file(new):
                raise _of_no_labelling(frames_file)
            labeller.check(_elements(_read(new)))
        state = {
            "n_frames": n_frames,
            "frames_sha256": _sha256_of_file(frames_file),
            "method": method,
        }
        with written_whole(state_file) as new:
            new.write_text(json.dumps(state, indent=1) + "\n")
        return cls(path)

    def _require(self, frames: Iterable[Atoms] | None, method: dict[str, Any]) -> None:
        """Make sure that frames and method are those of this directory, and its frames as they were."""
        if frames is None and self.state["frames_sha256"] != _sha256_of_file(self._frames_file):
            raise InputError(
                f"{self._frames_file} has changed since its labelling began: put it back as it was, or label "
                "it in another directory"
            )
        if frames is not None and self.state["frames_sha256"] != _sha256(_extxyz(frames)):
            raise InputError(
                f"{self.path} labels other frames: give those again, none to go on with its own, or another "
                "directory"
            )
        if self.state["method"] != method:
            raise InputError(
                f"{self.path} holds labels of another method: give that again, or another directory"
            )

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other processes off; the kernel frees the lock when this process ends, however.

        Yields
        ------
        None
            While the lock is held.

        Raises
        ------
        InputError
            When another process is labelling here.
        """
        with (self.path / "lock").open("a") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise InputError(
                    f"another process is labelling in {self.path}: wait for it, or stop it"
                ) from error
            yield

    def frames(self) -> Iterator[tuple[int, Atoms]]:
        """Read the frames one at a time.

        Yields
        ------
        tuple of int and ase.Atoms
            Number of the frame, and the frame without labels.
        """
        yield from enumerate(_read(self._frames_file))

    def work_directory(self, number: int) -> Path:
        """Return where a program may work on a frame.

        Parameters
        ----------
        number : int
            Number of the frame.

        Returns
        -------
        Path
            A directory that need not exist.
        """
        return self.path / "work" / f"{number:06d}"

    def _result_file(self, number: int) -> Path:
        return self.path / "results" / f"{number:06d}.json"

    def result(self, number: int) -> dict[str, Any] | None:
        """Return what is known of a frame.

        Parameters
        ----------
        number : int
            Number of the frame.

        Returns
        -------
        dict or None
            ``failed`` (the reason) or the labels, and ``wall_s``; None where there is no result yet.
        """
        try:
            result: dict[str, Any] = json.loads(self._result_file(number).read_text())
        except FileNotFoundError:
            return None
        return result

    def commit(self, number: int, outcome: Labels | str, wall_s: float) -> None:
        """Keep the result of a frame, whole or not at all.

        Parameters
        ----------
        number : int
            Number of the frame.
        outcome : Labels or str
            Its labels, or the reason why it has none.
        wall_s : float
            Time it took, s.
        """
        result: dict[str, Any] = {"frame": number, "wall_s": round(wall_s, 3)}
        if isinstance(outcome, Labels):
            stress = outcome.stress_eV_per_A3
            result |= {
                "energy_eV": outcome.energy_eV,
                "forces_eV_per_A": outcome.forces_eV_per_A.tolist(),
                "stress_eV_per_A3": None if stress is None else stress.tolist(),
                "info": outcome.info,
            }
        else:
            result |= {"failed": outcome}
        target = self._result_file(number)
        target.parent.mkdir(exist_ok=True)
        with written_whole(target) as new:
            new.write_text(json.dumps(result, default=str))

    def forget_failures(self) -> int:
        """Delete the results of failed frames, so that they are tried again.

        Returns
        -------
        int
            How many there were.
        """
        failed = [number for number, result in self._results() if "failed" in result]
        for number in failed:
            self._result_file(number).unlink()
        return len(failed)

    def _results(self) -> Iterator[tuple[int, dict[str, Any]]]:
        for number in range(len(self)):
            result = self.result(number)
            if result is not None:
                yield number, result

    def standing(self) -> Labelling:
        """Count what is done.

        Returns
        -------
        Labelling
            Counts, reasons and time.
        """
        reasons: Counter[str] = Counter()
        n_results, wall_s = 0, 0.0
        for _, result in self._results():
            n_results += 1
            wall_s += result["wall_s"]
            if "failed" in result:
                reasons[result["failed"]] += 1
        n_failed = reasons.total()
        return Labelling(len(self), n_results - n_failed, n_failed, dict(reasons.most_common()), wall_s)

    def labelled(self) -> Iterator[LabelledFrame]:
        """Give the labelled frames one at a time.

        Yields
        ------
        LabelledFrame
            In the order given; `info` has ``input_frame`` (its number there) and what the method says.
        """
        for number, atoms in self.frames():
            result = self.result(number)
            if result is None or "failed" in result:
                continue
            stress = result["stress_eV_per_A3"]
            info = dict(atoms.info)
            yield LabelledFrame(
                numbers=np.asarray(atoms.numbers),
                positions=np.asarray(atoms.positions),
                cell=np.asarray(atoms.cell),
                energy_eV=result["energy_eV"],
                forces_eV_per_A=np.array(result["forces_eV_per_A"]),
                stress_eV_per_A3=None if stress is None else np.array(stress),
                source=str(info.pop("source", "")),
                temperature_K=float(info.pop("temperature_K", info.pop("target_T", NAN))),
                info={**info, "input_frame": number, **result["info"]},
            )

    def collect(self) -> Labelling:
        """Write all results so far: ``labelled.extxyz``, and ``failed.extxyz`` with ``failed=reason``.

        Returns
        -------
        Labelling
            Counts, reasons and time.
        """
        standing = self.standing()
        if standing.n_labelled:
            export_extxyz(self.labelled(), self.path / LABELLED_FILE)
        else:
            (self.path / LABELLED_FILE).unlink(missing_ok=True)
        if not standing.n_failed:
            (self.path / FAILED_FILE).unlink(missing_ok=True)
            return standing
        with written_whole(self.path / FAILED_FILE) as new, new.open("w") as stream:
            for number, atoms in self.frames():
                result = self.result(number)
                if result is not None and "failed" in result:
                    atoms.info |= {"input_frame": number, "failed": result["failed"]}
                    stream.write(_frame_text(atoms))
        return standing


def _of_no_labelling(path: Path) -> InputError:
    return InputError(
        f"{path} belongs to no labelling, and would be replaced: give another directory for the results"
    )


def _read(path: Path) -> Iterator[Atoms]:
    yield from ase.io.iread(path, index=":", format="extxyz", properties_parser=comment_pairs)


def _elements(frames: Iterable[Atoms]) -> list[str]:
    return sorted({symbol for atoms in frames for symbol in set(atoms.get_chemical_symbols())})


def _extxyz(frames: Iterable[Atoms]) -> Iterator[str]:
    """Give the text of each frame: atoms, cell and what is plain in `info`, without labels."""
    for number, atoms in enumerate(frames):
        require_periodic_atoms(atoms, f"frame {number}")
        bare = Atoms(numbers=atoms.numbers, positions=atoms.positions, cell=atoms.cell, pbc=True)
        bare.info = {
            key: value
            for key, value in atoms.info.items()
            if isinstance(value, str | int | float | np.number) and key not in LABEL_KEYS
        }
        yield _frame_text(bare)


def _frame_text(atoms: Atoms) -> str:
    source = str(atoms.info.pop("source", ""))
    text = StringIO()
    ase.io.write(text, atoms, format="extxyz")
    return with_source(text.getvalue(), source)


def _sha256_of_file(path: Path) -> str:
    with path.open() as stream:
        return _sha256(stream)


def _sha256(texts: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode())
    return digest.hexdigest()
