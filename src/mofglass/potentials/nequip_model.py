"""A NequIP or Allegro model made ready for this machine: compiled once by AOTInductor, then kept.

A model comes as a package (`nequip-package`), as a checkpoint of its training, or compiled already
(`nequip-compile --mode aotinductor --target ase`). Packages and checkpoints hold Python objects and code that
run when they are read: load files of people you trust.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from mofglass.errors import InputError, MissingPackageError

PACKAGE, CHECKPOINT, COMPILED = ".nequip.zip", ".ckpt", ".nequip.pt2"
INPUTS = ("pos", "edge_index", "atom_types", "cell", "edge_cell_shift")
OUTPUTS = ("atomic_energy", "total_energy", "forces", "stress")
PACKAGES = ("torch", "nequip", "nequip-allegro", "e3nn")
COMPILING_MODULES = ("nequip_compilation", "tensor_products")
CACHE_FOLDER = "nequip"
LINES_OF_REASON = 3


@dataclass(frozen=True)
class NequIPModel:
    """A model in memory.

    Parameters
    ----------
    run : callable
        Takes the tensors of `INPUTS` by name, returns those of `OUTPUTS` by name.
    type_names : tuple of str
        Its atom types, in its order: chemical symbols.
    cutoffs_A : ndarray, shape (n_types, n_types)
        Cut-off by the types of the two atoms, Å.
    compiled : bool
        Whether AOTInductor has compiled it; eager otherwise.
    """

    run: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    type_names: tuple[str, ...]
    cutoffs_A: np.ndarray
    compiled: bool


def import_nequip() -> tuple[Any, Any]:
    """Import torch and nequip.

    Returns
    -------
    tuple of module
        torch, nequip.

    Raises
    ------
    MissingPackageError
        When one is not installed.
    """
    for name in ("torch", "nequip"):
        try:
            __import__(name)
        except ModuleNotFoundError as error:
            raise MissingPackageError(name, "nequip", "a NequIP or Allegro model") from error
    return sys.modules["torch"], sys.modules["nequip"]


def load_model(path: Path, *, compiled: bool = True) -> NequIPModel:
    """Load a model, compiled for this machine's processor and number of threads.

    Parameters
    ----------
    path : Path
        ``.nequip.zip`` (package), ``.ckpt`` (checkpoint) or ``.nequip.pt2`` (compiled elsewhere).
    compiled : bool
        Whether to compile a package or a checkpoint; False runs it eagerly, some ten times slower.

    Returns
    -------
    NequIPModel
        The model. Where compiling fails, for instance without a C++ compiler, it is the eager one, and a
        warning says so once.

    Raises
    ------
    InputError
        When the file is not there or is no such model.
    MissingPackageError
        When nequip is not installed.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"the NequIP model {path} is not there: give the path of a {PACKAGE} file")
    if not path.name.endswith((PACKAGE, CHECKPOINT, COMPILED)):
        raise InputError(
            f"{path} is no model of NequIP 0.7 or later: its name must end in {PACKAGE}, {CHECKPOINT} or "
            f"{COMPILED} (a .pth file deployed by NequIP 0.5 or 0.6 runs as nequip-archived:FILE)"
        )
    import_nequip()
    if path.name.endswith(COMPILED):
        return _load_compiled(path, path)
    if compiled:
        try:
            return _load_compiled(compiled_model(path), path)
        except CompilationFailed as failure:
            _warn_once(f"{path.name} runs without compilation, some ten times slower: {failure}")
    return _load_eager(path)


class CompilationFailed(Exception):
    """AOTInductor did not produce a model, with the reason."""


def compiled_model(path: Path) -> Path:
    """Return the model compiled for this machine, compiling it where that has not been done.

    Parameters
    ----------
    path : Path
        A package or a checkpoint.

    Returns
    -------
    Path
        The compiled model in the cache.

    Raises
    ------
    CompilationFailed
        When there is no working C++ compiler, or the model cannot be compiled.
    """
    import torch

    threads = torch.get_num_threads()
    target = cache_directory() / f"{cache_key(path, threads)}{COMPILED}"
    if target.exists():
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        lock = _locked(target.with_suffix(".lock"))
    except OSError as error:
        raise CompilationFailed(f"the cache {target.parent} cannot be written ({error.strerror})") from error
    with lock:
        # Another run may have compiled it while this one waited.
        if not target.exists():
            _compile(path, target, threads)
    return target


def _compile(path: Path, target: Path, threads: int) -> None:
    """Compile a model in a process of its own, which leaves torch's state here as it was."""
    compilers = [os.environ["CXX"]] if "CXX" in os.environ else ["g++", "clang++"]
    if not any(shutil.which(name.split()[0]) for name in compilers if name.strip()):
        raise CompilationFailed(
            f"there is no C++ compiler ({' or '.join(compilers)}): install one, for instance the package g++"
        )
    unfinished = target.with_name(f".{os.getpid()}-{target.name}")
    command = [sys.executable, "-m", "mofglass.potentials.nequip_compilation", str(path), str(unfinished)]
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0 or not unfinished.exists():
            raise CompilationFailed(_reason(done.stderr))
        os.replace(unfinished, target)
    finally:
        unfinished.unlink(missing_ok=True)


def _reason(text: str) -> str:
    """Return the last lines of an error that say something."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " ".join(lines[-LINES_OF_REASON:]) or "the compilation gave no reason"


@contextmanager
def _locked(path: Path) -> Any:
    """Hold a lock, so that runs started together compile once."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def cache_directory() -> Path:
    """Return where compiled models are kept: ``$XDG_CACHE_HOME/mofglass/nequip`` or below ``~/.cache``.

    Returns
    -------
    Path
        It need not exist.
    """
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "mofglass" / CACHE_FOLDER


def cache_key(path: Path, threads: int) -> str:
    """Return what a compiled model depends on, as one hash.

    Parameters
    ----------
    path : Path
        The model.
    threads : int
        Threads for which its loops are compiled.

    Returns
    -------
    str
        Of the model's content, the code that compiles it, the versions of torch, nequip and e3nn, the
        processor and the threads.
    """
    digest = hashlib.sha256(path.read_bytes())
    for module in COMPILING_MODULES:
        digest.update(Path(__file__).with_name(f"{module}.py").read_bytes())
    digest.update(repr((_versions(), _processor(), threads)).encode())
    return digest.hexdigest()[:32]


def _versions() -> tuple[str, ...]:
    found = []
    for name in PACKAGES:
        try:
            found.append(version(name))
        except PackageNotFoundError:
            found.append("")
    return tuple(found)


@cache
def _processor() -> str:
    """Return what tells one kind of processor from another: instructions differ, and code must not."""
    lines = []
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith(("model name", "flags", "Features")) and line not in lines:
                lines.append(line)
    except OSError:
        pass
    return "\n".join([platform.machine(), platform.processor(), *lines])


@cache
def _warn_once(message: str) -> None:
    warnings.warn(message, stacklevel=4)


def _load_compiled(path: Path, model: Path) -> NequIPModel:
    """Load a compiled model; `model` is what the user gave, for messages."""
    import torch
    from nequip.model.inference_models import load_compiled_model

    try:
        run, metadata = load_compiled_model(str(path), "cpu")
    except Exception as error:  # torch, nequip and zipfile each have errors of their own
        raise InputError(
            f"{model} cannot be used as a model compiled for this machine ({_reason(str(error))}): "
            f"give the package ({PACKAGE}) it was compiled from"
        ) from error
    missing = [name for name in OUTPUTS if name not in run.output_keys]
    if missing or any(name not in INPUTS for name in run.input_keys):
        raise InputError(f"{model} was compiled for another program: compile it with  --target ase")
    types = tuple(metadata["type_names"])
    r_max, by_pair = float(metadata["r_max"]), metadata["per_edge_type_cutoff"]
    with torch.no_grad():
        return NequIPModel(run, types, _cutoffs(types, r_max, by_pair), compiled=True)


def _load_eager(path: Path) -> NequIPModel:
    model = load_saved(path)
    types = tuple(model.metadata["type_names"].split())
    from nequip.nn.embedding.utils import cutoff_str_to_fulldict

    by_pair = model.metadata.get("per_edge_type_cutoff")
    pairs = cutoff_str_to_fulldict(by_pair, list(types)) if by_pair else None
    return NequIPModel(model, types, _cutoffs(types, float(model.metadata["r_max"]), pairs), compiled=False)


def load_saved(path: Path) -> Any:
    """Load a package or a checkpoint as nequip's own module, for evaluation.

    Parameters
    ----------
    path : Path
        ``.nequip.zip`` or ``.ckpt``.

    Returns
    -------
    torch.nn.Module
        The model, with averaged weights where the training kept them.

    Raises
    ------
    InputError
        When it cannot be read.
    """
    from nequip.model.saved_models.load_utils import load_saved_model
    from nequip.utils.global_state import set_global_state

    set_global_state(allow_tf32=False)
    try:
        return load_saved_model(str(path)).eval()
    except Exception as error:  # a package runs its own code, which may fail in any way
        raise InputError(f"{path} cannot be read as a NequIP model ({_reason(str(error))})") from error


def _cutoffs(types: tuple[str, ...], r_max: float, by_pair: Any) -> np.ndarray:
    """Return cut-offs by type of first and second atom."""
    if not by_pair:
        return np.full((len(types), len(types)), r_max)
    return np.array([[by_pair[first][second] for second in types] for first in types], dtype=float)
