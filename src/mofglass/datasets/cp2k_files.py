"""CP2K's XYZ files of an MD run, frame by frame: positions, forces or velocities, each with its step."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mofglass.datasets.labelled import NAN
from mofglass.errors import InputError
from mofglass.trajectory.columns import LABEL, NUMBER, numbers_of_labels, read_columns
from mofglass.trajectory.cp2k import energy_hartree, last_of_each_step, step_and_time
from mofglass.trajectory.text_source import TextSource
from mofglass.trajectory.xyz_index import index_xyz


@dataclass(frozen=True)
class Steps:
    """The steps of one file; of a step that a restart wrote again, the last.

    Parameters
    ----------
    steps : ndarray of int, shape (n,)
        MD steps, growing.
    spans : ndarray of int, shape (n, 2)
        First byte of the frame, and the one after its last.
    energies_hartree : ndarray, shape (n,)
        Potential energies; NaN where not stated.
    """

    steps: np.ndarray
    spans: np.ndarray
    energies_hartree: np.ndarray


def index_steps(source: TextSource) -> Steps:
    """Find the frames of one of CP2K's XYZ files.

    Parameters
    ----------
    source : TextSource
        The file.

    Returns
    -------
    Steps
        Where they are.

    Raises
    ------
    InputError
        When a frame does not say its step.
    """
    steps, energies = array("q"), array("d")

    def _note(comment: bytes) -> None:
        """Keep step and energy of one frame."""
        step, _ = step_and_time(comment)
        if step is None:
            raise InputError(
                f"{source.path}, frame {len(steps)} does not say its step ('i = ...'): keep the file as CP2K "
                "wrote it"
            )
        energy = energy_hartree(comment.decode("latin-1"))
        steps.append(step)
        energies.append(NAN if energy is None else energy)

    offsets = index_xyz(source, _note).offsets
    spans = np.stack([offsets[:-1], offsets[1:]], axis=1)
    known = np.array(steps, dtype=np.int64)[: len(spans)]
    last = last_of_each_step(known)
    return Steps(known[last], spans[last], np.array(energies)[: len(spans)][last])


def read_step(source: TextSource, span: np.ndarray, frame: int) -> tuple[np.ndarray, np.ndarray, str]:
    """Read one frame of one of CP2K's XYZ files.

    Parameters
    ----------
    source : TextSource
        The file.
    span : ndarray of int, shape (2,)
        Its first byte, and the one after its last.
    frame : int
        Its number, for errors.

    Returns
    -------
    numbers : ndarray of int, shape (n_atoms,)
        Atomic numbers.
    values : ndarray, shape (n_atoms, 3)
        Positions, forces or velocities, in the unit of the file.
    comment : str
        The second line.

    Raises
    ------
    InputError
        When something is no number or no element.
    """
    text = source.read(int(span[0]), int(span[1] - span[0]))
    comment_at = text.index(b"\n") + 1
    body_at = text.index(b"\n", comment_at) + 1
    values, labels = read_columns(
        text, body_at, int(text[: comment_at - 1]), (LABEL, NUMBER, NUMBER, NUMBER), source.path, frame
    )
    return (
        numbers_of_labels(labels[:, 0], source.path, frame),
        values,
        text[comment_at : body_at - 1].decode("latin-1"),
    )


def beside(path: Path, kind: str) -> Path | None:
    """Find another file of a run, gzipped or not.

    Parameters
    ----------
    path : Path
        The ``-pos-1.xyz`` file.
    kind : str
        ``-frc-`` or ``-vel-``.

    Returns
    -------
    Path or None
        None where there is none.
    """
    name = path.name.replace("-pos-", kind).removesuffix(".gz")
    for candidate in (path.with_name(name), path.with_name(name + ".gz")):
        if candidate.is_file():
            return candidate
    return None
