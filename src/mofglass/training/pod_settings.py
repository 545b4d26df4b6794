"""Settings of the POD trainer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from mofglass.errors import InputError
from mofglass.potentials.linker_terms import CRYSTAL_LENGTHS_A
from mofglass.potentials.pod import read_model
from mofglass.potentials.pod_files import PODParameters
from mofglass.potentials.repulsion import Repulsion, Walls
from mofglass.potentials.shipped import MODELS, shipped_models
from mofglass.training.sections import near_miss

RIDGES = tuple(10.0**power for power in range(-14, -3))
RIDGES_FROM_START = tuple(10.0**power for power in range(-10, 3))
"""Where a ridge draws towards a model, a large one leaves that as it is: few frames may want no more."""


@dataclass(frozen=True, kw_only=True)
class PODSettings:
    """The `pod:` section of a training's configuration.

    Parameters
    ----------
    descriptors : dict
        LAMMPS' keywords of the parameter file but `species`: fields of `PODParameters`.
    elements : tuple of str
        Elements in the order of the model's types; those of the data, by atomic number, by default. Further
        ones get coefficients of zero.
    ridge : tuple of float
        Ridges to try on the scaled least-squares problem; the best on validation is kept.
    linker_terms : bool
        Fit bonded terms of the imidazolate linkers (LAMMPS' class2 styles) together with the coefficients.
        Frames with a broken or another linker are left out.
    repulsion : Repulsion or None
        Screened nuclear repulsion laid over the potential; it is taken off the labels first.
    walls : Walls or None
        Harmonic walls laid over the finished fit, at distances where the data do not bind it; with linker
        terms there is one on bends where none are given.
    force_scale_eV_per_A : float
        An atom with a force F counts 1/(1 + (F/scale)²) in the sum of squared force errors.
    frame_force_scale_eV_per_A : float
        A frame with a largest force F counts 1/(1 + (F/scale)²) with its energy and stress.
    max_force_eV_per_A : float or None
        Frames with a larger force are left out.
    stress_directions : int
        Along how many random orthogonal strains of the six a frame's stress is fitted. Six are all of it;
        two take a third of the time and tell as much where frames are many.
    rigid_weight : float
        How often the squared force errors along rigid motions of linkers and of metals count besides. Rings
        that turn and shift as wholes make a framework soft, and are a small part of all force errors.
    block : int
        Frames whose contributions are summed and kept together; committees resample blocks.
    committee : int
        Further models, each fitted to blocks drawn with replacement; 0 for none.
    curve_points : int
        Fits to a growing share of the blocks, for the learning curve; the last has all.
    start_from : Path or None
        A POD model, its directory or the name of one that comes with mofglass, towards whose coefficients
        the ridge draws instead of zero: where the frames say nothing, the new model does as that one does.
        Its descriptors, elements, linker terms, repulsion and clusters hold, and its walls where none are
        given.
    clusters_of : Path or None
        A POD model whose clusters of environments are taken, where there are several; found in the training
        frames by default. With more frames found anew, they would make every block anew too.
    cache : Path or None
        Where blocks are kept; in the training's directory by default. Trainings with the same descriptors
        may share it.
    """

    descriptors: dict[str, Any] = field(default_factory=dict)
    elements: tuple[str, ...] = ()
    ridge: tuple[float, ...] = RIDGES
    linker_terms: bool = False
    repulsion: Repulsion | None = None
    walls: Walls | None = None
    force_scale_eV_per_A: float = 3.0
    frame_force_scale_eV_per_A: float = 10.0
    max_force_eV_per_A: float | None = 100.0
    stress_directions: int = 6
    rigid_weight: float = 0.0
    block: int = 8
    committee: int = 0
    curve_points: int = 3
    start_from: Path | None = None
    clusters_of: Path | None = None
    cache: Path | None = None

    def __post_init__(self) -> None:
        if self.start_from is not None:
            self._take_form(self.start_from)
        if self.walls is None:
            object.__setattr__(self, "walls", Walls.least(linker_terms=self.linker_terms))
        known = [field.name for field in fields(PODParameters) if field.name != "species"]
        for name, value in self.descriptors.items():
            if name not in known:
                raise InputError(f"there is no descriptor setting '{name}': {near_miss(name, known)}")
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise InputError(f"{name} must be a number, not {value!r}")
            whole = next(f for f in fields(PODParameters) if f.name == name).type == "int"
            if whole and value != int(value):
                raise InputError(f"{name} must be a whole number, not {value!r}")
        self.parameters(self.elements or ("H",))
        for name in ("force_scale_eV_per_A", "frame_force_scale_eV_per_A"):
            if not getattr(self, name) > 0:
                raise InputError(f"{name} must be above zero")
        if not self.ridge or not all(0 <= ridge < math.inf for ridge in self.ridge):
            raise InputError("ridge must be numbers of zero or more")
        for name, least in (("block", 1), ("committee", 0), ("curve_points", 1)):
            if getattr(self, name) < least:
                raise InputError(f"{name} must be {least} or more, and is {getattr(self, name)}")
        if self.rigid_weight < 0 or (self.rigid_weight and not self.linker_terms):
            raise InputError("rigid_weight is zero or more, and needs linker_terms: true")
        if not 1 <= self.stress_directions <= 6:
            raise InputError("stress_directions is a number from 1 to 6; the weight of stress turns it off")
        if self.clusters_of is not None and self.parameters(("H",)).number_of_environment_clusters == 1:
            raise InputError(
                "clusters_of needs descriptors with number_of_environment_clusters above 1: "
                "give the number of that model, or leave clusters_of out"
            )

    def _take_form(self, path: Path) -> None:
        """Take what coefficients mean from the model that the fit starts from."""
        path = path if path.exists() or path.name not in shipped_models() else MODELS / path.name
        start = read_model(path)
        if start.linker_terms is not None and start.linker_terms.lengths_A != CRYSTAL_LENGTHS_A:
            raise InputError(
                f"start_from: the linker terms of {path} have other equilibrium values than ours"
            )
        form: dict[str, Any] = {
            "descriptors": {
                key: value for key, value in asdict(start.parameters).items() if key != "species"
            },
            "elements": start.parameters.species,
            "linker_terms": start.linker_terms is not None,
            "repulsion": start.repulsion,
        }
        if len(start.coefficients.projection):
            form["clusters_of"] = path
        for key, value in form.items():
            given = getattr(self, key)
            if given and given != value:
                raise InputError(f"{key} is that of start_from, {path}: leave it out")
            object.__setattr__(self, key, value)
        object.__setattr__(self, "start_from", path)
        if self.walls is None:
            object.__setattr__(self, "walls", start.walls)
        if self.ridge == RIDGES:
            object.__setattr__(self, "ridge", RIDGES_FROM_START)

    def parameters(self, elements: Sequence[str]) -> PODParameters:
        """Return the parameters of the descriptors.

        Parameters
        ----------
        elements : sequence of str
            Chemical symbols.

        Returns
        -------
        PODParameters
            For LAMMPS.
        """
        return PODParameters(species=tuple(elements), **self.descriptors)
