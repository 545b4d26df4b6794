"""The `deepmd:` section, and the input of `dp train` that it becomes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mofglass.errors import InputError
from mofglass.training.config import TrainingConfig, Weights

CHECKPOINT = "model.ckpt"
EQUAL = Weights(energy=1.0, forces=1.0, stress=1.0)


@dataclass(frozen=True, kw_only=True)
class DeePMDSettings:
    """The `deepmd:` section of a training's configuration.

    Networks, cut-off and the prefactors of energy and force are those of Shi et al. 2023 for ZIF-4; where the
    paper says nothing, what DeePMD-kit's manual takes for se_e2_a.

    Parameters
    ----------
    elements : tuple of str
        Elements in the order of the model's types; those of the data, by atomic number, by default.
    rcut_A, rcut_smooth_A : float
        Cut-off, and where it begins to be smoothed, Å.
    sel : dict of str to int, or None
        Largest number of neighbours of each element; None for the largest in the training frames times
        `sel_margin`.
    sel_margin : float
        Margin of `sel` over the data.
    embedding : tuple of int
        Neurons of the embedding network's layers.
    axis_neurons : int
        Columns of the embedding matrix that are taken for the axes.
    type_one_side : bool
        One embedding network an element of the neighbour, instead of one a pair of elements.
    fitting : tuple of int
        Neurons of the fitting network's layers.
    steps : int
        Training steps.
    batch_size : int
        Frames a step.
    start_learning_rate, stop_learning_rate : float
        The learning rate falls exponentially from the first to the second.
    decay_steps : int
        Steps between its falls.
    energy_prefactors, force_prefactors, virial_prefactors : tuple of float
        Prefactors of the loss at the start and at the limit of the learning rate; the `weights` of the
        configuration, 1 by default, multiply them.
    curve_steps : int
        Steps between rows of the learning curve.
    checkpoint_steps : int
        Steps between checkpoints.
    compress : bool
        Whether the embedding networks are tabulated in the finished model.
    max_force_eV_per_A : float or None
        Frames with a larger force are left out.
    """

    elements: tuple[str, ...] = ()
    rcut_A: float = 6.0
    rcut_smooth_A: float = 0.5
    sel: dict[str, int] | None = None
    sel_margin: float = 1.1
    embedding: tuple[int, ...] = (25, 50, 100)
    axis_neurons: int = 16
    type_one_side: bool = False
    fitting: tuple[int, ...] = (240, 240, 240)
    steps: int = 1_000_000
    batch_size: int = 1
    start_learning_rate: float = 1e-3
    stop_learning_rate: float = 3.51e-8
    decay_steps: int = 5000
    energy_prefactors: tuple[float, float] = (0.02, 1.0)
    force_prefactors: tuple[float, float] = (1000.0, 1.0)
    virial_prefactors: tuple[float, float] = (0.02, 1.0)
    curve_steps: int = 1000
    checkpoint_steps: int = 1000
    compress: bool = True
    max_force_eV_per_A: float | None = 100.0

    def __post_init__(self) -> None:
        if not 0 <= self.rcut_smooth_A < self.rcut_A:
            raise InputError(
                f"rcut_smooth_A must lie between 0 and rcut_A ({self.rcut_A:g} Å), "
                f"and is {self.rcut_smooth_A:g}"
            )
        for name in ("steps", "batch_size", "decay_steps", "curve_steps", "checkpoint_steps"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} must be 1 or more, and is {getattr(self, name)}")
        if not 0 < self.stop_learning_rate <= self.start_learning_rate:
            raise InputError("learning rates must fall: stop_learning_rate above 0, not above the start")
        if self.sel_margin < 1:
            raise InputError(f"sel_margin must be 1 or more, and is {self.sel_margin:g}")


def deepmd_input(
    config: TrainingConfig,
    elements: tuple[str, ...],
    train: list[Path],
    validation: list[Path],
    *,
    n_validation: int,
    has_stress: bool,
) -> dict[str, Any]:
    """Return the input of `dp train`.

    Parameters
    ----------
    config : TrainingConfig
        Its `settings` is a `DeePMDSettings`.
    elements : tuple of str
        Elements in the order of types.
    train, validation : list of Path
        DeePMD systems.
    n_validation : int
        Number of validation frames.
    has_stress : bool
        Whether there are virials.

    Returns
    -------
    dict
        For JSON.
    """
    settings: DeePMDSettings = config.settings
    weights = config.weights.or_default(EQUAL)
    loss: dict[str, Any] = {"type": "ener"}
    terms = {
        "e": (settings.energy_prefactors, weights.energy),
        "f": (settings.force_prefactors, weights.forces),
        "v": (settings.virial_prefactors, weights.stress if has_stress else 0.0),
    }
    for letter, (prefactors, weight) in terms.items():
        assert weight is not None
        loss[f"start_pref_{letter}"], loss[f"limit_pref_{letter}"] = (weight * p for p in prefactors)
    sel: Any = f"auto:{settings.sel_margin:g}"
    if settings.sel is not None:
        missing = [symbol for symbol in elements if symbol not in settings.sel]
        if missing:
            raise InputError(f"deepmd, sel: there is no number for {', '.join(missing)}: add it")
        sel = [settings.sel[symbol] for symbol in elements]
    return {
        "model": {
            "type_map": list(elements),
            "descriptor": {
                "type": "se_e2_a",
                "rcut": settings.rcut_A,
                "rcut_smth": settings.rcut_smooth_A,
                "sel": sel,
                "neuron": list(settings.embedding),
                "axis_neuron": settings.axis_neurons,
                "type_one_side": settings.type_one_side,
                "resnet_dt": False,
                "seed": config.seed,
            },
            "fitting_net": {"neuron": list(settings.fitting), "resnet_dt": True, "seed": config.seed},
        },
        "learning_rate": {
            "type": "exp",
            "start_lr": settings.start_learning_rate,
            "stop_lr": settings.stop_learning_rate,
            # DeePMD-kit refuses a schedule without a single fall.
            "decay_steps": min(settings.decay_steps, max(1, settings.steps // 2)),
        },
        "loss": loss,
        "training": {
            "training_data": {"systems": [str(p) for p in train], "batch_size": settings.batch_size},
            "validation_data": {
                "systems": [str(p) for p in validation],
                "batch_size": 1,
                "numb_btch": min(n_validation, 10),
            },
            "numb_steps": settings.steps,
            "seed": config.seed,
            "disp_freq": settings.curve_steps,
            "save_freq": settings.checkpoint_steps,
            "save_ckpt": CHECKPOINT,
            "max_ckpt_keep": 2,
        },
    }
