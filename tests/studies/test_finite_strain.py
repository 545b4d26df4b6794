"""Finite strain: the plan, the two branches side by side, and argon against its equation of state at rest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.emt import EMT

from mofglass.errors import InputError
from mofglass.potentials import ASEPotential
from mofglass.simulate import RunSettings
from mofglass.studies import finite_strain, static_compression
from mofglass.studies.bulk_modulus_result import BulkModulusResult
from mofglass.studies.finite_strain import FiniteStrain
from mofglass.studies.static_points import Relaxation

COLD = {"temperature_K": 2.0, "time_step_fs": 5.0, "prepare_ps": 2.0, "deform_ps": 2.0, "sample_ps": 4.0}


def argon(repeat: int = 3):
    return bulk("Ar", cubic=True, a=5.28).repeat(repeat)


def test_branches_are_the_papers() -> None:
    method = FiniteStrain()
    planned = finite_strain.plan(argon(1), method, "study", settings=RunSettings(seed=5))
    assert [item.directory.name for item in planned] == ["compress", "expand"]
    assert [item.settings.seed for item in planned] == [5, 6]
    names = [stage.name for stage in planned[0].protocol]
    assert names[:4] == ["prepare", "sample 0", "deform 1", "sample 1"]
    assert planned[0].duration_ps == 200 + 4 * 200
    assert planned[0].protocol[2].volume_factor == pytest.approx(0.985)
    assert planned[1].protocol[2].volume_factor == pytest.approx(1.015)
    only = finite_strain.plan(argon(1), FiniteStrain(n_compress=0), "study")
    assert [item.directory.name for item in only] == ["expand"]


@pytest.mark.parametrize("wrong", [{"step": 0.0}, {"step": 1.5}, {"n_compress": 1, "n_expand": 0}])
def test_plans_without_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError):
        FiniteStrain(**wrong)


def test_cold_argon_follows_its_equation_of_state_at_rest(tmp_path: Path) -> None:
    atoms = argon()
    method = FiniteStrain(step=0.015, n_compress=2, n_expand=2, **COLD)
    planned = finite_strain.plan(
        atoms, method, tmp_path, settings=RunSettings(frame_interval_ps=2.0, thermo_interval_ps=0.02)
    )
    # Two processes side by side, as the command runs them.
    runs = finite_strain.execute_plan(planned, "lj", at_once=2, threads=1, progress=False)
    assert [run.state for run in runs] == ["done", "done"]
    result = finite_strain.analyse(runs)
    assert result.details["n_volumes"] == 5
    data = result.data
    assert data is not None
    start = atoms.get_volume()
    assert data.volume_A3 / start == pytest.approx([0.985**2, 0.985, 1.0, 1.015, 1.015**2], rel=1e-6)
    # Both branches sampled the start: one point of two runs.
    assert data.source[2].count("sample 0") == 2
    points = static_compression.execute_plan(
        atoms, static_compression.plan(), "lj", relaxation=Relaxation(ions=False)
    )
    rest = static_compression.analyse(points)
    # 2 K of thermal pressure, 3 N gamma k T / V with gamma near 3, is 0.003 GPa. It softens argon by some per
    # cent, and lets pairs of the fifth shell cross the cut-off.
    assert data.pressure_GPa == pytest.approx(rest.data.pressure_GPa, abs=0.012)
    assert result.values["bulk_modulus_GPa"] == pytest.approx(rest.values["bulk_modulus_GPa"], rel=0.1)
    assert 0 < result.errors["bulk_modulus_GPa"] < 0.5
    assert result.values["zero_pressure_density_g_per_cm3"] == pytest.approx(
        rest.values["zero_pressure_density_g_per_cm3"], rel=0.01
    )
    assert {"birch-murnaghan-2", "birch-murnaghan-3", "vinet"} <= set(result.equations)
    # Asked again, nothing is run again.
    before = runs[0].info["sessions"]
    finite_strain.execute_plan(planned, "lj", at_once=2, progress=False)
    assert runs[0].info["sessions"] == before


def test_what_is_sampled_so_far_is_analysed_and_too_little_is_told(tmp_path: Path) -> None:
    method = FiniteStrain(n_compress=3, n_expand=0, **COLD)
    planned = finite_strain.plan(
        argon(), method, tmp_path, settings=RunSettings(frame_interval_ps=2.0, thermo_interval_ps=0.02)
    )
    (run,) = finite_strain.execute_plan(planned, "lj", walltime_s=1e-3, threads=1, progress=False)
    assert run.state.startswith("stopped")
    with pytest.raises(InputError, match="needs three"):
        finite_strain.analyse([run])


def test_statics_of_copper_give_emts_bulk_modulus() -> None:
    copper = ASEPotential(EMT, name="emt", elements={"Cu"})
    points = static_compression.execute_plan(
        bulk("Cu", cubic=True, a=3.59), static_compression.plan(), copper, relax_cell=True
    )
    result = static_compression.analyse(points)
    assert result.values["bulk_modulus_GPa"] == pytest.approx(137, rel=0.05)
    from_energies = result.equations["energies"]
    assert from_energies.k0_GPa == pytest.approx(result.values["bulk_modulus_GPa"], rel=0.02)
    assert from_energies.v0_A3 == pytest.approx(result.values["zero_pressure_volume_A3"], rel=1e-3)
    assert not result.notes


def test_glasses_are_averaged_with_their_spread() -> None:
    copper = ASEPotential(EMT, name="emt", elements={"Cu", "Au", "Ag"})
    results = [
        static_compression.analyse(
            static_compression.execute_plan(
                bulk(symbol, cubic=True, a=a), static_compression.plan(), copper, relax_cell=True
            )
        )
        for symbol, a in (("Cu", 3.59), ("Ag", 4.06), ("Au", 4.06))
    ]
    together = BulkModulusResult.combine(results)
    moduli = [result.values["bulk_modulus_GPa"] for result in results]
    assert together.values["bulk_modulus_GPa"] == pytest.approx(np.mean(moduli))
    assert together.spread["bulk_modulus_GPa"] == pytest.approx(np.std(moduli, ddof=1))
    assert together.errors["bulk_modulus_GPa"] == pytest.approx(np.std(moduli, ddof=1) / 3**0.5)
    assert together.summary()["n_glasses"] == 3
    assert len(together.to_dataframe()) == 3
