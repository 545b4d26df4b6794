"""Routes side by side: like with like, tests that keep their level, and argon by every route at 20 K."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from ase.units import GPa
from matscipy.elasticity import fit_elastic_constants

from mofglass.analysis.elastic_tensor import ElasticTensor
from mofglass.analysis.ensemble_difference import Sample
from mofglass.analysis.equation_of_state import pressure_GPa
from mofglass.analysis.output import write_results
from mofglass.errors import InputError
from mofglass.plain_json import to_json
from mofglass.potentials import get_potential
from mofglass.potentials.calculator import make_calculator
from mofglass.potentials.lennard_jones import EPSILON_EV, SIGMA_A
from mofglass.result import Result
from mofglass.simulate import RunSettings
from mofglass.studies import constant_stress, finite_strain, static_compression, stress_strain
from mofglass.studies.bulk_modulus_result import BulkModulusResult, PressureVolume
from mofglass.studies.constant_stress import ConstantStress
from mofglass.studies.finite_strain import FiniteStrain, execute_plan
from mofglass.studies.moduli_comparison import QUANTITIES, ModuliComparison, Route, read_routes
from mofglass.studies.static_points import Relaxation, relaxed_cell
from mofglass.studies.stress_strain import StressStrain
from mofglass.units import GPA_PER_EV_PER_A3

EDGE_A = 5.3236
"""Of argon at 20 K and zero pressure."""


def route(study: str, bulk_GPa: float, error_GPa: float, *, temperature_K: float = 300.0) -> Route:
    return Route(study, "a", temperature_K, {"bulk_modulus_voigt_GPa": Sample(bulk_GPa, error_GPa, 20.0)})


def test_routes_within_their_errors_agree_and_others_do_not() -> None:
    close = ModuliComparison.of([route("1", 2.0, 0.1), route("2", 2.1, 0.1), route("3", 1.9, 0.1)])
    assert close.agree is True
    assert len(close.pairs) == 3
    far = ModuliComparison.of([route("1", 2.0, 0.1), route("2", 3.0, 0.1), route("3", 1.9, 0.1)])
    assert far.agree is False
    differ = far.pairs[far.pairs["p_holm"] < 0.05]
    assert set(differ["first"] + differ["second"]) == {"1: a2: a", "2: a3: a"}
    first = far.pairs.iloc[0]
    assert first["difference"] == -1.0
    assert first["difference_error"] == pytest.approx(0.02**0.5)
    assert first["difference_percent"] == pytest.approx(-40)


def test_the_chance_of_a_false_alarm_is_five_percent_over_all_tests() -> None:
    random = np.random.default_rng(1)
    alarms = sum(
        ModuliComparison.of([route(str(k), random.normal(5, 0.2), 0.2) for k in range(4)]).agree is False
        for _ in range(400)
    )
    # Errors are known here better than their 20 degrees of freedom say, and pairs depend on one another.
    assert 2 <= alarms <= 32


def test_other_temperatures_and_values_without_errors_are_not_tested() -> None:
    result = ModuliComparison.of(
        [route("cold", 3.0, 0.1, temperature_K=0), route("hot", 2.0, 0.1), route("bare", 2.5, np.nan)]
    )
    assert result.agree is None
    assert result.pairs["first"].tolist() == ["hot: a"]
    assert result.pairs["difference"].tolist() == [-0.5]
    assert len(result.to_dataframe()) == 3
    with pytest.raises(InputError, match="two routes"):
        ModuliComparison.of([route("1", 2.0, 0.1)])


def test_a_directory_without_a_result_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="finish that study"):
        read_routes(tmp_path)
    (tmp_path / "summary.json").write_text('{"rdf": {}}')
    with pytest.raises(InputError, match=r"holds no moduli: .*analyse elastic"):
        read_routes(tmp_path)


def study_of(directory: Path, n_points: int) -> Path:
    """Finite strain on a Vinet curve with errors of 1 MPa."""
    volume = np.linspace(0.96, 1.04, n_points) * 1000
    points = PressureVolume(
        volume, pressure_GPa(volume, 1000, 2.5, 9.0, form="vinet"), np.full(n_points, 0.001), mass_u=1000
    )
    result = BulkModulusResult.of(points, method="finite strain", details={"temperature_K": 300.0})
    directory.mkdir()
    (directory / "summary.json").write_text(to_json({result.name: result.summary()}))
    return directory


def test_freedom_is_that_of_the_equation_chosen(tmp_path: Path) -> None:
    for n_points in (3, 5):
        study = study_of(tmp_path / str(n_points), n_points)
        for equation, n_parameters in (("birch-murnaghan-2", 2), ("birch-murnaghan-3", 3), ("vinet", 3)):
            (found,) = read_routes(study, equation=equation)
            assert found.moduli["bulk_modulus_voigt_GPa"].freedom == n_points - n_parameters
    few = read_routes(tmp_path / "3", equation="vinet")
    result = ModuliComparison.of([*few, route("other", 2.0, 0.1)])
    assert result.pairs["p_value"].isna().all()
    assert "3 points leave the 3 parameters of vinet no degree of freedom" in result.notes[0]


def kept(result: Result, study: Path) -> Path:
    write_results({result.name: result}, study / "analysis")
    return study


def all_routes(atoms, directory: Path, *, strain: FiniteStrain, npt: ConstantStress, steps: StressStrain):
    """Make the three studies at a temperature, one after the other, and keep their results."""
    runs = {}
    for name, module, method in (
        ("finite-strain", finite_strain, strain),
        ("npt", constant_stress, npt),
        ("stress-strain", stress_strain, steps),
    ):
        settings = RunSettings(frame_interval_ps=100.0, thermo_interval_ps=0.05)
        planned = module.plan(atoms, method, directory / name, settings=settings)
        runs[name] = execute_plan(planned, "lj", at_once=1, threads=1, progress=False)
    results = [
        finite_strain.analyse(runs["finite-strain"]),
        constant_stress.analyse(runs["npt"][0]),
        stress_strain.analyse(runs["stress-strain"], strain=steps.strain),
    ]
    return results, [kept(result, directory / name) for result, name in zip(results, runs, strict=True)]


def compared(studies: list[Path]) -> ModuliComparison:
    # Argon's K' is near 9, so that an equation with a third parameter is the one to compare with.
    return ModuliComparison.of([route for study in studies for route in read_routes(study, equation="vinet")])


def test_thirty_two_argon_atoms_by_three_routes(tmp_path: Path) -> None:
    common = {"temperature_K": 20.0, "time_step_fs": 5.0}
    _, studies = all_routes(
        bulk("Ar", cubic=True, a=EDGE_A).repeat(2),
        tmp_path,
        strain=FiniteStrain(prepare_ps=5, deform_ps=2, sample_ps=15, n_compress=2, n_expand=2, **common),
        npt=ConstantStress(equilibrate_ps=10, sample_ps=200, **common),
        steps=StressStrain(equilibrate_ps=2, sample_ps=10, **common),
    )
    result = compared(studies)
    methods = [route.method for route in result.routes]
    assert methods == ["finite strain, vinet", "strain fluctuation", "volume fluctuation", "stress-strain"]
    given = [set(route.moduli) for route in result.routes]
    assert given[0] == {"bulk_modulus_voigt_GPa"}
    assert given[2] == {"bulk_modulus_reuss_GPa"}
    assert given[1] == given[3] == set(QUANTITIES)
    assert result.pairs["p_holm"].notna().all()
    assert result.agree, result.pairs.to_string()
    # The tensor and the volume of one run share their data.
    assert not (result.pairs["first"].str.contains("npt") & result.pairs["second"].str.contains("npt")).any()


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.physical_validation
def test_argon_by_every_route_as_matscipy_and_the_literature_have_it(tmp_path: Path) -> None:
    """256 atoms at 20 K by finite strain, fluctuations and stress-strain; at rest beside matscipy."""
    atoms = bulk("Ar", cubic=True, a=EDGE_A).repeat(4)
    # At rest: matscipy's fit of the same potential, and K = 75 epsilon / sigma^3 of its whole lattice sum
    # (Ashcroft and Mermin, Solid State Physics, chapter 20), of which the cut-off takes some percent.
    calculator = make_calculator(get_potential("lj"))
    cell = relaxed_cell(atoms, calculator, Relaxation())
    at_rest = stress_strain.static(cell, "lj", strain=0.001)
    cell.calc = calculator
    theirs, _ = fit_elastic_constants(cell, symmetry="cubic", delta=0.001, verbose=False)
    print("at rest", at_rest.stiffness_GPa.round(3), "matscipy", (theirs / GPa).round(3))
    assert at_rest.stiffness_GPa[:3, :3] == pytest.approx(theirs[:3, :3] / GPa, rel=0.02)
    assert at_rest.stiffness_GPa[3, 3] == pytest.approx(theirs[3, 3] / GPa, rel=0.02)
    points = static_compression.execute_plan(cell, static_compression.plan(), "lj")
    equation = static_compression.analyse(points).equations["vinet"]
    voigt = ElasticTensor(at_rest.stiffness_GPa).voigt.bulk_GPa
    assert equation.k0_GPa == pytest.approx(voigt, rel=0.05)
    assert voigt == pytest.approx(75 * EPSILON_EV / SIGMA_A**3 * GPA_PER_EV_PER_A3, rel=0.1)
    common = {"temperature_K": 20.0, "time_step_fs": 5.0}
    (by_strain, by_fluctuation, by_stress), studies = all_routes(
        atoms,
        tmp_path,
        strain=FiniteStrain(prepare_ps=10, deform_ps=5, sample_ps=40, n_compress=3, n_expand=2, **common),
        npt=ConstantStress(equilibrate_ps=30, sample_ps=500, **common),
        steps=StressStrain(equilibrate_ps=5, sample_ps=25, **common),
    )
    result = compared(studies)
    print(result.to_dataframe().T.to_string())
    print(result.pairs.to_string())
    assert result.agree, result.pairs.to_string()
    assert 6 < by_strain.equations["vinet"].k_prime < 12
    # A cubic crystal, component by component between the two tensors.
    for i, j in ((0, 0), (1, 1), (2, 2), (0, 1), (1, 2), (3, 3), (4, 4), (5, 5)):
        difference = by_fluctuation.stiffness_GPa[i, j] - by_stress.stiffness_GPa[i, j]
        error = np.hypot(by_fluctuation.stiffness_error_GPa[i, j], by_stress.stiffness_error_GPa[i, j])
        assert abs(difference) < 4 * error, (i, j)
    # Solid argon at 10 K by neutrons: C11 4.24, C12 2.39, C44 2.25 GPa (Fujii et al., Phys. Rev. B 10, 3647
    # (1974)); the classical model at 20 K is within a third.
    c = by_stress.stiffness_GPa
    print("stress-strain", c.round(3))
    assert c[0, 0] == pytest.approx(4.24, rel=0.33)
    assert c[0, 1] == pytest.approx(2.39, rel=0.33)
    assert c[3, 3] == pytest.approx(2.25, rel=0.33)
    # Heat softens the crystal.
    assert 0.7 * voigt < by_stress.values["bulk_modulus_voigt_GPa"] < voigt
