"""Files appear whole or not at all: written beside under another name, forced to disk, then renamed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path


def temporary_beside(path: Path) -> Path:
    """Name the temporary file from which `path` will come.

    Parameters
    ----------
    path : Path
        The file to be.

    Returns
    -------
    Path
        A hidden name in the same directory, the same for the same process.
    """
    return path.with_name(f".{path.name}.{os.getpid()}.tmp")


def publish(temporary: Path, path: Path) -> None:
    """Force a finished temporary file to disk and give it its name, also after a power cut.

    Parameters
    ----------
    temporary : Path
        The finished file, in the same directory as `path`.
    path : Path
        Its name to be; an older file of that name is replaced.
    """
    for name, action in ((temporary, lambda: os.replace(temporary, path)), (path.parent, None)):
        handle = os.open(name, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        if action is not None:
            action()


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Give a temporary path to write to; it becomes `path` when the block ends without an error.

    Parameters
    ----------
    path : Path
        The file to be.

    Yields
    ------
    Path
        Where to write.
    """
    temporary = temporary_beside(path)
    try:
        yield temporary
        publish(temporary, path)
    except BaseException:
        with suppress(FileNotFoundError):
            temporary.unlink()
        raise


def write_texts(directory: Path, texts: Mapping[str, str]) -> None:
    """Write text files one after the other, each whole or not at all.

    Parameters
    ----------
    directory : Path
        Where they go, made where absent.
    texts : mapping of str to str
        Content by name; what belongs last stands last.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        with written_whole(directory / name) as temporary:
            temporary.write_text(text)
