"""What a user sees while a run goes on: time, temperature, density, speed and the time left."""

from __future__ import annotations

import sys
import time
from datetime import timedelta
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from mofglass.units import S_PER_DAY

SECONDS_BETWEEN_LINES = 30.0


class RunProgress:
    """A progress bar on a terminal; a line now and then where there is none.

    Parameters
    ----------
    total_steps : int
        Steps of the whole protocol.
    done_steps : int
        Steps done in earlier sessions.
    enabled : bool
        False shows nothing.
    """

    def __init__(self, *, total_steps: int, done_steps: int = 0, enabled: bool = True) -> None:
        self._total = total_steps
        self._first = done_steps
        self._enabled = enabled
        self._console = Console(stderr=True)
        self._bar: Progress | None = None
        self._start_s = time.monotonic()
        self._start_ps: float | None = None
        self._last_line_s = 0.0

    def __enter__(self) -> Self:
        if self._enabled and self._console.is_terminal:
            self._bar = Progress(
                TextColumn("[bold]{task.description}"),
                BarColumn(bar_width=None),
                TaskProgressColumn(),
                TextColumn("{task.fields[status]}"),
                TimeElapsedColumn(),
                console=self._console,
            )
            self._task = self._bar.add_task("starting", total=self._total, completed=self._first, status="")
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def update(
        self, *, stage: str, steps: int, time_ps: float, temperature_K: float, density_g_per_cm3: float
    ) -> None:
        """Show where the run is.

        Parameters
        ----------
        stage : str
            Name of the stage.
        steps : int
            Steps done, of all.
        time_ps : float
            Simulation time, ps.
        temperature_K : float
            Temperature, K.
        density_g_per_cm3 : float
            Density, g/cm³.
        """
        if not self._enabled:
            return
        if self._start_ps is None:
            self._start_ps, self._first = time_ps, steps
            self._start_s = time.monotonic()
        elapsed = max(time.monotonic() - self._start_s, 1e-9)
        ns_per_day = (time_ps - self._start_ps) * 1e-3 / elapsed * S_PER_DAY
        done = steps - self._first
        left = timedelta(seconds=round((self._total - steps) * elapsed / done)) if done else "?"
        status = (
            f"{time_ps:.2f} ps  {temperature_K:.0f} K  {density_g_per_cm3:.3f} g/cm³  "
            f"{ns_per_day:.2f} ns/day  ETA {left}"
        )
        if self._bar is not None:
            self._bar.update(self._task, description=stage, completed=steps, status=status)
        elif elapsed - self._last_line_s > SECONDS_BETWEEN_LINES:
            self._last_line_s = elapsed
            print(f"{stage}: {steps / self._total:.0%}  {status}", file=sys.stderr, flush=True)
