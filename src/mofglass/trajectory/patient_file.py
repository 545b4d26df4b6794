"""A file that keeps its write errors to itself, since HDF5 crashes at exit after a full disk."""

from __future__ import annotations

import io
from pathlib import Path


class PatientFile(io.RawIOBase):
    """A binary file that keeps the first error instead of raising it.

    HDF5 cannot close a file whose blocks it failed to write, tries again when Python exits, and takes the
    process down with it. Here a refused write looks done to HDF5, `error` says what happened, and the
    owner of the file throws it away.

    Parameters
    ----------
    path : Path
        File to create.

    Attributes
    ----------
    error : OSError or None
        The first write the system refused.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._raw = path.open("w+b", buffering=0)
        self.error: OSError | None = None

    def readable(self) -> bool:
        """Tell HDF5 that it may read.

        Returns
        -------
        bool
            True.
        """
        return True

    def writable(self) -> bool:
        """Tell HDF5 that it may write.

        Returns
        -------
        bool
            True.
        """
        return True

    def seekable(self) -> bool:
        """Tell HDF5 that it may seek.

        Returns
        -------
        bool
            True.
        """
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a place.

        Parameters
        ----------
        offset : int
            Bytes.
        whence : int
            From the start, from here, or from the end.

        Returns
        -------
        int
            The place, bytes from the start.
        """
        return self._raw.seek(offset, whence)

    def tell(self) -> int:
        """Return the place.

        Returns
        -------
        int
            Bytes from the start.
        """
        return self._raw.tell()

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill a buffer; what was never written reads as zeros.

        Parameters
        ----------
        buffer : memoryview
            Where the bytes go.

        Returns
        -------
        int
            The length of the buffer.
        """
        view = memoryview(buffer).cast("B")
        done = 0
        while done < len(view):
            count = self._raw.readinto(view[done:])
            if not count:
                view[done:] = bytes(len(view) - done)
                break
            done += count
        return len(view)

    def write(self, data: memoryview) -> int:  # type: ignore[override]
        """Write a block, or keep the error.

        Parameters
        ----------
        data : memoryview
            The block.

        Returns
        -------
        int
            Its length, also when it could not be written.
        """
        view = memoryview(data).cast("B")
        done = 0
        while self.error is None and done < len(view):
            try:
                done += self._raw.write(view[done:])
            except OSError as error:
                self.error = error
        return len(view)

    def truncate(self, size: int | None = None) -> int:
        """Set the length, or keep the error.

        Parameters
        ----------
        size : int, optional
            Bytes; the place by default.

        Returns
        -------
        int
            The length asked for.
        """
        size = self.tell() if size is None else size
        if self.error is None:
            try:
                self._raw.truncate(size)
            except OSError as error:
                self.error = error
        return size

    def flush(self) -> None:
        """Do nothing: writes are not buffered, and the owner forces them to disk in the end."""

    def close(self) -> None:
        """Close the file."""
        if not self.closed:
            self._raw.close()
        super().close()
