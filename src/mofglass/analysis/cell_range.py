"""The cells of a series that are analysed, chosen as frames are."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mofglass.analysis.frame_range import FrameRange
from mofglass.errors import InputError
from mofglass.trajectory.cell_series import CellChunk, CellSeries


def chosen_cells(series: CellSeries, chosen: FrameRange) -> Iterator[CellChunk]:
    """Read the cells within a range.

    Parameters
    ----------
    series : CellSeries
        All cells.
    chosen : FrameRange
        Which; a range that counts from the end reads the file twice.

    Yields
    ------
    CellChunk
        The next of them.

    Raises
    ------
    InputError
        When none is in the range, or times are asked of a file that holds none.
    """
    if chosen.stride < 1:
        raise InputError(f"a stride of {chosen.stride} cells goes nowhere: give 1 or more.")
    first, stop = chosen.start or 0, np.inf if chosen.stop is None else float(chosen.stop)
    begin = -np.inf if chosen.from_ps is None else chosen.from_ps
    end = np.inf if chosen.to_ps is None else chosen.to_ps
    timed = chosen.from_ps is not None or chosen.to_ps is not None or chosen.last_ps is not None
    if first < 0 or stop < 0 or chosen.last_ps is not None:
        count, last_ps = 0, np.nan
        for chunk in series.chunks():
            count, last_ps = count + len(chunk.time_ps), float(chunk.time_ps[-1])
        first = max(0, first + count) if first < 0 else first
        stop = stop + count if stop < 0 else stop
        if chosen.last_ps is not None:
            begin = max(begin, last_ps - chosen.last_ps)
    place, found = 0, 0
    for chunk in series.chunks():
        if timed and not np.isfinite(chunk.time_ps).all():
            raise InputError(
                f"{series.path} holds no times: give the time between cells (--frame-interval, ps) or choose "
                "cells by number (--start, --stop)"
            )
        number = place + np.arange(len(chunk.time_ps))
        kept = (number >= first) & (number < stop)
        if timed:
            # A time that is meant to be a cell's own must not miss it by rounding.
            slack = 1e-6 * max(1.0, float(np.abs(chunk.time_ps).max()))
            kept &= (chunk.time_ps >= begin - slack) & (chunk.time_ps <= end + slack)
        place += len(number)
        within = np.flatnonzero(kept)
        strided = within[(found + np.arange(len(within))) % chosen.stride == 0]
        found += len(within)
        if len(strided):
            yield CellChunk(chunk.cells_A[strided], chunk.time_ps[strided])
    if not found:
        raise InputError(f"{series.path} has {place} cells, none of them within the range asked for")
