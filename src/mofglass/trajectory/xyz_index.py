"""Where the frames of an XYZ file begin, found in one pass over its line ends."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mofglass.errors import InputError
from mofglass.trajectory.text_source import TextSource, last_line_is_whole


@dataclass(frozen=True)
class XYZIndex:
    """Byte offsets of the frames of an XYZ file.

    Parameters
    ----------
    n_atoms : int
        Atoms in every frame.
    offsets : ndarray of int, shape (n_frames + 1,)
        Where each frame begins, and where the last one ends.
    """

    n_atoms: int
    offsets: np.ndarray

    @property
    def n_frames(self) -> int:
        """Number of whole frames."""
        return len(self.offsets) - 1


def index_xyz(source: TextSource, on_comment: Callable[[bytes], None]) -> XYZIndex:
    """Find the frames of an XYZ file.

    Every frame is a line with the number of atoms, a comment and one line an atom, so that frames are a
    fixed number of lines apart. A last frame that was cut short is left out with a warning.

    Parameters
    ----------
    source : TextSource
        The file.
    on_comment : callable
        Called with the comment line of every frame, in order, the incomplete last one included.

    Returns
    -------
    XYZIndex
        Where the frames are.

    Raises
    ------
    InputError
        When it is not XYZ, the number of atoms changes, or no frame is whole.
    """
    path = source.path
    n_atoms = _atoms_in(source.head().partition(b"\n")[0], path, 0)
    lines_a_frame = n_atoms + 2
    offsets: list[int] = []
    data, base, line = b"", 0, 0
    for block in source.blocks():
        data += block
        ends = np.flatnonzero(np.frombuffer(data, np.uint8) == 10)
        header = len(offsets) * lines_a_frame - line
        while header + 1 < len(ends):
            start = 0 if header == 0 else int(ends[header - 1]) + 1
            _require_header(data[start : ends[header]], n_atoms, path, len(offsets))
            on_comment(data[ends[header] + 1 : ends[header + 1]])
            offsets.append(base + start)
            header += lines_a_frame
        # What is kept for the next block: from the header now waited for, or else the unfinished line.
        kept_lines = min(header, len(ends))
        keep = 0 if kept_lines == 0 else int(ends[kept_lines - 1]) + 1
        data, base, line = data[keep:], base + keep, line + kept_lines
    return _close_index(source, n_atoms, offsets, data, base, line)


def _close_index(
    source: TextSource, n_atoms: int, offsets: list[int], data: bytes, base: int, line: int
) -> XYZIndex:
    """Decide what to make of the end of the file: `data`, from byte `base` and line number `line` on."""
    lines_a_frame = n_atoms + 2
    end = base + len(data)
    lines_in_last = line + data.count(b"\n") - (len(offsets) - 1) * lines_a_frame
    rest = data[data.rfind(b"\n") + 1 :]
    if offsets and lines_in_last == lines_a_frame - 1 and rest.strip() and not source.cut_short:
        last_lines = source.read(offsets[-1], end - offsets[-1]).splitlines()
        if len(offsets) == 1 or last_line_is_whole(last_lines[-1], last_lines[-2]):
            return XYZIndex(n_atoms, np.array([*offsets, end], dtype=np.int64))
    cut = len(offsets) - 1
    if lines_in_last >= lines_a_frame:
        # The last frame counted is whole; anything but blank lines after it is the start of another.
        after_line = len(offsets) * lines_a_frame - line
        after = b"".join(data.splitlines(keepends=True)[after_line:]) if after_line >= 0 else b""
        if after.strip():
            _require_header(after.partition(b"\n")[0], n_atoms, source.path, len(offsets), cut_short=True)
        elif not source.cut_short:
            return XYZIndex(n_atoms, np.array([*offsets, end], dtype=np.int64))
        cut, end = len(offsets), end - len(after)
    else:
        end = offsets.pop() if offsets else 0
    if not offsets:
        raise InputError(f"{source.path} holds no whole frame: it was cut short, write it again")
    warnings.warn(
        f"{source.path}: frame {cut} is incomplete and is left out (the run that wrote it was stopped)",
        stacklevel=2,
    )
    return XYZIndex(n_atoms, np.array([*offsets, end], dtype=np.int64))


def _atoms_in(header: bytes, path: Path, frame: int) -> int:
    try:
        n_atoms = int(header)
    except ValueError:
        n_atoms = 0
    if n_atoms < 1:
        shown = header[:40].decode("latin-1").strip()
        raise InputError(
            f"{path}, frame {frame} begins with '{shown}', where the number of atoms belongs: it is not XYZ, "
            "or the frame before has a line too many or too few"
        )
    return n_atoms


def _require_header(header: bytes, n_atoms: int, path: Path, frame: int, *, cut_short: bool = False) -> None:
    if cut_short and str(n_atoms).startswith(header.strip().decode("latin-1")):
        return
    found = _atoms_in(header, path, frame)
    if found != n_atoms:
        raise InputError(
            f"{path}, frame {frame}: {found} atoms, but frame 0 has {n_atoms}: a trajectory keeps its atoms, "
            "split the file where they change"
        )
