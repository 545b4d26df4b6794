"""Compile one NequIP or Allegro model: `python -m mofglass.potentials.nequip_compilation MODEL OUTPUT`.

`nequip-compile` takes its example structure from the data the model was trained on, which need not be there
any more; here it is a box of random atoms, since the compiled code holds for any number of atoms and pairs.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from mofglass.potentials.tensor_products import write_out_products

N_ATOMS = 24
BOX_A = 9.0
SEED = 1


def example(types: int, cutoffs_A: np.ndarray) -> dict[str, Any]:
    """Return the tensors of a box of random atoms, far enough apart.

    Parameters
    ----------
    types : int
        Number of atom types.
    cutoffs_A : ndarray, shape (n_types, n_types)
        Cut-offs, Å.

    Returns
    -------
    dict
        Tensors by name.
    """
    from mofglass.potentials.nequip import tensors
    from mofglass.potentials.verlet_list import VerletList

    random = np.random.default_rng(SEED)
    per_side = int(np.ceil(N_ATOMS ** (1 / 3)))
    grid = np.stack(np.meshgrid(*[np.arange(per_side)] * 3), axis=-1).reshape(-1, 3)[:N_ATOMS]
    positions = (grid + 0.2 * random.normal(size=grid.shape)) * BOX_A / per_side
    cell = BOX_A * np.eye(3)
    kinds = np.arange(N_ATOMS) % types
    return tensors(VerletList(cutoffs_A).pairs(positions, cell, kinds), cell, kinds)


def compile_model(model: Path, output: Path) -> None:
    """Compile a model for this processor and the present number of threads.

    Parameters
    ----------
    model : Path
        Package or checkpoint.
    output : Path
        The compiled model to be.
    """
    import torch
    from nequip.scripts._compile_utils import COMPILE_TARGET_DICT
    from nequip.scripts._workflow_utils import set_workflow_state
    from nequip.utils.aot import aot_export_model
    from nequip.utils.aoti_metadata import (
        NEQUIP_AOTI_INPUTS_KEY,
        NEQUIP_AOTI_OUTPUTS_KEY,
        serialize_aoti_keys,
    )
    from nequip.utils.global_state import get_latest_global_state

    from mofglass.potentials.nequip_model import _load_eager

    set_workflow_state("compile")
    eager = _load_eager(model)
    network: Any = eager.run
    write_out_products(network)
    target = COMPILE_TARGET_DICT["ase"]
    metadata = {**network.metadata, **get_latest_global_state(only_metadata_related=True)}
    metadata |= {
        NEQUIP_AOTI_INPUTS_KEY: serialize_aoti_keys(target["input"]),
        NEQUIP_AOTI_OUTPUTS_KEY: serialize_aoti_keys(target["output"]),
    }
    plain = {
        key: str(int(value)) if isinstance(value, bool) else str(value) for key, value in metadata.items()
    }
    dimensions = {
        "graph": torch.export.Dim.STATIC,
        "node": torch.export.Dim("num_nodes", min=2),
        "edge": torch.export.Dim("num_edges", min=2),
    }
    aot_export_model(
        model=network,
        device=torch.device("cpu"),
        input_fields=target["input"],
        output_fields=target["output"],
        data=example(len(eager.cutoffs_A), eager.cutoffs_A),
        batch_map=dimensions,
        output_path=str(output),
        inductor_configs={"aot_inductor.metadata": plain},
    )


if __name__ == "__main__":
    compile_model(Path(sys.argv[1]), Path(sys.argv[2]))
