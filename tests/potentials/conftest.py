"""LAMMPS sessions on a LammpsModel, for tests of potentials."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mofglass.potentials import LammpsModel

TERMS = ("pe", "ebond", "eangle", "edihed", "eimp", "evdwl", "ecoul", "elong", "etail", "press")


class Session:
    """One LAMMPS instance holding one model, in its own directory."""

    def __init__(self, folder: Path, threads: int = 1) -> None:
        from mofglass.potentials.lammps_library import start_lammps

        self.folder = folder
        self.lammps = start_lammps(threads=threads)
        self.commands(f"shell cd {folder}")

    def commands(self, *lines: str) -> None:
        for line in lines:
            self.lammps.command(line)

    def read(self, model: LammpsModel) -> Session:
        (self.folder / "model.data").write_text(model.data)
        for name, text in model.files.items():
            (self.folder / name).write_text(text)
        self.commands(f"units {model.units}", f"atom_style {model.atom_style}", "atom_modify map array")
        self.commands(*model.before_data, f"read_data model.data {model.extra_read_data}", *model.after_data)
        self.commands(
            "thermo_style custom step etotal " + " ".join(TERMS), "thermo_modify format float %.15g"
        )
        return self

    def energies(self) -> dict[str, float]:
        """Energy terms and pressure after a run of no steps."""
        self.commands("run 0 post no")
        return {term: self.lammps.get_thermo(term) for term in TERMS}

    def gathered(self, name: str) -> np.ndarray:
        """Per-particle vectors (`x` or `f`) by id."""
        return np.array(self.lammps.gather_atoms(name, 1, 3)).reshape(-1, 3)


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Callable[..., Session]]:
    """Start LAMMPS sessions that close after the test; LAMMPS' working directory is put back."""
    started: list[Any] = []
    before = os.getcwd()

    def start(model: LammpsModel | None = None, *, threads: int = 1) -> Session:
        folder = tmp_path / f"lammps{len(started)}"
        folder.mkdir()
        opened = Session(folder, threads)
        started.append(opened)
        return opened if model is None else opened.read(model)

    yield start
    for opened in started:
        opened.lammps.close()
    os.chdir(before)
