"""The tutorial, run as it is written."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TUTORIAL = ROOT / "docs" / "tutorial.md"


@pytest.mark.timeout(900)
def test_the_tutorial_runs_as_it_is_written(tmp_path: Path) -> None:
    blocks = re.findall(r"```bash\n(.*?)```", TUTORIAL.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 4
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    commands = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-euc", "\n".join(blocks)],
        cwd=tmp_path,
        env={**os.environ, "PATH": commands},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    made = tmp_path / "tutorial"
    errors = json.loads((made / "evaluation" / "summary.json").read_text())
    # What the text says, and room for other frames on another machine.
    assert 20 < errors["force_mae_meV_per_A"] < 100
    assert errors["energy_mae_meV_per_atom"] < 2.0
    assert "has not melted" in (made / "report.html").read_text(encoding="utf-8")
