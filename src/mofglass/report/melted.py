"""Whether a run has melted at all: a glass has another network than the crystal it was made from."""

from __future__ import annotations

from mofglass.frame import Frame
from mofglass.report.sample import Sample
from mofglass.topology import perceive


def unmelted_words(sample: Sample) -> str:
    """Return a warning where a run ends with every metal bound to the linkers that the crystal bound it to.

    Parameters
    ----------
    sample : Sample
        A run with its crystal.

    Returns
    -------
    str
        Empty where there is no crystal, no network, or another network.
    """
    if not sample.is_run or sample.crystal is None or sample.state != "done":
        return ""
    before, after = joined(sample.crystal[0]), joined(sample.glass[len(sample.glass) - 1])
    if not before or before != after:
        return ""
    return (
        f"{sample.label} has not melted: at its end every metal binds the linkers it bound in the crystal. "
        "Hold the melt longer (--plateau) or hotter (--t-max)."
    )


def joined(frame: Frame) -> set[tuple[int, int]]:
    """Return which metals and linkers are bonded.

    Parameters
    ----------
    frame : Frame
        Atoms in a periodic box.

    Returns
    -------
    set of (int, int)
        Metal atom, and lowest atom of the linker.
    """
    network = perceive(frame)
    lowest = [int(network.linkers.atoms_of(k).min()) for k in range(len(network.linkers))]
    return {
        (int(metal), lowest[linker])
        for metal, linker in zip(network.edge_metal_atom, network.edge_linker, strict=True)
    }
