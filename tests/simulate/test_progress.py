"""What is shown without a terminal: a line with time, temperature, density, speed and time left."""

from __future__ import annotations

import re

from mofglass.simulate import progress


def test_a_line_now_and_then(capsys, monkeypatch):
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", -1.0)
    with progress.RunProgress(total_steps=1000) as bar:
        for steps in (0, 500):
            bar.update(
                stage="melt", steps=steps, time_ps=steps * 5e-4, temperature_K=712.3, density_g_per_cm3=1.2457
            )
    last = capsys.readouterr().err.splitlines()[-1]
    assert re.fullmatch(r"melt: 50%  0\.25 ps  712 K  1\.246 g/cm³  [\d.]+ ns/day  ETA \d+:\d\d:\d\d", last)


def test_quiet_is_quiet(capsys):
    with progress.RunProgress(total_steps=10, enabled=False) as bar:
        bar.update(stage="a", steps=5, time_ps=1, temperature_K=1, density_g_per_cm3=1)
    assert capsys.readouterr() == ("", "")
