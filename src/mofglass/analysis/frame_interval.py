"""The time between frames, for analyses that need them evenly spaced."""

from __future__ import annotations

import numpy as np

from mofglass.analysis.accumulator import FrameData
from mofglass.errors import InputError

TOLERANCE = 0.01
"""Of an interval; forgives rounding of the times on file."""


class FrameInterval:
    """The time between frames: given, or found from the first two and watched from then on.

    Parameters
    ----------
    given_ps : float or None
        What the user gives, ps; the times of the frames are not looked at then.
    first_ps : float or None
        Time of the first frame, ps.
    purpose : str
        What needs it, for messages.

    Attributes
    ----------
    ps : float or None
        The interval, ps; None before the second frame.
    """

    def __init__(self, given_ps: float | None, first_ps: float | None, purpose: str) -> None:
        self.ps = given_ps
        self._is_given = given_ps is not None
        self._first_ps = first_ps
        self._purpose = purpose
        self._early: InputError | None = None

    def accepts(self, data: FrameData, n_before: int) -> bool:
        """Look at the time of a frame.

        Parameters
        ----------
        data : FrameData
            The frame.
        n_before : int
            Frames accepted before it.

        Returns
        -------
        bool
            Whether to count it. A last frame that comes early, as at the end of a stage whose duration is no
            multiple of the interval, is passed over.

        Raises
        ------
        InputError
            When it has no time, or another than even spacing puts, or follows one that came early.
        """
        if self._is_given or n_before == 0:
            return True
        if self._early is not None:
            raise self._early
        time_ps = data.frame.time_ps
        if time_ps is None or self._first_ps is None:
            raise InputError(
                f"{data.where} has no time: for {self._purpose} give the time between frames "
                "(--frame-interval, ps)."
            )
        if n_before == 1:
            self.ps = time_ps - self._first_ps
            if self.ps <= 0:
                raise InputError(f"{data.where}: its time, {time_ps} ps, is not after the frame before's.")
        assert self.ps is not None
        late = time_ps - self._first_ps - n_before * self.ps
        if abs(late) <= TOLERANCE * self.ps:
            return True
        uneven = InputError(
            f"{data.where} is at {time_ps:g} ps where even spacing by {self.ps:g} ps puts "
            f"{time_ps - late:g} ps: for {self._purpose} choose a stretch of evenly spaced frames."
        )
        if not -(1 - TOLERANCE) * self.ps < late < 0:
            raise uneven
        self._early = uneven
        return False


def checked_interval_ps(given_ps: float | None) -> float | None:
    """Refuse a time between frames that is none.

    Parameters
    ----------
    given_ps : float or None
        What the user gives, ps.

    Returns
    -------
    float or None
        The same.

    Raises
    ------
    InputError
        When it is not finite and positive.
    """
    if given_ps is not None and not (np.isfinite(given_ps) and given_ps > 0):
        raise InputError(f"the time between frames is {given_ps} ps: give a positive one.")
    return given_ps
