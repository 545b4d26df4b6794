"""What is in the files that a training names: another content is another training, another place is not."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path


def contents(paths: Iterable[Path]) -> list[str]:
    """Return a hash of each file, or of all files in each directory.

    Parameters
    ----------
    paths : iterable of Path
        Files and directories.

    Returns
    -------
    list of str
        In their order; empty for one that is not there or cannot be read.
    """
    return [_content(Path(path)) for path in paths]


def _content(path: Path) -> str:
    try:
        if not path.is_dir():
            return _of_file(path)
        digest = hashlib.sha256()
        for file in sorted(path.rglob("*")):
            if file.is_file():
                digest.update(f"{file.relative_to(path)} {_of_file(file)}\n".encode())
        return digest.hexdigest()
    except OSError:
        return ""


def _of_file(path: Path) -> str:
    status = path.stat()
    return _once(path.resolve(), status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=1000)
def _once(path: Path, _size: int, _mtime_ns: int) -> str:
    """Return the hash of a file; a scan asks for that of the same files again and again."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
