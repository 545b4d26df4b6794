"""Random access in a gzip file: the state of the decompression is kept at places spread over it."""

from __future__ import annotations

import bisect
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_INPUT = 2**16
_MEMBER = 31  # zlib's number for a gzip header and a window of 32 kB
_MOST_PLACES = 256
_FIRST_SPACING = 2**21


@dataclass(frozen=True)
class _Place:
    """Where decompression can go on, with so many bytes of text and of the file behind it."""

    text_at: int
    file_at: int
    state: Any
    in_member: bool


class GzipText:
    """A gzip file, also of several members, read like an open binary file.

    Every few megabytes of text the state of the decompression is kept (some 40 kB), so that reading backwards
    goes on from the place before, not from the beginning. The places move apart as the file proves longer:
    there are at most 256, 10 MB, however long it is.

    Parameters
    ----------
    path : Path
        The file.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._spacing = _FIRST_SPACING
        self._places = [_Place(0, 0, zlib.decompressobj(_MEMBER), False)]
        self._wanted = 0
        self._resume(self._places[0])

    def _resume(self, place: _Place) -> None:
        self._file.seek(place.file_at)
        self._state = place.state.copy()
        self._pending = b""  # text decompressed but not read, from `_text_at` on
        self._text_at, self._file_at = place.text_at, place.file_at
        self._in_member = place.in_member

    def seek(self, offset: int) -> None:
        """Move to a place.

        Parameters
        ----------
        offset : int
            Bytes of text.
        """
        self._wanted = offset

    def read1(self, size: int) -> bytes:
        """Read what there is, up to a number of bytes.

        Parameters
        ----------
        size : int
            Bytes.

        Returns
        -------
        bytes
            Empty only at the end.

        Raises
        ------
        EOFError
            When the file ends within a member.
        zlib.error
            When it is broken.
        """
        self._go_to_wanted()
        if not self._pending and not self._decompress():
            return b""
        text, self._pending = self._pending[:size], self._pending[size:]
        self._text_at += len(text)
        self._wanted = self._text_at
        return text

    def read(self, size: int) -> bytes:
        """Read a number of bytes.

        Parameters
        ----------
        size : int
            Bytes.

        Returns
        -------
        bytes
            Fewer only at the end.

        Raises
        ------
        EOFError
            When the file ends within a member.
        zlib.error
            When it is broken.
        """
        parts = []
        while size > 0 and (part := self.read1(size)):
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _go_to_wanted(self) -> None:
        at = bisect.bisect_right(self._places, self._wanted, key=lambda place: place.text_at) - 1
        place = self._places[at]
        if self._wanted < self._text_at or place.text_at > self._text_at + len(self._pending):
            self._resume(place)
        while self._text_at < self._wanted:
            if not self._pending and not self._decompress():
                return
            skipped = min(len(self._pending), self._wanted - self._text_at)
            self._pending = self._pending[skipped:]
            self._text_at += skipped

    def _decompress(self) -> bool:
        """Decompress the next bytes of the file that give text; tell whether there were any."""
        while not self._pending:
            data = self._file.read(_INPUT)
            if not data:
                if self._in_member:
                    raise EOFError("the file ends before the end of its gzip stream")
                return False
            if not self._in_member and not data.strip(b"\0"):
                continue  # zeros after the last member fill a block
            self._keep_place()
            self._pending = self._state.decompress(data)
            self._file_at += len(data)
            self._in_member = not self._state.eof
            if self._state.eof:
                self._file_at -= len(self._state.unused_data.lstrip(b"\0"))
                self._file.seek(self._file_at)
                self._state = zlib.decompressobj(_MEMBER)
        return True

    def _keep_place(self) -> None:
        if self._text_at < self._places[-1].text_at + self._spacing:
            return
        self._places.append(_Place(self._text_at, self._file_at, self._state.copy(), self._in_member))
        if len(self._places) > _MOST_PLACES:
            del self._places[1::2]
            self._spacing *= 2
