"""The `nequip:` and `allegro:` sections of a training, and the configuration of nequip-train they become."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ase.data import chemical_symbols

from mofglass.errors import InputError
from mofglass.potentials.repulsion import Repulsion, Walls
from mofglass.training.config import TrainingConfig, Weights

DEFAULT_WEIGHTS = Weights(energy=10.0, forces=1.0, stress=200.0)
TRAIN_FILE, VALIDATION_FILE = "train.extxyz", "validation.extxyz"
BEST, LAST, LOG_FOLDER = "best", "last", "log"
MONITORED = "val0_epoch/weighted_sum"
# What the best epoch is chosen by, and the learning rate lowered by: 5 meV/atom count as 25 meV/Å.
MONITORED_ERRORS = {"forces_mae": 1.0, "per_atom_energy_mae": 5.0, "stress_mae": 5.0}


@dataclass(frozen=True, kw_only=True)
class NetworkSettings(ABC):
    """What NequIP and Allegro have in common.

    Parameters
    ----------
    elements : tuple of str
        Elements in the order of the model's types; those of the data, by atomic number, by default.
    r_max_A : float
        Cut-off, Å.
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
    walls : Walls or None
        Harmonic walls laid over the finished model, where the data do not bind it.
    start_from : Path or None
        A checkpoint (``.ckpt``) or package (``.nequip.zip``) whose weights to start from, instead of random
        ones. Its architecture holds, and the settings of the architecture here are ignored. A network over
        linker terms goes on over the same terms, those of the ``model.yaml`` beside it.
    """

    elements: tuple[str, ...] = ()
    r_max_A: float = 5.0
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
    walls: Walls | None = None
    start_from: Path | None = None

    def __post_init__(self) -> None:
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
                if not 0 < cutoff <= self.r_max_A:
                    raise InputError(
                        f"edge_cutoffs_A must lie between 0 and r_max_A = {self.r_max_A:g}, "
                        f"and one is {cutoff:g}"
                    )
        for symbol in named:
            if symbol not in chemical_symbols:
                raise InputError(f"'{symbol}' is not a chemical symbol")
        if self.zbl and self.repulsion is not None:
            raise InputError("zbl and repulsion are the same nuclear repulsion: give one of them")
        if self.start_from is not None and not self.start_from.name.endswith((".ckpt", ".nequip.zip")):
            raise InputError(f"start_from must be a .ckpt or a .nequip.zip file, and is {self.start_from}")

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


def loss_weights(config: TrainingConfig) -> Weights:
    """Return the weights of a training, NequIP's defaults where none are given.

    Parameters
    ----------
    config : TrainingConfig
        The training.

    Returns
    -------
    Weights
        Numbers only.

    Raises
    ------
    InputError
        When energies or forces have no weight.
    """
    weights = config.weights.or_default(DEFAULT_WEIGHTS)
    if not weights.energy or not weights.forces:
        raise InputError("the weights of energy and forces must be above zero: NequIP fits both")
    return weights


def nequip_config(
    config: TrainingConfig, elements: Sequence[str], *, stress: bool, start: str | None = None
) -> dict[str, Any]:
    """Return the configuration of nequip-train; its paths start at the directory of the training.

    Parameters
    ----------
    config : TrainingConfig
        The training; `config.settings` is a `NetworkSettings`.
    elements : sequence of str
        Atom types, in order.
    stress : bool
        Whether stresses are fitted; frames without one do not count in it.
    start : str, optional
        Checkpoint or package to start from, in the directory.

    Returns
    -------
    dict
        To be written as YAML.
    """
    settings: NetworkSettings = config.settings
    symbols = list(elements)
    cutoffs = _edge_cutoffs(settings, symbols)
    kind = "EnergyForceStress" if stress else "EnergyForce"
    weights = loss_weights(config)
    skip_missing: dict[str, Any] = {"ignore_nan": {"stress": True}} if stress else {}
    errors = {
        "_target_": f"nequip.train.{kind}Metrics",
        "coeffs": {key: value for key, value in MONITORED_ERRORS.items() if stress or key != "stress_mae"},
        **skip_missing,
    }
    return {
        "run": ["train"],
        "data": _data(config, symbols, cutoffs, stress=stress),
        "trainer": _trainer(settings),
        "training_module": {
            "_target_": "nequip.train.EMALightningModule",
            "ema_decay": settings.ema_decay,
            "loss": _loss(settings, weights, stress=stress),
            "val_metrics": errors,
            "train_metrics": errors,
            "optimizer": {"_target_": "torch.optim.Adam", "lr": settings.learning_rate},
            "lr_scheduler": _schedule(settings),
            "model": _model(config, symbols, cutoffs, start),
        },
        "global_options": {"allow_tf32": False},
    }


def _loss(settings: NetworkSettings, weights: Weights, *, stress: bool) -> dict[str, Any]:
    """Return the loss of `Weights`, with Huber's function where the settings say so."""
    energy = {"_target_": "nequip.data.PerAtomModifier", "field": "total_energy"}
    terms = [
        _loss_term("energy", energy, weights.energy, settings.energy_huber_eV_per_atom),
        _loss_term("forces", "forces", weights.forces, settings.force_huber_eV_per_A),
    ]
    if stress:
        terms.append(_loss_term("stress", "stress", weights.stress, None) | {"ignore_nan": True})
    return {"_target_": "nequip.train.MetricsManager", "metrics": terms}


def _loss_term(name: str, quantity: Any, weight: float | None, huber: float | None) -> dict[str, Any]:
    """Return one term; Huber's function is half the square where it is one."""
    coefficient = weight
    metric: dict[str, Any] = {"_target_": "nequip.train.MeanSquaredError"}
    if huber is not None:
        coefficient = 2.0 * (weight or 0.0)
        metric = {"_target_": "nequip.train.HuberLoss", "delta": huber}
    return {"name": f"{name}_loss", "field": quantity, "coeff": coefficient, "metric": metric}


def _edge_cutoffs(settings: NetworkSettings, symbols: list[str]) -> dict[str, dict[str, float]] | None:
    """Return cut-offs by first and second element, all written out; None where all are alike."""
    if not settings.edge_cutoffs_A:
        return None
    cutoffs: dict[str, dict[str, float]] = {}
    for first in symbols:
        entry = settings.edge_cutoffs_A.get(first, settings.r_max_A)
        cutoffs[first] = {
            second: entry.get(second, settings.r_max_A) if isinstance(entry, dict) else entry
            for second in symbols
        }
    return cutoffs


def _data(
    config: TrainingConfig, symbols: list[str], cutoffs: dict[str, Any] | None, *, stress: bool
) -> dict[str, Any]:
    settings: NetworkSettings = config.settings
    loader = {"_target_": "torch.utils.data.DataLoader", "batch_size": settings.batch_size, "num_workers": 0}
    neighbours: dict[str, Any] = {
        "_target_": "nequip.data.transforms.NeighborListTransform",
        "r_max": settings.r_max_A,
    }
    if cutoffs is not None:
        neighbours |= {"per_edge_type_cutoff": cutoffs, "type_names": symbols}
    transforms = [
        {
            "_target_": "nequip.data.transforms.ChemicalSpeciesToAtomTypeMapper",
            "model_type_names": symbols,
            "chemical_species_to_atom_type_map": {symbol: symbol for symbol in symbols},
        },
        neighbours,
    ]
    if stress:
        transforms.append({"_target_": "nequip.data.transforms.AddNaNStressTransform"})
    return {
        "_target_": "nequip.data.datamodule.ASEDataModule",
        "seed": config.seed,
        "train_file_path": [TRAIN_FILE],
        "val_file_path": [VALIDATION_FILE],
        "ase_args": {"format": "extxyz"},
        "transforms": transforms,
        "train_dataloader": loader | {"shuffle": True},
        "val_dataloader": loader,
        "stats_manager": {
            "_target_": "nequip.data.CommonDataStatisticsManager",
            "dataloader_kwargs": {"batch_size": settings.batch_size},
            "type_names": symbols,
        },
    }


def _trainer(settings: NetworkSettings) -> dict[str, Any]:
    return {
        "_target_": "lightning.Trainer",
        "accelerator": "cpu",
        "devices": 1,
        "max_epochs": settings.epochs,
        "check_val_every_n_epoch": 1,
        # Epochs only: the file of metrics is read again at every look.
        "log_every_n_steps": 1_000_000_000,
        "num_sanity_val_steps": 0,
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "logger": {
            "_target_": "lightning.pytorch.loggers.CSVLogger",
            "save_dir": ".",
            "name": LOG_FOLDER,
            "flush_logs_every_n_steps": 1,
        },
        "callbacks": [
            {
                "_target_": "lightning.pytorch.callbacks.ModelCheckpoint",
                "monitor": MONITORED,
                "dirpath": ".",
                "filename": BEST,
                "save_last": True,
                "enable_version_counter": False,
            }
        ],
    }


def _schedule(settings: NetworkSettings) -> dict[str, Any]:
    if settings.schedule == "cosine":
        scheduler: dict[str, Any] = {
            "_target_": "torch.optim.lr_scheduler.CosineAnnealingLR",
            "T_max": settings.epochs,
        }
        return {"scheduler": scheduler, "interval": "epoch", "frequency": 1}
    scheduler = {
        "_target_": "torch.optim.lr_scheduler.ReduceLROnPlateau",
        "factor": 0.6,
        "patience": settings.patience,
        "threshold": 0.01,
        "min_lr": 1e-5,
    }
    return {"scheduler": scheduler, "monitor": MONITORED, "interval": "epoch", "frequency": 1}


def _model(
    config: TrainingConfig, symbols: list[str], cutoffs: dict[str, Any] | None, start: str | None
) -> dict[str, Any]:
    settings: NetworkSettings = config.settings
    mode = "compile" if settings.compile_training else "eager"
    if start is not None:
        source = (
            {"_target_": "nequip.model.ModelFromPackage", "package_path": start}
            if start.endswith(".zip")
            else {"_target_": "nequip.model.ModelFromCheckpoint", "checkpoint_path": start}
        )
        return {**source, "compile_mode": mode}
    model = settings.architecture() | {
        "compile_mode": mode,
        "seed": config.seed,
        "model_dtype": "float32",
        "type_names": symbols,
        "r_max": settings.r_max_A,
        "l_max": settings.l_max,
        "parity": settings.parity,
        "avg_num_neighbors": "${training_data_stats:num_neighbors_mean}",
        "per_type_energy_scales": "${training_data_stats:per_type_forces_rms}",
        "per_type_energy_shifts": "${training_data_stats:per_atom_energy_mean}",
    }
    if cutoffs is not None:
        model["per_edge_type_cutoff"] = cutoffs
    if settings.zbl:
        model["pair_potential"] = {
            "_target_": "nequip.nn.pair_potential.ZBL",
            "units": "metal",
            "chemical_species": symbols,
        }
    return model
