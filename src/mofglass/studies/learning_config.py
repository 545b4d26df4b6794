"""What `mofglass learn` does: the YAML file of a concurrent learning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from mofglass.datasets.cp2k_input import Cp2kLevel
from mofglass.datasets.cp2k_labels import Cp2kLabeller
from mofglass.datasets.labels import Labeller, PotentialLabeller
from mofglass.errors import InputError
from mofglass.potentials.registry import REGISTRY
from mofglass.structures.reading import split_place
from mofglass.studies.pressing import Pressing
from mofglass.training.config import FREE_TO_CHANGE as FREE_IN_TRAINING
from mofglass.training.config import TrainingConfig, load_config
from mofglass.training.sections import read_section
from mofglass.yaml_file import read_yaml

FREE_TO_CHANGE = ("iterations", "jobs", "labeller")
"""Settings that an iteration which has begun may go on without; labels themselves say whose they are."""


@dataclass(frozen=True, kw_only=True)
class Exploration:
    """Runs that look for structures the potential does not know.

    Parameters
    ----------
    structures : tuple of str
        Where runs start: names of the catalogue, or files.
    temperature_K : tuple of float
        Each run draws one, K.
    volume : (float, float)
        Each run draws a factor of its first volume between these.
    pressure_GPa : tuple of float
        Where given, runs are at constant pressure (the cell scaled isotropically), and each draws one, GPa.
    runs : int
        Number in each iteration.
    duration_ps : float
        Length of each, ps.
    time_step_fs : float
        Time step, fs.
    from_found : float
        Share of the runs that start from frames labelled in earlier iterations.
    """

    structures: tuple[str, ...]
    temperature_K: tuple[float, ...]
    volume: tuple[float, float] = (1.0, 1.0)
    pressure_GPa: tuple[float, ...] = ()
    runs: int = 4
    duration_ps: float = 5.0
    time_step_fs: float = 0.5
    from_found: float = 0.5

    def __post_init__(self) -> None:
        if not self.structures or not self.temperature_K:
            raise InputError("'structures' and 'temperature_K' must name at least one each")
        if min(self.temperature_K) <= 0 or self.duration_ps <= 0 or self.time_step_fs <= 0:
            raise InputError("temperatures, duration and time step must be above zero")
        if not 0 < self.volume[0] <= self.volume[1]:
            raise InputError("volume is a range of factors, such as [0.95, 1.08]")
        if self.runs < 1 or not 0 <= self.from_found <= 1:
            raise InputError("runs must be 1 or more, and from_found lies between 0 and 1")


@dataclass(frozen=True, kw_only=True)
class LearningConfig:
    """A concurrent learning: train, explore, choose, label, and again.

    Parameters
    ----------
    training : Path
        Configuration of `mofglass train`; its files are the first labelled frames.
    labeller : str
        What labels new frames: a potential as ``--potential`` takes it, or ``cp2k``.
    explore : tuple of Exploration
        What is run in each iteration.
    press : tuple of Pressing
        Contacts that are pressed in each iteration, from where its runs came to, and labelled besides.
    iterations : int
        How often.
    further_epochs : int or None
        Networks (NequIP, Allegro) go on from those of the iteration before, for so many epochs; None to begin
        as `training` says in each iteration.
    committee : int
        Models whose spread of forces says what is unknown; two or more.
    trust_eV_per_A : (float, float)
        Spread of the forces on an atom, eV/Å: a frame whose largest is below the first is known, above the
        second it is taken for nonsense, between them it is worth a label.
    select : int
        Frames of runs labelled in each iteration, at most.
    before_break : int
        Frames labelled of the last before a run broke down, whatever their spread.
    looked_at : int
        Evenly spaced frames of each run whose spread is computed.
    frame_interval_fs : float
        Time between the frames that a run keeps, fs: short, since a run may break within some fs.
    max_force_eV_per_A : float
        A run has broken down when a force exceeds this, eV/Å.
    max_label_eV_per_A : float
        A frame whose labelled force exceeds this is not learned from, eV/Å.
    min_distance_A : float
        A frame with closer atoms is not labelled, Å.
    held_out : tuple of Path
        Labelled frames that are only for the table of errors.
    jobs : int
        Runs, and labels, side by side.
    seed : int
        Of all draws.
    """

    training: Path
    labeller: str
    explore: tuple[Exploration, ...]
    press: tuple[Pressing, ...] = ()
    iterations: int = 5
    further_epochs: int | None = None
    committee: int = 4
    trust_eV_per_A: tuple[float, float] = (0.2, 2.0)
    select: int = 60
    before_break: int = 4
    looked_at: int = 20
    frame_interval_fs: float = 2.0
    max_force_eV_per_A: float = 60.0
    max_label_eV_per_A: float = 60.0
    min_distance_A: float = 0.7
    held_out: tuple[Path, ...] = ()
    jobs: int = 1
    seed: int = 1

    def __post_init__(self) -> None:
        if not self.explore:
            raise InputError("'explore' names no runs")
        if not 0 <= self.trust_eV_per_A[0] < self.trust_eV_per_A[1]:
            raise InputError("trust_eV_per_A is a lower and a higher spread, such as [0.2, 2.0]")
        for name, least in (
            ("iterations", 1),
            ("committee", 2),
            ("select", 1),
            ("before_break", 0),
            ("looked_at", 1),
            ("jobs", 1),
            ("seed", 1),
        ):
            if getattr(self, name) < least:
                raise InputError(f"{name} must be {least} or more, and is {getattr(self, name)}")
        if self.further_epochs is not None and self.further_epochs < 1:
            raise InputError(f"further_epochs must be 1 or more, and is {self.further_epochs}")
        for name in ("frame_interval_fs", "max_force_eV_per_A", "max_label_eV_per_A", "min_distance_A"):
            if not getattr(self, name) > 0:
                raise InputError(f"{name} must be above zero, and is {getattr(self, name):g}")

    @property
    def training_config(self) -> TrainingConfig:
        """The configuration of the trainings."""
        return load_config(self.training)

    def make_labeller(self) -> Labeller:
        """Return what labels new frames.

        Returns
        -------
        Labeller
            CP2K, or a potential, which need not be there yet.
        """
        if self.labeller == "cp2k":
            return Cp2kLabeller(Cp2kLevel())
        return PotentialLabeller(self.labeller)

    def decisive(self) -> dict[str, Any]:
        """Return, as plain data, what decides the outcome of an iteration.

        Returns
        -------
        dict
            All settings but `FREE_TO_CHANGE`, and those of the training likewise.
        """
        plain = {key: value for key, value in asdict(self).items() if key not in FREE_TO_CHANGE}
        plain["training"] = self.training_config.to_dict()
        for key in FREE_IN_TRAINING:
            plain["training"].pop(key.removesuffix("_s"))
        plain["held_out"] = [str(path) for path in self.held_out]
        return plain


def load_learning(path: Path) -> LearningConfig:
    """Read the configuration of a concurrent learning.

    Parameters
    ----------
    path : Path
        YAML file; relative paths in it start at its folder.

    Returns
    -------
    LearningConfig
        Structures and labeller with their paths made absolute.

    Raises
    ------
    InputError
        When it is not readable, or holds a name or a value that is not allowed.
    """
    path = Path(path)
    content = read_yaml(path)
    if not isinstance(content, Mapping):
        raise InputError(
            f"{path} must hold 'training:', 'labeller:' and 'explore:'; see  mofglass learn --help"
        )
    folder = path.resolve().parent
    config = read_section(LearningConfig, content, str(path), folder)
    explore = tuple(
        replace(part, structures=tuple(_from(folder, name) for name in part.structures))
        for part in config.explore
    )
    kind, colon, argument = config.labeller.partition(":")
    labeller = config.labeller
    if colon and kind in REGISTRY:
        labeller = f"{kind}:{_from(folder, argument)}"
    elif labeller not in REGISTRY and labeller != "cp2k":
        labeller = _from(folder, labeller)
    return replace(config, explore=explore, labeller=labeller)


def _from(folder: Path, name: str) -> str:
    """Return the path of a file that is there, seen from a folder; any other name as it is."""
    path, place = split_place(str(folder / Path(name).expanduser()))
    if not path.exists():
        return name
    return f"{path.resolve()}{'' if place is None else f'@{place}'}"
