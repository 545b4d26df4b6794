"""The configuration of nequip-train that a `nequip:` or `allegro:` section becomes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mofglass.errors import InputError
from mofglass.training.config import TrainingConfig, Weights
from mofglass.training.nequip_settings import NetworkSettings

DEFAULT_WEIGHTS = Weights(energy=10.0, forces=1.0, stress=200.0)
TRAIN_FILE, VALIDATION_FILE, START_FILE = "train.extxyz", "validation.extxyz", "start.nequip.zip"
BEST, LAST, LOG_FOLDER = "best", "last", "log"
WRITE_OUT_PRODUCTS = "mofglass.training.nequip_callback.WriteOutProducts"
MONITORED = "val0_epoch/weighted_sum"
# What the best epoch is chosen by, and the learning rate lowered by: 5 meV/atom count as 25 meV/Å.
MONITORED_ERRORS = {"forces_mae": 1.0, "per_atom_energy_mae": 5.0, "stress_mae": 5.0}


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


def nequip_config(config: TrainingConfig, elements: Sequence[str], *, stress: bool) -> dict[str, Any]:
    """Return the configuration of nequip-train; its paths start at the directory of the training.

    Parameters
    ----------
    config : TrainingConfig
        The training; `config.settings` is a `NetworkSettings`, where it starts from a network with that one's
        atom types and cut-offs (`nequip_start.started_from`).
    elements : sequence of str
        Atom types, in order.
    stress : bool
        Whether stresses are fitted; frames without one do not count in it.

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
            "model": _model(config, symbols, cutoffs),
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
    return {first: {second: settings.cutoff_A(first, second) for second in symbols} for first in symbols}


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
            *([{"_target_": WRITE_OUT_PRODUCTS}] if settings.compile_training else []),
            {
                "_target_": "lightning.pytorch.callbacks.ModelCheckpoint",
                "monitor": MONITORED,
                "dirpath": ".",
                "filename": BEST,
                "save_last": True,
                "enable_version_counter": False,
            },
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


def _model(config: TrainingConfig, symbols: list[str], cutoffs: dict[str, Any] | None) -> dict[str, Any]:
    settings: NetworkSettings = config.settings
    mode = "compile" if settings.compile_training else "eager"
    if settings.start_from is not None:
        package = "nequip.model.ModelFromPackage"
        return {"_target_": package, "package_path": START_FILE, "compile_mode": mode}
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
