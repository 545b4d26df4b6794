"""The STRUCTURE of a command: a crystal by name, a structure file, or a frame of a run."""

from __future__ import annotations

from ase import Atoms

from mofglass.errors import InputError


def open_structure(name: str) -> Atoms:
    """Return the structure that an argument names.

    Parameters
    ----------
    name : str
        What `mofglass.structures.load` takes, or what `frame_of_run` does.

    Returns
    -------
    ase.Atoms
        Periodic in all directions, Å.

    Raises
    ------
    InputError
        As those two raise it.
    """
    from mofglass.structures import load

    frame = frame_of_run(name)
    return load(name) if frame is None else frame


def frame_of_run(name: str) -> Atoms | None:
    """Return one frame of a run directory or of an H5MD trajectory.

    Parameters
    ----------
    name : str
        ``DIR`` or ``FILE.h5`` for its last frame; ``DIR@k`` for frame k, counted from 0, from the end where
        negative.

    Returns
    -------
    ase.Atoms or None
        Periodic in all directions, Å; None where `name` is no run and no H5MD file, or is a crystal of the
        catalogue too (``./ZIF-4`` is the directory).

    Raises
    ------
    InputError
        A directory that is no run; a run that is not done, without a frame named; a frame that is not there.
    """
    from mofglass.structures.reading import catalogue_entry, check_structure, split_place

    if catalogue_entry(name) is not None:
        return None
    path, place = split_place(name)
    is_run = (path / "run.yaml").is_file()
    if path.is_dir() and not is_run:
        raise InputError(f"{path} is a directory without run.yaml: name a run, or a structure file, in it")
    if not is_run and path.suffix.lower() not in (".h5", ".h5md"):
        return None
    from mofglass.simulate import Run
    from mofglass.simulate.run import resume_command
    from mofglass.trajectory import open_trajectory

    if is_run and place is None and (state := Run(path).state) != "done":
        raise InputError(
            f"{path} is a run that is not done ({state}): finish it with '{resume_command(path)}', or name "
            f"the frame meant, as {path}@-1 for the last"
        )
    with open_trajectory(path) as trajectory:
        try:
            found = trajectory[-1 if place is None else place].to_atoms()
        except IndexError as error:
            raise InputError(f"{error}, counted from 0") from error
    check_structure(found, name)
    return Atoms(found.numbers, positions=found.positions, cell=found.cell, pbc=True, info={"name": name})
