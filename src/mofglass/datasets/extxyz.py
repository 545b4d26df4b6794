"""Labelled frames in extended XYZ, plain or gzipped, as ASE, QUIP, NequIP and MACE write it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ase.calculators.calculator import all_properties
from ase.io.extxyz import key_val_str_to_dict
from ase.stress import voigt_6_to_full_3x3_stress

from mofglass.datasets.frame_source import FrameSource, require_periodic
from mofglass.datasets.labelled import NAN, LabelledFrame
from mofglass.errors import InputError
from mofglass.trajectory.columns import numbers_of_labels, read_columns
from mofglass.trajectory.text_source import TextSource
from mofglass.trajectory.xyz_comment import columns_of, lattice_of, property_names, without_layout
from mofglass.trajectory.xyz_index import index_xyz

FAMILIES = ("REF_", "dft_", "DFT_", "")
"""What the keys of labels of one method begin with; what has a name is the reference, and goes first."""

ENERGY_KEYS = ("energy", "free_energy")
FORCES_KEYS = ("forces", "force")
STRESS_KEYS = ("stress", "virial", "virials")
LABEL_KEYS = frozenset(
    family + key for family in FAMILIES for key in (*ENERGY_KEYS, *FORCES_KEYS, *STRESS_KEYS, *all_properties)
)
"""Every key that is a label of some method."""

_TENSOR = re.compile(
    rf"(?<!\S)((?:{'|'.join(FAMILIES)})(?:{'|'.join(STRESS_KEYS)}))"
    r'\s*=\s*(?:"([^"]*)"|\{([^}]*)\}|(\S+))'
)
_SOURCE = re.compile(
    r'(?:[^"]|"(?:[^"\\]|\\.)*")*?(?<!\S)source\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s"\'{\[]\S*))'
)
_TEMPERATURE_KEYS = ("temperature_K", "target_T")
_NOT_INFO = frozenset(
    {"Lattice", "lattice", "Properties", "properties", "pbc", "source", "temperature_K", "energy"}
)


class ExtendedXYZ(FrameSource):
    """Labelled frames of an extended XYZ file; atoms may differ from frame to frame.

    Energies are eV, forces eV/Å, stress eV/Å³ positive in tension, in six numbers (xx yy zz yz xz xy) or
    nine. A virial (eV) has the sign of QUIP, minus volume times stress, and is taken where there is no
    stress. Of several labels those are taken whose keys begin with the first of `FAMILIES` that has both
    energy and forces; labels of different families are never mixed.

    Parameters
    ----------
    path : Path
        The file.
    offsets : ndarray of int, shape (n_frames + 1,), optional
        Where frames begin; found by going through the file when not given.

    Raises
    ------
    InputError
        When it is not XYZ.
    """

    format = "extxyz"

    def __init__(self, path: Path, offsets: np.ndarray | None = None) -> None:
        super().__init__(path)
        self._source = TextSource(self.path)
        self._offsets = index_xyz(self._source, same_atoms=False).offsets if offsets is None else offsets

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def index(self) -> dict[str, np.ndarray]:
        """Return where frames begin.

        Returns
        -------
        dict of str to ndarray
            ``offsets``, bytes.
        """
        return {"offsets": self._offsets}

    @classmethod
    def from_index(cls, path: Path, index: dict[str, np.ndarray]) -> ExtendedXYZ:
        """Make the reader from its index.

        Parameters
        ----------
        path : Path
            The file.
        index : dict of str to ndarray
            ``offsets``, bytes.

        Returns
        -------
        ExtendedXYZ
            The reader.
        """
        return cls(path, index["offsets"])

    def close(self) -> None:
        """Close the file; reading afterwards opens it again."""
        self._source.close()

    def read(self, index: int) -> LabelledFrame:
        """Read one frame.

        Parameters
        ----------
        index : int
            Number in the file, from 0.

        Returns
        -------
        LabelledFrame
            With the other keys of the comment line in `info`.

        Raises
        ------
        InputError
            When cell, energy or forces are missing or not numbers, no energy and forces belong together, or
            the frame is not periodic.
        """
        start, stop = (int(offset) for offset in self._offsets[index : index + 2])
        text = self._source.read(start, stop - start)
        comment_at = text.index(b"\n") + 1
        body_at = text.index(b"\n", comment_at) + 1
        comment = text[comment_at : body_at - 1].decode("utf-8", "replace").strip()
        where = f"{self.path}, frame {index}"
        cell = lattice_of(comment)
        if cell is None:
            raise InputError(f"{where} has no Lattice of 9 numbers: labelled frames are periodic, write it")
        pairs, tensors = _pairs(comment, where)
        require_periodic(pairs.get("pbc", True), where)
        family, energy_key, forces_key = _label_keys(pairs, property_names(comment), where)
        columns = columns_of(comment, {"pos": 3, forces_key: 3})
        if columns is None:
            raise InputError(
                f"{where}: of its columns pos or {forces_key} is not of 3 numbers, or there is no species: "
                "mend its Properties"
            )
        values, labels = read_columns(
            text, body_at, int(text[: comment_at - 1]), columns.kinds, self.path, index
        )
        temperature_key = _first(_TEMPERATURE_KEYS, pairs)
        taken = {energy_key} | _NOT_INFO
        return LabelledFrame(
            numbers=numbers_of_labels(labels[:, 0], self.path, index),
            positions=values[:, columns.places["pos"]],
            cell=cell,
            energy_eV=_number(pairs[energy_key], energy_key, where),
            forces_eV_per_A=values[:, columns.places[forces_key]],
            stress_eV_per_A3=_stress(tensors, family, abs(np.linalg.det(cell)), where),
            source=str(pairs.get("source", "")),
            temperature_K=_number(pairs[temperature_key], temperature_key, where) if temperature_key else NAN,
            info={key: _plain(value) for key, value in pairs.items() if key not in taken},
        )


def _label_keys(pairs: Iterable[str], columns: Sequence[str], where: str) -> tuple[str, str, str]:
    """Return the first family that has both energy and forces, and its keys of these."""
    found = [
        (family, _first(ENERGY_KEYS, pairs, family), _first(FORCES_KEYS, columns, family))
        for family in FAMILIES
    ]
    for family, energy, forces in found:
        if energy and forces:
            return family, energy, forces
    energies = [energy for _, energy, _ in found if energy]
    forces_columns = [forces for _, _, forces in found if forces]
    if not forces_columns:
        raise InputError(
            f"{where} has no forces (its columns are {', '.join(columns)}): write them as forces:R:3, or "
            "label the frames with  mofglass dataset label"
        )
    if not energies:
        raise InputError(
            f"{where} has no energy: write energy=... (eV) in its comment line, or label the frames with  "
            "mofglass dataset label"
        )
    raise InputError(
        f"{where}: its energy is called {energies[0]} and its forces {forces_columns[0]}, so they may be of "
        "different methods: name both alike where they are of one, e.g. REF_energy and REF_forces"
    )


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _first(keys: Iterable[str], present: Iterable[str], family: str = "") -> str | None:
    there = set(present)
    return next((family + key for key in keys if family + key in there), None)


def _number(value: Any, key: str, where: str) -> float:
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise InputError(f"{where}: {key}={value} is not a number: mend or remove the frame") from error


def _stress(tensors: dict[str, str], family: str, volume_A3: float, where: str) -> np.ndarray | None:
    """Return the stress, eV/Å³, positive in tension, as (3, 3); from a virial where there is no stress."""
    key = _first(STRESS_KEYS, tensors, family)
    if key is None:
        return None
    try:
        given = np.array(re.split(r"[\s,\[\]]+", tensors[key].strip(" []")), dtype=float)
    except ValueError:
        given = np.empty(0)
    if given.size not in (6, 9):
        raise InputError(
            f"{where}: {key} is not 6 or 9 numbers (eV/Å³ for a stress, eV for a virial): mend or remove it"
        )
    tensor = np.asarray(voigt_6_to_full_3x3_stress(given)) if given.size == 6 else given.reshape(3, 3)
    return tensor if key.endswith("stress") else -tensor / volume_A3


def _pairs(comment: str, where: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the keys of a comment line, and apart the text of the stress and virial among them."""
    tensors = {
        found.group(1): next(filter(None, found.groups()[1:]), "") for found in _TENSOR.finditer(comment)
    }
    try:
        return comment_pairs(without_layout(comment)), tensors
    except ValueError as error:
        raise InputError(f"{where}: its comment line is not extended XYZ: {error}") from error


def comment_pairs(comment: str) -> dict[str, Any]:
    """Read the keys of a comment line as ASE does, but ``source`` as the text that it is, and no stress.

    ASE makes a number of '001' or '1e3', and an array of '1 2 3'. It takes stress and virial for matrices of
    nine numbers only.

    Parameters
    ----------
    comment : str
        The line.

    Returns
    -------
    dict of str to object
        Values by key; ASE's readers take this function as their ``properties_parser``.
    """
    pairs: dict[str, Any] = key_val_str_to_dict(_TENSOR.sub("", comment))
    stated = _SOURCE.match(comment)
    if stated:
        quoted, bare = stated.groups()
        pairs["source"] = bare if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
    return pairs


def with_source(text: str, source: str) -> str:
    """Put the source into the comment line of a frame, in quotes, so that it comes back as it is.

    Parameters
    ----------
    text : str
        One frame of extended XYZ without source.
    source : str
        Label of its origin; nothing is written where it is empty.

    Returns
    -------
    str
        The frame with its source.
    """
    if not source:
        return text
    count, comment, rows = text.split("\n", 2)
    quoted = re.sub(r'(["\\])', r"\\\1", source)
    return f'{count}\n{comment} source="{quoted}"\n{rows}'
