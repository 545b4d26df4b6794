"""Frames in and out: H5MD and extended XYZ are written; these, LAMMPS, CP2K and VASP files are read."""

from mofglass.trajectory.base import FrameSequence, Trajectory
from mofglass.trajectory.h5md import H5MDTrajectory
from mofglass.trajectory.h5md_writer import H5MDWriter, merge_h5md
from mofglass.trajectory.opening import FORMATS, open_trajectory
from mofglass.trajectory.xyz_writer import write_extxyz

__all__ = [
    "FORMATS",
    "FrameSequence",
    "H5MDTrajectory",
    "H5MDWriter",
    "Trajectory",
    "merge_h5md",
    "open_trajectory",
    "write_extxyz",
]
