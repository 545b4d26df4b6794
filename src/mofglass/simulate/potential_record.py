"""What a run knows of its potential: where it lies, and whether it is still the one it was."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mofglass.errors import InputError
from mofglass.potentials import REGISTRY, Potential, get_potential
from mofglass.potentials.registry import NEQUIP_FILES
from mofglass.simulate.run import Run, resume_command


def absolute_spec(spec: str) -> str:
    """Return a potential's name with the paths in it absolute, so that it means the same from anywhere.

    Parameters
    ----------
    spec : str
        As ``--potential`` takes it: ``zif4``, ``pod:mymodel``, ``committee:pod:a,b``.

    Returns
    -------
    str
        ``zif4``, ``pod:/here/mymodel``, ``committee:pod:/here/a,/here/b``.
    """
    if spec.endswith(NEQUIP_FILES) and ":" not in spec:
        return _absolute(spec)
    name, colon, argument = spec.partition(":")
    if not colon or not argument:
        return spec
    if name.strip().lower() != "committee" or Path(argument).expanduser().exists():
        return f"{name}:{_absolute(argument)}"
    members = [part.strip() for part in argument.split(",") if part.strip()]
    return f"{name}:{','.join(map(_absolute_member, members))}"


def _absolute_member(member: str) -> str:
    """Return a member of a committee, whose kind may stand with the one before it."""
    name, colon, argument = member.partition(":")
    if member in REGISTRY:
        return member
    return f"{name}:{_absolute(argument)}" if colon and name in REGISTRY else _absolute(member)


def _absolute(text: str) -> str:
    # A link keeps its own name: that may say what kind of file it is, where its target's does not.
    path = Path(text.strip()).expanduser()
    return str(path.parent.resolve() / path.name)


def potential_of(run: Run) -> Potential:
    """Make the potential that a run names.

    Parameters
    ----------
    run : Run
        The run.

    Returns
    -------
    Potential
        From the registry.

    Raises
    ------
    InputError
        When it was made with one from Python, or the potential is not there any more.
    """
    spec = run.info["potential"].get("spec")
    if spec is None:
        raise InputError(
            f"{run.path} was made with a potential from Python: continue it there, with "
            "mofglass.simulate.execute(run, potential=...)"
        )
    return get_potential(spec)


def is_changed(info: Mapping[str, Any], potential: Potential) -> bool:
    """Return whether a potential is another one than a run last went on with.

    Parameters
    ----------
    info : mapping
        Content of ``run.yaml``: the potential it began with, and in its sessions those it was changed for.
    potential : Potential
        The one at hand.

    Returns
    -------
    bool
        Whether their files' hashes differ, or their names where neither comes from a file.
    """
    before, now = _last_described(info), potential.describe()
    if _hashes(before) and _hashes(now):
        return _hashes(before) != _hashes(now)
    return bool(before["name"] != now["name"])


def both_described(info: Mapping[str, Any], potential: Potential) -> tuple[str, str]:
    """Describe the potential a run last went on with, and the one at hand.

    Parameters
    ----------
    info : mapping
        Content of ``run.yaml``.
    potential : Potential
        The one at hand.

    Returns
    -------
    tuple of str
        Name, and hashes of the files, of each.
    """
    return _words(_last_described(info)), _words(potential.describe())


def require_same(run: Run, potential: Potential) -> None:
    """Refuse to go on with another potential than a run was last made with.

    Parameters
    ----------
    run : Run
        The run.
    potential : Potential
        The one at hand.

    Raises
    ------
    InputError
        When it is another one.
    """
    info = run.info
    if is_changed(info, potential):
        before, now = both_described(info, potential)
        raise InputError(
            f"{run.path} was made with another potential ({before}) than there is now ({now}): put the first "
            f"one back, or go on with this one by  {resume_command(run.path)} --changed-potential"
        )


def _last_described(info: Mapping[str, Any]) -> Mapping[str, Any]:
    changed = [session["potential"] for session in info.get("sessions", []) if "potential" in session]
    described: Mapping[str, Any] = [info["potential"], *changed][-1]
    return described


def _hashes(described: Mapping[str, Any]) -> list[str]:
    # A committee describes each member in one line, `..., sha256 ...`.
    text = ", ".join(f"{key} {value}" for key, value in described.items())
    return re.findall(r"\bsha256 ([0-9a-f]{64})\b", text)


def _words(described: Mapping[str, Any]) -> str:
    return ", ".join([described["name"], *(f"sha256 {digest[:12]}..." for digest in _hashes(described))])
