"""The shape of an analysis: parameters first, then frame after frame, then the result."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar, Generic, Self, TypeVar

import numpy as np

from mofglass.analysis.frame_data import FrameData, PairCutoffs, as_frame, frames_of
from mofglass.errors import InputError, MofglassError
from mofglass.frame import Configuration
from mofglass.result import Result

R = TypeVar("R", bound=Result)


class NotComputedError(MofglassError):
    """A result was asked for before any frame was given."""


class Analysis(ABC, Generic[R]):
    """Accumulates one property over frames in constant memory.

    Subclasses take their parameters in the constructor and implement `_update` and `_finish`.
    """

    name: ClassVar[str] = ""
    """The same as the module, the command and the result."""

    mergeable: ClassVar[bool] = True
    """Whether frames can be shared out and the parts merged: false where frames must come in order."""

    own_processes: ClassVar[bool] = False
    """Whether it spreads its frames over processes itself."""

    def __init__(self) -> None:
        self.n_frames = 0
        self._numbers: np.ndarray | None = None
        self._result: R | None = None

    @property
    def pair_cutoffs(self) -> PairCutoffs:
        """Cut-offs in Å of the neighbours this analysis will ask for."""
        return {}

    def update(self, configuration: FrameData | Configuration) -> Self:
        """Add one frame.

        Parameters
        ----------
        configuration : FrameData, Frame or ase.Atoms
            The frame; all frames hold the same atoms in the same order.

        Returns
        -------
        Analysis
            Itself.

        Raises
        ------
        InputError
            When the frame's atoms differ from the first frame's, or it cannot be measured.
        """
        if isinstance(configuration, FrameData):
            data = configuration
        else:
            data = FrameData(as_frame(configuration), pair_cutoffs=self.pair_cutoffs)
        numbers = np.asarray(data.frame.numbers)
        if self._numbers is None:
            if len(numbers) == 0:
                raise InputError(f"{data.where} holds no atoms.")
            self._start(data)
            self._numbers = numbers
        elif numbers is not self._numbers and not np.array_equal(numbers, self._numbers):
            raise InputError(
                f"{data.where}: its atoms are not those of the first frame: analyse different structures "
                "one by one, as independent glasses."
            )
        if self._accepts(data):
            self._update(data)
            self.n_frames += 1
            self._result = None
        return self

    def compute(self, frames: Configuration | Iterable[Configuration]) -> Self:
        """Add all frames of a trajectory.

        Parameters
        ----------
        frames : Trajectory, iterable of frames, Frame or ase.Atoms
            What to add to the frames given before.

        Returns
        -------
        Analysis
            Itself, so that ``RDF().compute(trajectory).result`` reads as one line.
        """
        source = str(getattr(frames, "path", ""))
        for frame in frames_of(frames):
            self.update(FrameData(frame, pair_cutoffs=self.pair_cutoffs, source=source))
        return self

    @property
    def result(self) -> R:
        """The result over all frames given so far; read-only.

        Raises
        ------
        NotComputedError
            Before the first frame.
        """
        if self.n_frames == 0:
            raise NotComputedError(
                f"{type(self).__name__} has seen no frame yet: call compute(frames) first."
            )
        if self._result is None:
            self._result = self._finish()
        return self._result

    def fresh(self) -> Self:
        """Return the same analysis with no frame seen: one for each glass or process.

        Returns
        -------
        Analysis
            Same parameters, nothing accumulated.
        """
        if self.n_frames:
            raise MofglassError(f"{type(self).__name__} has seen frames already: copy it before the first.")
        return copy.deepcopy(self)

    def merge(self, later: Self) -> Self:
        """Add what the same analysis accumulated over the frames that follow.

        Parameters
        ----------
        later : Analysis
            The same analysis of later frames; left as it is.

        Returns
        -------
        Analysis
            Itself.

        Raises
        ------
        InputError
            When the atoms differ, or the analysis needs its frames in order.
        """
        if not self.mergeable:
            raise InputError(f"{self.name} needs its frames in order and cannot be merged from parts.")
        if later.n_frames == 0:
            return self
        if self.n_frames == 0:
            self.__dict__.update(copy.deepcopy(later.__dict__))
            return self
        if not np.array_equal(self._numbers, later._numbers):  # type: ignore[arg-type]
            raise InputError(f"{self.name}: the parts to merge are of different atoms.")
        self._merge(later)
        self.n_frames += later.n_frames
        self._result = None
        return self

    def _start(self, data: FrameData) -> None:
        """Prepare for the atoms of the first frame."""

    def _accepts(self, data: FrameData) -> bool:
        """Return whether a frame is one to accumulate."""
        return True

    @abstractmethod
    def _update(self, data: FrameData) -> None:
        """Accumulate one frame."""

    @abstractmethod
    def _finish(self) -> R:
        """Make the result from what was accumulated."""

    def _merge(self, later: Any) -> None:
        """Accumulate what `later` has accumulated."""
        raise NotImplementedError(f"{type(self).__name__} cannot merge")
