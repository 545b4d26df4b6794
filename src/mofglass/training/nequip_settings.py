"""The `nequip:` and `allegro:` sections of a training."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ase.data import chemical_symbols

from mofglass.errors import InputError
from mofglass.potentials.dispersion import Dispersion
from mofglass.potentials.nequip_model import PACKAGE
from mofglass.potentials.repulsion import Repulsion, Walls

R_MAX_A = 5.0


@dataclass(frozen=True, kw_only=True)
class NetworkSettings(ABC):
    """What NequIP and Allegro have in common.

    Parameters
    ----------
    elements : tuple of str
        Elements in the order of the model's types; those of the data, by atomic number, by default.
    r_max_A : float or None
        Cut-off, Å; 5 by default, with `start_from` that of the package.
    edge_cutoffs_A : dict
        Shorter cut-offs, Å, by the element of the first atom: a number, or numbers by that of the second.
        Pairs with hydrogen need less, and cost is proportional to the number of pairs.
    l_max : int
        Highest order of the spherical harmonics.
    parity : bool
        Whether odd features are kept beside even ones.
    bessels : int
        Radial basis functions.
    polynomial_cutoff_p : int
        Exponent of the polynomial that takes the basis to zero at the cut-off.
    zbl : bool
        Whether a screened nuclear repulsion (Ziegler, Biersack and Littmark) is added, which keeps atoms
        apart where no data do. It acts out to the cut-off: at the length of a bond it is several eV, which
        the network has to learn to take back.
    epochs : int
        Passes over the training frames, at most.
    batch_size : int
        Frames a step.
    learning_rate : float
        Of Adam, at the start.
    schedule : {"plateau", "cosine"}
        ``plateau`` lowers the rate by 0.6 after `patience` epochs without gain, ``cosine`` takes it to zero
        over `epochs`.
    patience : int
        Epochs without a gain of 1 % before the rate is lowered.
    ema_decay : float
        Of the running average of the weights, with which the model is validated and used.
    max_force_eV_per_A : float or None
        Frames with a larger force are left out.
    force_huber_eV_per_A, energy_huber_eV_per_atom : float or None
        Above this error a component of a force, or an energy, counts in proportion to it, no longer to its
        square, so that a few violent frames do not decide the fit; None for squares throughout. The losses
        of the learning curve are those of squares all the same.
    compile_training : bool
        Whether steps are compiled by torch.compile: minutes at the start, then faster; needs a C++ compiler.
    linker_terms : bool or Path
        Fit bonded terms of the imidazolate linkers (LAMMPS' class2 styles) first, to forces alone, and give
        the network what they leave; or take those of a file, as an earlier training left it. Frames with a
        broken or another linker are left out. Linkers then hold where the network has seen no data, and it
        learns the rest in a fraction of the steps.
    repulsion : Repulsion or None
        Screened nuclear repulsion, taken off the labels and laid under the network; unlike `zbl` it is
        switched off within `outer_A`.
    dispersion : Dispersion or None
        Dispersion of Grimme's DFT-D2, taken off the labels and laid under the network, which ends before it
        does: without it phases of different density have errors of their own.
    walls : Walls or None
        Harmonic walls laid over the finished model, where the data do not bind it. Where none are given,
        those of `start_from`; else, with linker terms, one on bends.
    start_from : Path or None
        A package (``.nequip.zip``) whose weights to start from, instead of random ones. Its architecture
        holds, and the settings of the architecture here are ignored; but `elements`, `r_max_A` and
        `edge_cutoffs_A` are refused where they are given and differ from its own. A network over linker terms
        goes on over the same terms, those of the ``model.yaml`` beside it.
    """

    elements: tuple[str, ...] = ()
    r_max_A: float | None = None
    edge_cutoffs_A: dict[str, float | dict[str, float]] = field(default_factory=dict)
    l_max: int = 1
    parity: bool = False
    bessels: int = 8
    polynomial_cutoff_p: int = 6
    zbl: bool = False
    epochs: int = 200
    batch_size: int = 4
    learning_rate: float = 0.01
    schedule: Literal["plateau", "cosine"] = "plateau"
    patience: int = 5
    ema_decay: float = 0.99
    max_force_eV_per_A: float | None = 30.0
    force_huber_eV_per_A: float | None = None
    energy_huber_eV_per_atom: float | None = None
    compile_training: bool = False
    linker_terms: bool | Path = False
    repulsion: Repulsion | None = None
    dispersion: Dispersion | None = None
    walls: Walls | None = None
    start_from: Path | None = None

    def __post_init__(self) -> None:
        if self.r_max_A is None and self.start_from is None:
            object.__setattr__(self, "r_max_A", R_MAX_A)
        for name in ("epochs", "batch_size", "bessels", "patience"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} must be 1 or more, and is {getattr(self, name)}")
        above_zero = ("r_max_A", "learning_rate", "max_force_eV_per_A")
        for name in (*above_zero, "force_huber_eV_per_A", "energy_huber_eV_per_atom"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise InputError(f"{name} must be above zero, and is {value:g}")
        if not 0 <= self.ema_decay < 1:
            raise InputError(f"ema_decay must be between 0 and 1, and is {self.ema_decay:g}")
        named = [*self.edge_cutoffs_A, *self.elements]
        for entry in self.edge_cutoffs_A.values():
            named += entry if isinstance(entry, dict) else []
            for cutoff in entry.values() if isinstance(entry, dict) else [entry]:
                if not 0 < cutoff <= (math.inf if self.r_max_A is None else self.r_max_A):
                    raise InputError(
                        f"edge_cutoffs_A must lie between 0 and r_max_A = {self.r_max_A}, and one is "
                        f"{cutoff:g}"
                    )
        for symbol in named:
            if symbol not in chemical_symbols:
                raise InputError(f"'{symbol}' is not a chemical symbol")
        if self.zbl and self.repulsion is not None:
            raise InputError("zbl and repulsion are the same nuclear repulsion: give one of them")
        if self.start_from is not None and not self.start_from.name.endswith(PACKAGE):
            raise InputError(
                f"start_from must be a package ({PACKAGE}), and is {self.start_from}: make one with "
                f"'nequip-package build best.ckpt model{PACKAGE}' in the directory of the training"
            )

    def cutoff_A(self, first: str, second: str) -> float:
        """Return the cut-off of a pair.

        Parameters
        ----------
        first, second : str
            Elements of the first and the second atom.

        Returns
        -------
        float
            Å. Where `r_max_A` is None, it is known only from the package.
        """
        assert self.r_max_A is not None
        entry = self.edge_cutoffs_A.get(first, self.r_max_A)
        return entry.get(second, self.r_max_A) if isinstance(entry, dict) else entry

    @abstractmethod
    def architecture(self) -> dict[str, Any]:
        """Return the part of the model that NequIP and Allegro do not share.

        Returns
        -------
        dict
            Arguments of its builder, with ``_target_``.
        """


@dataclass(frozen=True, kw_only=True)
class NequIPSettings(NetworkSettings):
    """The `nequip:` section.

    Parameters
    ----------
    layers : int
        Message-passing layers.
    features : tuple of int
        Features of each order, from 0 to `l_max`; one number for all alike.
    radial_mlp_depth, radial_mlp_width : int
        Hidden layers of the radial network, and neurons in each. With few features they are most of the cost.
    """

    layers: int = 2
    features: tuple[int, ...] = (32, 16)
    radial_mlp_depth: int = 1
    radial_mlp_width: int = 32

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.features) not in (1, self.l_max + 1) or min(self.features) < 1:
            raise InputError(
                f"features must be one number or {self.l_max + 1} (for l = 0 to {self.l_max}), of 1 or more"
            )

    def architecture(self) -> dict[str, Any]:
        """Return NequIP's part of the model.

        Returns
        -------
        dict
            Arguments of its builder, with ``_target_``.
        """
        features = self.features * (self.l_max + 1) if len(self.features) == 1 else self.features
        return {
            "_target_": "nequip.model.NequIPGNNModel",
            "num_layers": self.layers,
            "num_features": list(features),
            "radial_mlp_depth": self.radial_mlp_depth,
            "radial_mlp_width": self.radial_mlp_width,
            "num_bessels": self.bessels,
            "polynomial_cutoff_p": self.polynomial_cutoff_p,
        }


@dataclass(frozen=True, kw_only=True)
class AllegroSettings(NetworkSettings):
    """The `allegro:` section.

    Parameters
    ----------
    layers : int
        Allegro layers.
    scalar_features, tensor_features : int
        Scalar and tensor features of a pair.
    mlp_depth, mlp_width : int
        Hidden layers of its networks, and neurons in each.
    """

    layers: int = 1
    scalar_features: int = 32
    tensor_features: int = 8
    mlp_depth: int = 1
    mlp_width: int = 32

    def architecture(self) -> dict[str, Any]:
        """Return Allegro's part of the model.

        Returns
        -------
        dict
            Arguments of its builder, with ``_target_``.
        """
        networks = {
            f"{name}_mlp_hidden_layers_{size}": value
            for name in ("scalar_embed", "allegro", "readout")
            for size, value in (("depth", self.mlp_depth), ("width", self.mlp_width))
        }
        return {
            "_target_": "allegro.model.AllegroModel",
            "num_layers": self.layers,
            "num_scalar_features": self.scalar_features,
            "num_tensor_features": self.tensor_features,
            "radial_chemical_embed": {
                "_target_": "allegro.nn.TwoBodyBesselScalarEmbed",
                "num_bessels": self.bessels,
                "polynomial_cutoff_p": self.polynomial_cutoff_p,
            },
            **networks,
        }
