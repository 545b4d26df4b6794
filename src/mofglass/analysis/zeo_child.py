"""The program of one child process: pores of one structure by Zeo++ (pyzeo), written as JSON.

Run by path, `python zeo_child.py TASK.json PARENT`, so that little but pyzeo is loaded; PARENT is the process
id of the parent, with which it ends. It is a process of its own
because Zeo++ talks to standard output and a failure of its C++ ends the process.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from mofglass.parent_process import end_with_parent


def measure(task: dict[str, Any]) -> dict[str, Any]:
    """Measure one structure.

    Parameters
    ----------
    task : dict
        ``structure`` (CSSR file), ``radii`` (file of radii or None), ``probe_radius_A``, ``n_samples``,
        ``n_samples_per_atom``, ``high_accuracy``, ``spheres``.

    Returns
    -------
    dict
        What Zeo++ says: ``spheres`` (three diameters, Å; empty where not asked for),
        ``volume`` and ``surface`` (its text), and ``radii_A`` (by symbol).
    """
    from pyzeo import AtomNetwork, surface_area, volume

    options = {"rad_file": task["radii"]} if task["radii"] else {}
    network = AtomNetwork.read_from_CSSR(task["structure"], **options)
    radii = {atom.type: atom.radius for atom in network.atoms}
    diameters = []
    if task["spheres"]:
        file = f"{task['structure']}.res"
        network.calculate_free_sphere_parameters(file)
        diameters = [float(word) for word in Path(file).read_text().split()[1:4]]
    probe, accurate = task["probe_radius_A"], task["high_accuracy"]
    texts = {}
    for name, function, n_samples in (
        ("volume", volume, task["n_samples"]),
        ("surface", surface_area, task["n_samples_per_atom"]),
    ):
        # A network prepared for high accuracy is not used again: each call makes its own.
        answer = function(network, probe, probe, n_samples, high_accuracy=accurate)
        text = answer[0] if isinstance(answer, tuple) else answer
        texts[name] = text.decode() if isinstance(text, bytes) else str(text)
    return {"spheres": diameters, "radii_A": radii, **texts}


if __name__ == "__main__":
    end_with_parent(int(sys.argv[2]))
    task = json.loads(Path(sys.argv[1]).read_text())
    answer = json.dumps(measure(task))
    Path(f"{task['answer']}.part").write_text(answer)
    os.replace(f"{task['answer']}.part", task["answer"])
    # Past the destructors of Zeo++: the answer is there.
    os._exit(0)
