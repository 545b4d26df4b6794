"""A run goes on with the potential that it began with, from wherever it is asked to, or says otherwise."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mofglass.errors import InputError
from mofglass.potentials.shipped import MODELS
from mofglass.simulate import absolute_spec, create_run, execute, hold
from mofglass.structures import load


def test_paths_become_absolute_and_names_stay(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models").mkdir()
    here = str(tmp_path.resolve())
    for spec, absolute in {
        "zif4": "zif4",
        "nb-zif-ff": "nb-zif-ff",
        "pod:mymodel": f"pod:{here}/mymodel",
        "pod:models/../mymodel": f"pod:{here}/mymodel",
        "pod:/there/mymodel": "pod:/there/mymodel",
        "pod:~/mymodel": f"pod:{Path.home()}/mymodel",
        "best.nequip.zip": f"{here}/best.nequip.zip",
        "committee:models": f"committee:{here}/models",
        "committee:zif4,nb-zif-ff": "committee:zif4,nb-zif-ff",
        "committee:pod:a, b,zif4": f"committee:pod:{here}/a,{here}/b,zif4",
    }.items():
        assert absolute_spec(spec) == absolute
        assert absolute_spec(absolute) == absolute


def test_another_potential_is_refused_unless_asked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(MODELS / "zif4", tmp_path / "mymodel")
    stages = tuple(hold(name, duration_ps=0.001, temperature_K=300) for name in ("warm", "on"))
    run = create_run("run", load("ZIF-4"), "pod:mymodel", stages)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    execute(run, threads=1, walltime_s=0.0, progress=False)
    assert run.checkpoint().stage == 1

    (tmp_path / "mymodel").rename(tmp_path / "first")
    shutil.copytree(tmp_path / "first", tmp_path / "mymodel")
    coefficients = tmp_path / "mymodel" / "coefficients.pod"
    lines = coefficients.read_text().splitlines()
    coefficients.write_text("\n".join([*lines[:-1], f"{1.001 * float(lines[-1])}\n"]))
    for processes in (1, 2):
        with pytest.raises(InputError, match="--changed-potential"):
            execute(run, threads=1, processes=processes, progress=False)
    assert len(run.info["sessions"]) == 1
    execute(run, threads=1, progress=False, changed_potential=True)
    assert run.state == "done"
    first, second = run.info["potential"], run.info["sessions"][1]["potential"]
    assert "potential" not in run.info["sessions"][0]
    assert first["file"] == second["file"] == str((tmp_path / "mymodel").resolve())
    assert first["sha256"] != second["sha256"]
