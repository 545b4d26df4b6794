"""Bytes of a text file, plain or gzip: in blocks from its start, or from any place."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mofglass.errors import InputError
from mofglass.trajectory.gzip_text import GzipText

_BLOCK = 2**20


class TextSource:
    """A text file read by byte offsets, also when it is compressed with gzip.

    In a gzip file offsets count decompressed bytes; see `GzipText` for how reading backwards stays quick.

    Parameters
    ----------
    path : Path
        The file.

    Attributes
    ----------
    cut_short : bool
        Whether the gzip stream ended too early, known once it has been read to its end.
    size : int
        Bytes of text, known once `find` has gone through it.

    Raises
    ------
    InputError
        When the file does not exist or cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.cut_short = False
        self.size = 0
        self._handle: Any = None
        try:
            with path.open("rb") as file:
                self.compressed = file.read(2) == b"\x1f\x8b"
        except FileNotFoundError as error:
            raise InputError(f"{path} does not exist") from error
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror}") from error

    def _file(self) -> Any:
        if self._handle is None:
            self._handle = GzipText(self.path) if self.compressed else self.path.open("rb")
        return self._handle

    def close(self) -> None:
        """Close the file; reading afterwards opens it again."""
        if self._handle is not None:
            self._handle.close()
        self._handle = None

    def read(self, offset: int, length: int) -> bytes:
        """Read from a place.

        Parameters
        ----------
        offset, length : int
            Bytes.

        Returns
        -------
        bytes
            Shorter than `length` only at the end of the file.
        """
        file = self._file()
        file.seek(offset)
        return file.read(length)

    def head(self, length: int = 16384) -> bytes:
        """Read the beginning.

        Parameters
        ----------
        length : int
            Bytes.

        Returns
        -------
        bytes
            The first `length` bytes, or as many as there are.
        """
        with TextSource(self.path) as own:
            return next(own.blocks(length), b"")[:length]

    def blocks(self, size: int = _BLOCK) -> Iterator[bytes]:
        """Read all of the file, block by block.

        Parameters
        ----------
        size : int
            Bytes in a block.

        Yields
        ------
        bytes
            Consecutive blocks.
        """
        file = self._file()
        file.seek(0)
        try:
            # read1 hands out what it has, so that nothing is lost where a gzip stream breaks off.
            while block := file.read1(size) if self.compressed else file.read(size):
                yield block
        except (EOFError, zlib.error):
            self.cut_short = True

    def find(self, pattern: re.Pattern[bytes], longest: int = 512) -> Iterator[tuple[int, re.Match[bytes]]]:
        """Find every place where a pattern matches, in one pass and constant memory.

        Parameters
        ----------
        pattern : re.Pattern
            Matches at most `longest` bytes, ending where they end however the text goes on.
        longest : int
            Bytes.

        Yields
        ------
        offset : int
            Where the match begins.
        match : re.Match
            The match.
        """
        carry, base, last = b"", 0, -1
        for block in self.blocks():
            data = carry + block
            for match in pattern.finditer(data):
                if base + match.start() > last:
                    last = base + match.start()
                    yield last, match
            carry = data[-longest:]
            base += len(data) - len(carry)
        self.size = base + len(carry)

    def __enter__(self) -> TextSource:
        return self

    def __del__(self) -> None:
        if hasattr(self, "_handle"):
            self.close()

    def __exit__(self, *_: object) -> None:
        self.close()


def last_line_is_whole(line: bytes, line_before: bytes) -> bool:
    """Judge whether a last line without an end of line was cut short by a killed run.

    Parameters
    ----------
    line, line_before : bytes
        The last line and the one before it.

    Returns
    -------
    bool
        True when it has as many columns as the line before, and its last number as many decimals.
    """
    columns, before = line.split(), line_before.split()
    if not columns or len(columns) != len(before):
        return False
    return len(columns[-1].rpartition(b".")[2]) >= len(before[-1].rpartition(b".")[2])
