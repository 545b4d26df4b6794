"""The authors' ZIF-zni file, as text and as a structure without its dummies."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

# Particle types of the authors' file, in its order.
AUTHORS_TYPES = ("Zn", "C4", "N1", "C2", "H4", "H2", "He", "Ne")
ELEMENTS = {"Zn": "Zn", "C4": "C", "N1": "N", "C2": "C", "H4": "H", "H2": "H"}


@dataclass(frozen=True)
class AuthorsZni:
    """The authors' file: its text, the real atoms, and the dummies' types and positions (Å)."""

    text: str
    atoms: Atoms
    dummy_types: np.ndarray
    dummy_positions_A: np.ndarray


@pytest.fixture(scope="session")
def authors_zni(shared: Path) -> AuthorsZni:
    text = gzip.decompress((shared / "nb-zif-ff" / "zni-authors.data.gz").read_bytes()).decode()
    section = text.split("Atoms", 1)[1].split("Bonds", 1)[0].splitlines()
    rows = [line.split()[:7] for line in section if len(line.split()) > 6]
    names = np.array([AUTHORS_TYPES[int(row[2]) - 1] for row in rows])
    positions = np.array([[float(x) for x in row[4:7]] for row in rows])
    real = np.isin(names, list(ELEMENTS))
    atoms = Atoms(
        [ELEMENTS[name] for name in names[real]],
        positions=positions[real],
        cell=[23.2520008, 23.2520008, 25.2919998],
        pbc=True,
    )
    return AuthorsZni(text, atoms, names[~real], positions[~real])
