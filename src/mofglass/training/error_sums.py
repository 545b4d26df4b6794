"""Running sums of errors: mean, root mean square, largest, without keeping one of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

NAN = float("nan")


@dataclass
class ErrorSums:
    """Sums over the errors of one quantity, frame after frame.

    Parameters
    ----------
    n_values, n_frames : int
        Number of errors, and of the frames they came from.
    """

    n_values: int = 0
    n_frames: int = 0
    _absolute: float = 0.0
    _squared: float = 0.0
    _signed: float = 0.0
    _reference_squared: float = 0.0
    _largest: float = 0.0
    _frame_mean: float = 0.0
    _frame_mean_squared: float = 0.0

    def add(self, errors: np.ndarray, references: np.ndarray) -> None:
        """Add the errors of one frame.

        Parameters
        ----------
        errors : ndarray
            Predicted minus reference, any shape; at least one.
        references : ndarray
            Reference values, in the same unit.
        """
        absolute = np.abs(errors)
        mean = float(absolute.mean())
        self.n_values += errors.size
        self.n_frames += 1
        self._absolute += float(absolute.sum())
        self._squared += float((errors**2).sum())
        self._signed += float(errors.sum())
        self._reference_squared += float((np.asarray(references) ** 2).sum())
        self._largest = max(self._largest, float(absolute.max()))
        # Welford's update: the spread between frames survives a mean much larger than it.
        delta = mean - self._frame_mean
        self._frame_mean += delta / self.n_frames
        self._frame_mean_squared += delta * (mean - self._frame_mean)

    def statistics(self, factor: float = 1.0) -> ErrorStatistics:
        """Return the errors so far in another unit.

        Parameters
        ----------
        factor : float
            New units in one old unit.

        Returns
        -------
        ErrorStatistics
            NaN where nothing was added.
        """
        if not self.n_values:
            return ErrorStatistics()
        rms = math.sqrt(self._squared / self.n_values)
        reference = math.sqrt(self._reference_squared / self.n_values)
        spread = NAN
        if self.n_frames > 1:
            spread = math.sqrt(self._frame_mean_squared / (self.n_frames - 1) / self.n_frames)
        return ErrorStatistics(
            n_values=self.n_values,
            n_frames=self.n_frames,
            mae=factor * self._absolute / self.n_values,
            mae_error=factor * spread,
            rmse=factor * rms,
            largest=factor * self._largest,
            mean=factor * self._signed / self.n_values,
            relative_percent=100.0 * rms / reference if reference > 0 else NAN,
        )


@dataclass(frozen=True)
class ErrorStatistics:
    """Errors of one quantity over some frames, predicted minus reference.

    Parameters
    ----------
    n_values, n_frames : int
        Number of errors, and of the frames they came from.
    mae : float
        Mean absolute error.
    mae_error : float
        Its standard error, from the spread of the frames' own means; NaN for a single frame. Frames of one
        trajectory resemble each other, which makes it a lower bound.
    rmse : float
        Root mean square error.
    largest : float
        Largest absolute error.
    mean : float
        Mean error, with its sign.
    relative_percent : float
        RMSE over the root mean square of the reference values, %.
    """

    n_values: int = 0
    n_frames: int = 0
    mae: float = NAN
    mae_error: float = NAN
    rmse: float = NAN
    largest: float = NAN
    mean: float = NAN
    relative_percent: float = NAN


def statistics_of_frames(errors: np.ndarray, references: np.ndarray, factor: float = 1.0) -> ErrorStatistics:
    """Return the errors of a quantity of which every frame has one value.

    Parameters
    ----------
    errors, references : ndarray, shape (n_frames,)
        Predicted minus reference, and reference.
    factor : float
        New units in one old unit.

    Returns
    -------
    ErrorStatistics
        NaN for no frame.
    """
    n = len(errors)
    if not n:
        return ErrorStatistics()
    absolute = np.abs(errors)
    rms, reference = (float(np.sqrt((values**2).mean())) for values in (errors, references))
    return ErrorStatistics(
        n_values=n,
        n_frames=n,
        mae=factor * float(absolute.mean()),
        mae_error=factor * float(absolute.std(ddof=1)) / math.sqrt(n) if n > 1 else NAN,
        rmse=factor * rms,
        largest=factor * float(absolute.max()),
        mean=factor * float(errors.mean()),
        relative_percent=100.0 * rms / reference if reference > 0 else NAN,
    )
