"""Labelled frames in a vasprun.xml.

Every ``<calculation>`` holds one ionic step: its structure (fractional positions), forces (eV/Å), stress
(kbar, positive in compression) and energies, of which ``e_fr_energy`` is the free energy whose derivative the
forces are (VASP wiki: vasprun.xml). Steps are found by their bytes and parsed one at a time.
"""

from __future__ import annotations

import re
import warnings
from array import array
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from mofglass.datasets.frame_source import FrameSource
from mofglass.datasets.labelled import NAN, LabelledFrame
from mofglass.datasets.stress import stress_from_kbar
from mofglass.errors import InputError
from mofglass.trajectory.elements import numbers_of_symbols
from mofglass.trajectory.text_source import TextSource
from mofglass.units import BAR_PER_EV_PER_A3

_LANDMARK = re.compile(
    rb"(?P<begin><calculation>)|(?P<end></calculation>)|(?P<loop><scstep>)"
    rb"|(?P<atoms><atominfo>)|(?P<atoms_end></atominfo>)"
    rb'|name="NELM"> *(?P<nelm>\d+)'
    rb'|name="PSTRESS"> *(?P<pstress>[-\d.]+)'
    rb'|name="IBRION"> *(?P<ibrion>-?\d+)'
    rb'|name="TEBEG"> *(?P<first>[\d.]+)|name="TEEND"> *(?P<last>[\d.]+)'
)


class Vasprun(FrameSource):
    """Labelled frames of a vasprun.xml; steps whose electronic loop ran to its end, NELM, are left out.

    Parameters
    ----------
    path : Path
        The file, plain or gzipped.
    index : dict of str to ndarray, optional
        What `index` returned; found by going through the file when not given.

    Raises
    ------
    InputError
        When it is no vasprun.xml, or holds no whole, converged step.

    Warns
    -----
    UserWarning
        When steps are left out: cut short, or not converged.
    """

    format = "vasprun"

    def __init__(self, path: Path, index: dict[str, np.ndarray] | None = None) -> None:
        super().__init__(path)
        self._source = TextSource(self.path)
        self._index = self._find_steps() if index is None else index
        self._numbers = np.array(self._index["numbers"])

    def _find_steps(self) -> dict[str, np.ndarray]:
        """Go through the file, noting where every whole step lies and how many electronic loops it took."""
        steps = array("q")
        begin, n_loops, atoms_at, atoms_end = -1, 0, -1, -1
        stated: dict[str, float] = {}
        for offset, match in self._source.find(_LANDMARK):
            kind = match.lastgroup or ""
            if kind == "begin":
                begin, n_loops = offset, 0
            elif kind == "loop":
                n_loops += 1
            elif kind == "end" and begin >= 0:
                steps.extend((begin, offset + len(match.group(0)), n_loops))
                begin = -1
            elif kind == "atoms" and atoms_at < 0:
                atoms_at = offset
            elif kind == "atoms_end" and atoms_end < 0:
                atoms_end = offset + len(match.group(0))
            elif kind in ("nelm", "ibrion", "pstress", "first", "last"):
                stated[kind] = float(match.group(kind))
        if atoms_at < 0 or atoms_end < 0 or not steps:
            raise InputError(
                f"{self.path} is no vasprun.xml with a whole <calculation>: give the file of a run that made "
                "at least one ionic step"
            )
        table = np.array(steps, dtype=np.int64).reshape(-1, 3)
        if begin >= 0:
            warnings.warn(
                f"{self.path}: the last ionic step is incomplete and is left out (the run was stopped)",
                stacklevel=4,
            )
        converged = table[:, 2] < stated.get("nelm", np.inf)
        if not converged.all():
            warnings.warn(
                f"{self.path}: {np.sum(~converged)} of {len(table)} ionic steps took all of NELM electronic "
                "loops and are left out, since they did not converge",
                stacklevel=4,
            )
        if not converged.any():
            raise InputError(f"{self.path} holds no converged ionic step: nothing to learn from")
        first = stated.get("first", NAN)
        known = stated.get("ibrion") == 0 and first == stated.get("last", first)
        return {
            "steps": np.flatnonzero(converged) + 1,
            "begins": table[converged, 0],
            "ends": table[converged, 1],
            "numbers": self._atoms(atoms_at, atoms_end),
            "pstress_kbar": np.array([stated.get("pstress", 0.0)]),
            "temperature_K": np.array([first if known else NAN]),
        }

    def _atoms(self, begin: int, end: int) -> np.ndarray:
        tree = self._parse(begin, end, f"{self.path}: its <atominfo>")
        symbols = [(row.findtext("c") or "").strip() for row in tree.iterfind("array[@name='atoms']/set/rc")]
        if not symbols:
            raise InputError(f"{self.path}: its <atominfo> names no atoms")
        return numbers_of_symbols(symbols, self.path)

    def _parse(self, begin: int, end: int, what: str) -> ElementTree.Element:
        try:
            return ElementTree.fromstring(self._source.read(begin, end - begin))
        except ElementTree.ParseError as error:
            raise InputError(f"{what} is broken XML ({error}): mend or remove it") from error

    def __len__(self) -> int:
        return len(self._index["begins"])

    def index(self) -> dict[str, np.ndarray]:
        """Return where the steps lie, and the atoms.

        Returns
        -------
        dict of str to ndarray
            Byte offsets; atomic numbers.
        """
        return self._index

    @classmethod
    def from_index(cls, path: Path, index: dict[str, np.ndarray]) -> Vasprun:
        """Make the reader from its index.

        Parameters
        ----------
        path : Path
            The file.
        index : dict of str to ndarray
            What `index` returned.

        Returns
        -------
        Vasprun
            The reader.
        """
        return cls(path, index)

    def default_label(self) -> str:
        """Name the source by the run's folder, since the file is always called vasprun.xml.

        Returns
        -------
        str
            The folder's name.
        """
        return self.path.absolute().parent.name

    def close(self) -> None:
        """Close the file; reading afterwards opens it again."""
        self._source.close()

    def read(self, index: int) -> LabelledFrame:
        """Read one ionic step.

        Parameters
        ----------
        index : int
            Number among the usable steps, from 0.

        Returns
        -------
        LabelledFrame
            `info` has ``step``, the number of the ionic step from 1.

        Raises
        ------
        InputError
            When energy, forces or structure are missing or not numbers.
        """
        where = f"{self.path}, frame {index}"
        step = self._parse(int(self._index["begins"][index]), int(self._index["ends"][index]), where)
        n_atoms = len(self._numbers)
        cell = _rows(step, "structure/crystal/varray[@name='basis']", 3, where, "cell")
        scaled = _rows(step, "structure/varray[@name='positions']", n_atoms, where, "positions")
        forces = _rows(step, "varray[@name='forces']", n_atoms, where, "forces")
        has_stress = step.find("varray[@name='stress']") is not None
        energy = step.findtext("energy/i[@name='e_fr_energy']")
        if energy is None:
            raise InputError(f"{where} has no energy (e_fr_energy): remove the step")
        # With PSTRESS what VASP writes here is an enthalpy: energy plus pressure times volume.
        pressure_eV_per_A3 = float(self._index["pstress_kbar"][0]) * 1e3 / BAR_PER_EV_PER_A3
        return LabelledFrame(
            numbers=self._numbers,
            positions=scaled @ cell,
            cell=cell,
            energy_eV=_number(energy, where, "energy") - pressure_eV_per_A3 * abs(np.linalg.det(cell)),
            forces_eV_per_A=forces,
            stress_eV_per_A3=stress_from_kbar(_rows(step, "varray[@name='stress']", 3, where, "stress"))
            if has_stress
            else None,
            temperature_K=float(self._index["temperature_K"][0]),
            info={"step": int(self._index["steps"][index])},
        )


def _rows(step: ElementTree.Element, place: str, n_rows: int, where: str, what: str) -> np.ndarray:
    """Return the vectors of a ``<varray>``."""
    array_ = step.find(place)
    if array_ is None:
        raise InputError(f"{where} has no {what}: run VASP again, or remove the step")
    rows = [(row.text or "").split() for row in array_.iterfind("v")]
    if len(rows) != n_rows or any(len(row) != 3 for row in rows):
        raise InputError(f"{where} has {len(rows)} rows of {what}, {n_rows} are expected: remove the step")
    return np.array([[_number(word, where, what) for word in row] for row in rows])


def _number(word: str, where: str, what: str) -> float:
    try:
        return float(word)
    except ValueError as error:
        raise InputError(
            f"{where}: '{word.strip()}' in its {what} is not a number: remove the step"
        ) from error
