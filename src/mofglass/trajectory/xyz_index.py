"""Where the frames of an XYZ file begin, found in one pass over its line ends."""

from __future__ import annotations

import warnings
from array import array
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
    counts : ndarray of int, shape (n_frames,)
        Atoms in every frame.
    offsets : ndarray of int, shape (n_frames + 1,)
        Where each frame begins, and where the last one ends.
    """

    counts: np.ndarray
    offsets: np.ndarray

    @property
    def n_frames(self) -> int:
        """Number of whole frames."""
        return len(self.counts)


def index_xyz(
    source: TextSource, on_comment: Callable[[bytes], None] | None = None, *, same_atoms: bool = True
) -> XYZIndex:
    """Find the frames of an XYZ file.

    Every frame is a line with the number of atoms, a comment and one line an atom. A last frame that was
    cut short is left out with a warning.

    Parameters
    ----------
    source : TextSource
        The file.
    on_comment : callable, optional
        Called with the comment line of every frame, in order, the incomplete last one included.
    same_atoms : bool
        Whether every frame must have as many atoms as the first.

    Returns
    -------
    XYZIndex
        Where the frames are.

    Raises
    ------
    InputError
        When it is not XYZ, the number of atoms changes though it must not, or no frame is whole.
    """
    path = source.path
    expected = _atoms_in(source.head().partition(b"\n")[0], path, 0) if same_atoms else None
    offsets, counts = array("q"), array("i")
    data, base, line = b"", 0, 0
    next_header = 0
    for block in source.blocks():
        data += block
        ends = np.flatnonzero(np.frombuffer(data, np.uint8) == 10)
        header = next_header - line
        while header + 1 < len(ends):
            start = 0 if header == 0 else int(ends[header - 1]) + 1
            text = data[start : ends[header]]
            if len(offsets) and not text.strip() and not data[start:].strip():
                break  # blank lines at the end
            counts.append(_require_header(text, expected, path, len(offsets)))
            offsets.append(base + start)
            if on_comment is not None:
                on_comment(data[ends[header] + 1 : ends[header + 1]])
            header += counts[-1] + 2
        next_header = header + line
        # What is kept for the next block: from the header now waited for, or else the unfinished line.
        kept_lines = min(header, len(ends))
        keep = 0 if kept_lines == 0 else int(ends[kept_lines - 1]) + 1
        data, base, line = data[keep:], base + keep, line + kept_lines
    return _close_index(source, _Scan(expected, counts, offsets, data, base, line, next_header))


@dataclass
class _Scan:
    """Where the pass over a file stands: `data` begins at byte `base` and line `line`."""

    expected: int | None
    counts: array[int]
    offsets: array[int]
    data: bytes
    base: int
    line: int
    next_header: int


def _close_index(source: TextSource, scan: _Scan) -> XYZIndex:
    """Decide what to make of the end of the file."""
    offsets, data = scan.offsets, scan.data
    end = scan.base + len(data)
    missing = scan.next_header - (scan.line + data.count(b"\n"))
    rest = data[data.rfind(b"\n") + 1 :]
    if len(offsets) and missing == 1 and rest.strip() and not source.cut_short:
        last_lines = source.read(offsets[-1], end - offsets[-1]).splitlines()
        if len(offsets) == 1 or last_line_is_whole(last_lines[-1], last_lines[-2]):
            return _index(scan, end)
    cut = len(offsets) - 1
    if missing <= 0:
        # The last frame counted is whole; anything but blank lines after it is the start of another.
        after_line = scan.next_header - scan.line
        after = b"".join(data.splitlines(keepends=True)[after_line:]) if after_line >= 0 else b""
        if after.strip():
            _require_header(
                after.partition(b"\n")[0], scan.expected, source.path, len(offsets), cut_short=True
            )
        elif not source.cut_short:
            return _index(scan, end)
        cut, end = len(offsets), end - len(after)
    else:
        end = offsets.pop() if len(offsets) else 0
    if not len(offsets):
        raise InputError(f"{source.path} holds no whole frame: it was cut short, write it again")
    warnings.warn(
        f"{source.path}: frame {cut} is incomplete and is left out (the run that wrote it was stopped)",
        stacklevel=2,
    )
    return _index(scan, end)


def _index(scan: _Scan, end: int) -> XYZIndex:
    offsets = np.append(np.array(scan.offsets, dtype=np.int64), end)
    return XYZIndex(np.array(scan.counts[: len(scan.offsets)], dtype=np.int64), offsets)


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


def _require_header(
    header: bytes, expected: int | None, path: Path, frame: int, *, cut_short: bool = False
) -> int:
    if cut_short and (
        str(expected).startswith(header.strip().decode("latin-1")) or (expected is None and header.isdigit())
    ):
        return 0
    found = _atoms_in(header, path, frame)
    if expected is not None and found != expected:
        raise InputError(
            f"{path}, frame {frame}: {found} atoms, but frame 0 has {expected}: a trajectory keeps its "
            "atoms, split the file where they change"
        )
    return found
