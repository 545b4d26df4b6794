"""What a report says of how its samples were made."""

from __future__ import annotations

from mofglass.report.record import protocols, reasons_to_differ
from mofglass.report.sample import gather
from mofglass.simulate import RunSettings, create_run, execute, hold
from mofglass.structures import load


def test_a_changed_recipe_and_a_limited_potential_are_said(tmp_path):
    changes = {
        "rate_K_per_ps": "20.0 -> 100.0",
        "t_max_K": "1500.0 -> 2000.0",
        "quench_rate_K_per_ps": "None -> 50.0",
    }
    recipe = {"name": "castel2024", "source": "Fig. 5", "changes": changes}
    stages = (hold("warm", duration_ps=0.01, temperature_K=300),)
    run = create_run(tmp_path / "run", load("ZIF-4"), "nb-zif-ff", stages, record={"recipe": recipe})
    execute(run, progress=False)
    samples = gather([run.path], temperature_K=300.0)
    limits, changed = reasons_to_differ(samples)
    assert limits.startswith("nb-zif-ff: the public parameters")
    assert "not castel2024 as published" in changed
    (protocol,) = protocols(samples)
    assert protocol["source"] == (
        "castel2024: Fig. 5. Changed here: rate: 20 → 100 K/ps; highest temperature: 1500 → 2000 K; "
        "quench rate: as heating → 50 K/ps"
    )


def test_heavier_hydrogen_is_said_and_makes_another_protocol(tmp_path):
    stages = (hold("warm", duration_ps=0.01, temperature_K=300),)
    for name, mass_u in (("real", None), ("heavy", 3.0)):
        settings = RunSettings(hydrogen_mass_u=mass_u)
        execute(create_run(tmp_path / name, load("ZIF-4"), "zif4", stages, settings=settings), progress=False)
    samples = gather([tmp_path / "real", tmp_path / "heavy"], temperature_K=300.0)
    real, heavy = protocols(samples)
    assert real["hydrogen"] == ""
    assert heavy["hydrogen"].startswith("Hydrogen weighs 3 u")
    assert heavy["hydrogen"] in reasons_to_differ(samples)


def test_a_structure_alone_has_nothing_to_excuse(tmp_path):
    load("ZIF-4").write(tmp_path / "crystal.extxyz")
    assert reasons_to_differ(gather([tmp_path / "crystal.extxyz"], temperature_K=300.0)) == []
