"""The elastic tensor: its notation, averages over orientations, anisotropy and mechanical stability.

Voigt's notation, once for all of mofglass. Pairs of axes are numbered as ASE does, xx yy zz yz xz xy, and
strains are engineering strains, so that

.. math:: \\sigma_I = \\sum_J C_{IJ} e_J, \\qquad
          e = (\\epsilon_{xx}, \\epsilon_{yy}, \\epsilon_{zz},
               2\\epsilon_{yz}, 2\\epsilon_{xz}, 2\\epsilon_{xy}), \\qquad S = C^{-1}

with stress positive in tension. As tensors of fourth rank :math:`C_{ijkl} = C_{IJ}` and
:math:`S_{ijkl} = S_{IJ} / (f_I f_J)`, f being 1 for the first three and 2 for the shears (J. F. Nye, Physical
Properties of Crystals, chapter VIII). The state without strain is taken to be free of stress: for moduli of
a body under pressure the tensor given has to be that of the stress-strain coefficients.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mofglass.errors import InputError
from mofglass.units import GPA_PER_EV_PER_A3

PAIRS = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))
"""Axes of the six components: xx yy zz yz xz xy."""

LABELS = ("xx", "yy", "zz", "yz", "xz", "xy")

_PLACE = np.array([[0, 5, 4], [5, 1, 3], [4, 3, 2]])
_FACTOR = np.array([1.0, 1.0, 1.0, 2.0, 2.0, 2.0])
_KELVIN = np.sqrt(_FACTOR)
_LARGEST_GPA = 1e4
"""Diamond's largest component is about 1100 GPa: more is another unit."""


def stress_to_voigt(tensor: np.ndarray) -> np.ndarray:
    """Return the six components of symmetric tensors such as stress, shears as they are.

    Parameters
    ----------
    tensor : ndarray, shape (..., 3, 3)
        Symmetric tensors.

    Returns
    -------
    ndarray, shape (..., 6)
        xx yy zz yz xz xy.
    """
    tensor = np.asarray(tensor, dtype=float)
    return np.stack([(tensor[..., i, j] + tensor[..., j, i]) / 2 for i, j in PAIRS], axis=-1)


def strain_to_voigt(tensor: np.ndarray) -> np.ndarray:
    """Return the six engineering strains, shears doubled.

    Parameters
    ----------
    tensor : ndarray, shape (..., 3, 3)
        Symmetric strain tensors.

    Returns
    -------
    ndarray, shape (..., 6)
        xx yy zz 2yz 2xz 2xy.
    """
    return stress_to_voigt(tensor) * _FACTOR


def voigt_to_strain(strain: Sequence[float] | np.ndarray) -> np.ndarray:
    """Return the strain tensors of six engineering strains.

    Parameters
    ----------
    strain : array_like, shape (..., 6)
        xx yy zz 2yz 2xz 2xy.

    Returns
    -------
    ndarray, shape (..., 3, 3)
        Symmetric tensors.
    """
    return (np.asarray(strain, dtype=float) / _FACTOR)[..., _PLACE]


def rotated_stiffness(stiffness: np.ndarray, rotation: np.ndarray) -> np.ndarray:
    """Return a stiffness in other axes.

    Parameters
    ----------
    stiffness : ndarray, shape (6, 6)
        Stiffness in the old axes.
    rotation : ndarray, shape (3, 3)
        Turns vectors: ``v_new = rotation @ v_old``.

    Returns
    -------
    ndarray, shape (6, 6)
        Stiffness in the new axes, in the same unit.
    """
    full = np.asarray(stiffness, dtype=float)[_PLACE[:, :, None, None], _PLACE[None, None]]
    turned = np.einsum("ai,bj,ck,dl,ijkl->abcd", *[rotation] * 4, full, optimize=True)
    return np.array([[turned[i, j, k, m] for k, m in PAIRS] for i, j in PAIRS])


@dataclass(frozen=True)
class Moduli:
    """Moduli of a body without texture, by one of the averages.

    Parameters
    ----------
    bulk_GPa, young_GPa, shear_GPa : float
        Moduli, GPa.
    poisson : float
        Poisson's ratio.
    """

    bulk_GPa: float
    young_GPa: float
    shear_GPa: float
    poisson: float

    @classmethod
    def of(cls, bulk_GPa: float, shear_GPa: float) -> Moduli:
        """Complete the moduli of an isotropic body.

        Parameters
        ----------
        bulk_GPa, shear_GPa : float
            Bulk and shear modulus, GPa.

        Returns
        -------
        Moduli
            With E = 9KG/(3K+G) and nu = (3K-2G)/(6K+2G).
        """
        young = 9 * bulk_GPa * shear_GPa / (3 * bulk_GPa + shear_GPa)
        poisson = (3 * bulk_GPa - 2 * shear_GPa) / (6 * bulk_GPa + 2 * shear_GPa)
        return cls(bulk_GPa, young, shear_GPa, poisson)


@dataclass(frozen=True)
class ElasticTensor:
    """A stiffness tensor and what follows from it.

    Parameters
    ----------
    stiffness_GPa : ndarray, shape (6, 6)
        Stiffness in Voigt's notation, GPa; made symmetric.

    Raises
    ------
    InputError
        When it is not a symmetric matrix of finite numbers, has no inverse, or is plainly not in GPa.
    """

    stiffness_GPa: np.ndarray

    def __post_init__(self) -> None:
        given = np.array(self.stiffness_GPa, dtype=float)
        if given.shape != (6, 6) or not np.isfinite(given).all():
            raise InputError("an elastic tensor has 6 x 6 finite components: give xx yy zz yz xz xy, in GPa")
        largest = np.abs(given).max()
        if np.abs(given - given.T).max() > 0.05 * largest:
            raise InputError(
                "the elastic tensor is not symmetric within 5 % of its largest component: the strains it was "
                "fitted to were too few or too large"
            )
        if largest > _LARGEST_GPA:
            raise InputError(
                f"the elastic tensor has a component of {largest:.3g} GPa, more than any solid: convert it "
                f"to GPa first (1 eV/Å³ is {GPA_PER_EV_PER_A3:.4f} GPa, 1 bar 1e-4 GPa)"
            )
        symmetric = (given + given.T) / 2
        if np.abs(np.linalg.eigvalsh(symmetric)).min() < 1e-9 * max(largest, 1e-300):
            raise InputError(
                "the elastic tensor has no inverse: one kind of strain costs no energy (a fluid, or a strain "
                "that was not sampled)"
            )
        symmetric.flags.writeable = False
        object.__setattr__(self, "stiffness_GPa", symmetric)

    @classmethod
    def from_eV_per_A3(cls, stiffness: np.ndarray) -> ElasticTensor:
        """Make the tensor from one in ASE's units.

        Parameters
        ----------
        stiffness : ndarray, shape (6, 6)
            Stiffness, eV/Å³.

        Returns
        -------
        ElasticTensor
            The same in GPa.
        """
        return cls(np.asarray(stiffness, dtype=float) * GPA_PER_EV_PER_A3)

    @classmethod
    def from_compliance(cls, compliance_per_GPa: np.ndarray) -> ElasticTensor:
        """Make the tensor from a compliance.

        Parameters
        ----------
        compliance_per_GPa : ndarray, shape (6, 6)
            Compliance for engineering strains, 1/GPa.

        Returns
        -------
        ElasticTensor
            Its inverse.
        """
        return cls(np.linalg.inv(np.asarray(compliance_per_GPa, dtype=float)))

    @classmethod
    def isotropic(cls, bulk_GPa: float, shear_GPa: float) -> ElasticTensor:
        """Make the tensor of an isotropic body.

        Parameters
        ----------
        bulk_GPa, shear_GPa : float
            Bulk and shear modulus, GPa.

        Returns
        -------
        ElasticTensor
            C11 = K + 4G/3, C12 = K - 2G/3, C44 = G.
        """
        stiffness = np.diag([2.0 * shear_GPa] * 3 + [1.0 * shear_GPa] * 3)
        stiffness[:3, :3] += bulk_GPa - 2 * shear_GPa / 3
        return cls(stiffness)

    @cached_property
    def compliance_per_GPa(self) -> np.ndarray:
        """Compliance for engineering strains, shape (6, 6), 1/GPa."""
        return np.linalg.inv(self.stiffness_GPa)

    @cached_property
    def compliance_tensor_per_GPa(self) -> np.ndarray:
        """Compliance as a tensor of fourth rank, shape (3, 3, 3, 3), 1/GPa."""
        halved = self.compliance_per_GPa / np.outer(_FACTOR, _FACTOR)
        return halved[_PLACE[:, :, None, None], _PLACE[None, None]]

    @cached_property
    def voigt(self) -> Moduli:
        """Moduli where all grains have one strain: the upper bound."""
        c = self.stiffness_GPa
        diagonal, beside, shear = np.trace(c[:3, :3]), c[0, 1] + c[0, 2] + c[1, 2], np.trace(c[3:, 3:])
        return Moduli.of((diagonal + 2 * beside) / 9, (diagonal - beside + 3 * shear) / 15)

    @cached_property
    def reuss(self) -> Moduli:
        """Moduli where all grains have one stress: the lower bound; its K is that of volume fluctuations."""
        s = self.compliance_per_GPa
        diagonal, beside, shear = np.trace(s[:3, :3]), s[0, 1] + s[0, 2] + s[1, 2], np.trace(s[3:, 3:])
        return Moduli.of(1 / (diagonal + 2 * beside), 15 / (4 * diagonal - 4 * beside + 3 * shear))

    @cached_property
    def hill(self) -> Moduli:
        """Mean of the two bounds (Hill, Proc. Phys. Soc. A 65, 349 (1952)), as in Castel 2024, Table 3."""
        return Moduli.of(
            (self.voigt.bulk_GPa + self.reuss.bulk_GPa) / 2, (self.voigt.shear_GPa + self.reuss.shear_GPa) / 2
        )

    @property
    def universal_anisotropy(self) -> float:
        """A_U = 5 G_V/G_R + K_V/K_R - 6, zero for an isotropic body (Phys. Rev. Lett. 101, 055504 (2008))."""
        voigt, reuss = self.voigt, self.reuss
        return 5 * voigt.shear_GPa / reuss.shear_GPa + voigt.bulk_GPa / reuss.bulk_GPa - 6

    @cached_property
    def kelvin_moduli_GPa(self) -> np.ndarray:
        """The six eigenvalues, rising, of the tensor on unit strains, GPa; no choice of axes alters them."""
        return np.linalg.eigvalsh(self.stiffness_GPa * np.outer(_KELVIN, _KELVIN))

    @property
    def is_stable(self) -> bool:
        """Whether every small strain costs energy (Mouhat and Coudert, Phys. Rev. B 90, 224104 (2014))."""
        return bool(self.kelvin_moduli_GPa[0] > 0)

    def rotated(self, rotation: np.ndarray) -> ElasticTensor:
        """Return the same body in other axes.

        Parameters
        ----------
        rotation : ndarray, shape (3, 3)
            Turns vectors: ``v_new = rotation @ v_old``.

        Returns
        -------
        ElasticTensor
            In the new axes.
        """
        return ElasticTensor(rotated_stiffness(self.stiffness_GPa, rotation))
