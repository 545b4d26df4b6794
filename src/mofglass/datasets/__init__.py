"""Labelled frames: read from ab initio runs, sampled, split, labelled and written."""

from mofglass.datasets.labelled import LabelledFrame

__all__ = ["LabelledFrame"]
