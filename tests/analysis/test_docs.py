"""Every command and every piece of Python on the pages of the analyses is run as written."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from mofglass import structures
from mofglass.cli import main
from mofglass.structures import write_structure
from mofglass.trajectory import H5MDWriter

DOCS = Path(__file__).parents[2] / "docs" / "analysis"
PAGES = sorted(DOCS.glob("*.md"))


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files the pages speak of: two runs, one that heats, one whose cell fluctuates, and a structure."""
    place = tmp_path_factory.mktemp("docs")
    crystal = structures.load("ZIF-4")
    write_structure(place / "glass.cif", crystal)
    (place / "measured.int01").write_text("".join(f"{0.1 * k:.1f} {0.1 / k:.4f}\n" for k in range(5, 240)))
    for seed, name in ((1, "glass1"), (2, "glass2"), (3, "heating")):
        random = np.random.default_rng(seed)
        run = place / "runs" / name
        run.mkdir(parents=True)
        with H5MDWriter(run / "trajectory.h5", crystal.numbers) as writer:
            for k in range(40):
                shaken = crystal.positions + random.normal(scale=0.05, size=crystal.positions.shape)
                writer.append(k * 200, k * 0.1, shaken, np.asarray(crystal.cell))
        (run / "run.yaml").write_text("analysis: {from_ps: 2.0, temperature_K: 300.0}\n")
    rows = [f"{t / 10},{'warm' if t < 10 else 'heat'},{300 + max(0, t - 10) * 10}" for t in range(40)]
    (run / "thermo.csv").write_text("\n".join(["time_ps,stage,temperature_K", *rows]) + "\n")
    fluctuating = place / "studies" / "npt" / "constant-stress"
    fluctuating.mkdir(parents=True)
    (fluctuating / "run.yaml").write_text("analysis: {temperature_K: 300.0}\n")
    cells = np.array([15.4, 15.4, 18.4, 90.0, 90.0, 90.0]) + random.normal(scale=0.1, size=(2000, 6))
    names = ("a_A", "b_A", "c_A", "alpha_deg", "beta_deg", "gamma_deg")
    table = pd.DataFrame(cells, columns=list(names))
    table.insert(0, "time_ps", 0.05 * np.arange(len(table)))
    table.to_csv(fluctuating / "thermo.csv", index=False)
    return place


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.M | re.S)


def test_pages_are_there() -> None:
    assert len(PAGES) >= 9


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_run_as_written(page: Path, workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workplace)
    if page.stem == "pores":
        pytest.importorskip("pyzeo")
    lines = [line for block in blocks(page, "bash") for line in block.splitlines() if line.strip()]
    for line in lines:
        program, *words = shlex.split(line)
        assert program == "mofglass"
        result = CliRunner().invoke(main, words, catch_exceptions=False)
        assert result.exit_code == 0, f"{line}: {result.output}"
        if "--json" in words:
            json.loads(result.stdout)
        if "-o" in words:
            assert (workplace / words[words.index("-o") + 1] / "summary.json").is_file()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_python_runs_as_written(page: Path, workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workplace)
    for block in blocks(page, "python"):
        exec(compile(block, str(page), "exec"), {})


@pytest.mark.parametrize(
    "name",
    [
        "coordination",
        "linkers",
        "density",
        "msd",
        "pmf",
        "bond-angle",
        "rdf",
        "exchange",
        "orientation",
        "scattering",
        "peak-width",
        "bridges",
        "local-density",
        "density-profile",
    ],
)
def test_every_key_of_the_json_is_on_its_page(
    name: str, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(workplace)
    result = CliRunner().invoke(main, ["analyse", name, "runs/glass1", "--json"], catch_exceptions=False)
    text = (DOCS / f"{name}.md").read_text()
    summary = json.loads(result.stdout)
    inner = {key: value for part in ("pairs", "elements") for key, value in summary.get(part, {}).items()}
    keys = set(summary) | {key for part in inner.values() for key in part}
    for key in keys - {"n_frames", "n_glasses"}:
        assert key.removesuffix("_error") in text, key
