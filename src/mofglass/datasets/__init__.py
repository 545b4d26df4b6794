"""Labelled frames: read from ab initio runs, sampled, split, labelled and written."""

from mofglass.datasets.dataset import Dataset, open_dataset
from mofglass.datasets.frame_source import FrameSource
from mofglass.datasets.labelled import LabelledFrame
from mofglass.datasets.table import Table

__all__ = ["Dataset", "FrameSource", "LabelledFrame", "Table", "open_dataset"]
