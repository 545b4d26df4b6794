"""Labelled frames in extended XYZ, plain or gzipped, as ASE, QUIP, NequIP and MACE write it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from ase.io.extxyz import key_val_str_to_dict
from ase.stress import voigt_6_to_full_3x3_stress

from mofglass.datasets.frame_source import FrameSource
from mofglass.datasets.labelled import NAN, LabelledFrame
from mofglass.errors import InputError
from mofglass.trajectory.columns import numbers_of_labels, read_columns
from mofglass.trajectory.text_source import TextSource
from mofglass.trajectory.xyz_comment import columns_of, lattice_of, property_names, without_layout
from mofglass.trajectory.xyz_index import index_xyz

ENERGY_KEYS = ("energy", "REF_energy", "dft_energy", "DFT_energy", "free_energy")
FORCES_KEYS = ("forces", "force", "REF_forces", "dft_forces", "dft_force", "DFT_forces")
STRESS_KEYS = ("stress", "REF_stress", "dft_stress", "DFT_stress")
VIRIAL_KEYS = ("virial", "virials", "REF_virial", "REF_virials", "dft_virial", "DFT_virial")
_TENSOR = re.compile(
    rf'(?:^|(?<=\s))({"|".join(STRESS_KEYS + VIRIAL_KEYS)})=(?:"([^"]*)"|\{{([^}}]*)\}}|(\S+))'
)
_TEMPERATURE_KEYS = ("temperature_K", "target_T")
_NOT_INFO = frozenset({"Lattice", "lattice", "Properties", "properties", "pbc", "source", "temperature_K"})


class ExtendedXYZ(FrameSource):
    """Labelled frames of an extended XYZ file; atoms may differ from frame to frame.

    Energies are eV, forces eV/Å, stress eV/Å³ positive in tension, in six numbers (xx yy zz yz xz xy) or
    nine. A virial (eV) has the sign of QUIP, minus volume times stress, and is taken where there is no
    stress. Of several energies the first of `ENERGY_KEYS` is taken, and so for the others.

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
            When cell, energy or forces are missing or not numbers.
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
        names = property_names(comment)
        forces_key = _first(FORCES_KEYS, names)
        columns = None if forces_key is None else columns_of(comment, {"pos": 3, forces_key: 3})
        if columns is None or forces_key is None:
            raise InputError(
                f"{where} has no forces (its columns are {', '.join(names)}): write them as "
                "forces:R:3, or label the frames with  mofglass dataset label"
            )
        values, labels = read_columns(
            text, body_at, int(text[: comment_at - 1]), columns.kinds, self.path, index
        )
        pairs, tensors = _pairs(comment, where)
        energy_key = _first(ENERGY_KEYS, pairs)
        if energy_key is None:
            raise InputError(
                f"{where} has no energy: write energy=... (eV) in its comment line, or label the frames with "
                " mofglass dataset label"
            )
        temperature_key = _first(_TEMPERATURE_KEYS, pairs)
        taken = {energy_key} | _NOT_INFO
        return LabelledFrame(
            numbers=numbers_of_labels(labels[:, 0], self.path, index),
            positions=values[:, columns.places["pos"]],
            cell=cell,
            energy_eV=_number(pairs[energy_key], energy_key, where),
            forces_eV_per_A=values[:, columns.places[forces_key]],
            stress_eV_per_A3=_stress(tensors, abs(np.linalg.det(cell)), where),
            source=str(pairs.get("source", "")),
            temperature_K=_number(pairs[temperature_key], temperature_key, where) if temperature_key else NAN,
            info={key: _plain(value) for key, value in pairs.items() if key not in taken},
        )


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _first(keys: Iterable[str], present: Iterable[str]) -> str | None:
    there = set(present)
    return next((key for key in keys if key in there), None)


def _number(value: Any, key: str, where: str) -> float:
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise InputError(f"{where}: {key}={value} is not a number: mend or remove the frame") from error


def _stress(tensors: dict[str, str], volume_A3: float, where: str) -> np.ndarray | None:
    """Return the stress, eV/Å³, positive in tension, as (3, 3); from a virial where there is no stress."""
    key = _first((*STRESS_KEYS, *VIRIAL_KEYS), tensors)
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
    return tensor if key in STRESS_KEYS else -tensor / volume_A3


def _pairs(comment: str, where: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the keys of a comment line, and apart the text of the stress and virial among them."""
    tensors = {
        found.group(1): next(filter(None, found.groups()[1:]), "") for found in _TENSOR.finditer(comment)
    }
    # ASE takes these for matrices of nine numbers only, so they are not left to it.
    rest = _TENSOR.sub("", without_layout(comment))
    try:
        return key_val_str_to_dict(rest), tensors
    except ValueError as error:
        raise InputError(f"{where}: its comment line is not extended XYZ: {error}") from error
