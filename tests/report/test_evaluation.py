"""The page of an evaluation: its numbers, its figures, nothing from elsewhere."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from ase.build import bulk
from ase.calculators.emt import EMT

from mofglass.datasets.labelled import LabelledFrame
from mofglass.potentials.ase_calculator import ASEPotential
from mofglass.report.evaluation import evaluation_html, write_evaluation_page
from mofglass.training.evaluate import evaluate
from mofglass.training.evaluation import Evaluation

HOSTILE = "<script>window.hacked = 1</script>"


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    frames = []
    for seed in range(4):
        atoms = bulk("Cu", cubic=True)
        atoms.numbers[0] = 79
        atoms.rattle(0.1, seed=seed)
        atoms.calc = EMT()
        frame = LabelledFrame.from_atoms(atoms, source=("cold", HOSTILE)[seed % 2], temperature_K=300.0)
        frames.append(replace(frame, forces_eV_per_A=frame.forces_eV_per_A + 0.04))
    return evaluate(ASEPotential(EMT, name="emt", fitted_to="metals"), frames, timing="none")


@pytest.fixture(scope="module")
def path(evaluation: Evaluation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_evaluation_page(
        evaluation, tmp_path_factory.mktemp("page") / "e.html", dataset="four frames", command="mofglass …"
    )


def test_it_says_what_was_evaluated_and_how_well(path: Path) -> None:
    text = re.sub(r"<[^>]+>", " ", path.read_text(encoding="utf-8").partition("<script")[0])
    for words in (
        "Errors of emt",
        "4 frames of four frames",
        "fitted to: metals",
        "40 ± ",
        "300 K",
        "By element",
        "Forces are the derivative of the energy",
        "mofglass …",
    ):
        assert words in text, words


def test_every_table_and_figure_can_be_taken_as_csv(path: Path) -> None:
    links = dict(re.findall(r'download="([^"]+)" href="([^"]+)"', path.read_text(encoding="utf-8")))
    assert set(links) == {
        "errors.csv",
        "shi_table.csv",
        "outliers.csv",
        "parity_energy.csv",
        "parity_force.csv",
        "parity_stress.csv",
        "error_against_force.csv",
    }
    errors = pd.read_csv(io.BytesIO(base64.b64decode(links["errors.csv"].partition(",")[2])))
    assert errors["force_mae_meV_per_A"].iloc[0] == pytest.approx(40.0)
    parity = pd.read_csv(io.BytesIO(base64.b64decode(links["parity_force.csv"].partition(",")[2])))
    off = parity["reference_eV_per_A"] - parity["predicted_eV_per_A"]
    assert off.to_numpy() == pytest.approx(0.04, abs=1e-5)


def test_text_from_data_is_escaped(evaluation: Evaluation) -> None:
    html = evaluation_html(evaluation, title=HOSTILE)
    assert HOSTILE not in html
    assert "&lt;script&gt;window.hacked" in html


def test_parity_is_drawn_as_points_with_a_diagonal(evaluation: Evaluation) -> None:
    from mofglass.report.evaluation import FIGURE_TITLES
    from mofglass.report.table_page import plots_of

    _, figures = plots_of(evaluation.figures(), evaluation.tables(), FIGURE_TITLES)
    panel = figures["parity_force"]["panels"][0]
    assert panel["kind"] == "points"
    low, high = panel["diagonal"]
    components = evaluation.force_parity[["reference_eV_per_A", "predicted_eV_per_A"]]
    assert low == pytest.approx(components.to_numpy().min())
    assert high == pytest.approx(components.to_numpy().max())
    assert figures["error_against_force"]["panels"][0]["diagonal"] is None


@pytest.mark.browser
def test_it_draws_offline_without_errors(browser: Any, path: Path) -> None:
    browser.open(path)
    assert browser.problems() == []
    assert browser.requests() == []
    figures = browser.evaluate(
        "Array.from(document.querySelectorAll('[data-figure]'), (plot) => ({name: plot.dataset.figure,"
        " points: plot.querySelectorAll('.scatterlayer .point').length,"
        " lines: plot.querySelectorAll('.scatterlayer path.js-line').length,"
        " shapes: plot.querySelectorAll('.shapelayer path').length}))"
    )
    drawn = {figure["name"]: figure for figure in figures}
    # Of four frames of four atoms: energies, force components, stress components.
    assert drawn["parity_energy"]["points"] == 4
    assert drawn["parity_force"]["points"] == 48
    assert drawn["parity_stress"]["points"] == 24
    assert all(drawn[name]["shapes"] >= 1 for name in drawn if name.startswith("parity"))
    assert drawn["error_against_force"]["lines"] == 2


def test_costs_that_lie_close_have_numbers_on_their_axis() -> None:
    from mofglass.report.figures import overlay
    from mofglass.result import Curve, Panel

    points = tuple(Curve(str(x), np.array([x]), np.array([1.0])) for x in (12.2, 12.7))
    panel = Panel("", "Cost", "Error", points, kind="points", x_log=True)
    drawn = overlay([("", panel)])["panels"][0]
    assert 10 ** np.array(drawn["x_range"]) == pytest.approx([12.2 / 1.5, 12.7 * 1.5])
    # What nearly agrees is not pulled apart, and more than a decade needs no limits.
    close = replace(
        panel, curves=tuple(replace(p, y=p.x * 0 + 346.97 + k / 10) for k, p in enumerate(points)), y_log=True
    )
    assert np.ptp(overlay([("", close)])["panels"][0]["y_range"]) == pytest.approx(np.log10(1.5**2), rel=1e-3)
    far = replace(close, curves=(Curve("", np.array([1.0, 20.0]), np.array([1.0, 20.0])),))
    assert overlay([("", far)])["panels"][0]["y_range"] is None


def test_outliers_are_named_by_file_and_frame(evaluation: Evaluation, tmp_path: Path) -> None:
    table = evaluation.outliers.assign(where="frame 25 of /data/a/labelled.extxyz")
    page = evaluation_html(replace(evaluation, outliers=table))
    assert ">25 of labelled.extxyz<" in page
    table.loc[0, "where"] = "frame 25 of /data/b/labelled.extxyz"
    page = evaluation_html(replace(evaluation, outliers=table))
    assert ">25 of /data/a/labelled.extxyz<" in page
    assert ">25 of /data/b/labelled.extxyz<" in page


def test_errors_of_ten_and_more_are_plain_numbers(evaluation: Evaluation) -> None:
    overall = evaluation.overall
    wide = replace(overall, force_meV_per_A=replace(overall.force_meV_per_A, mae_error=12.0))
    assert " ± 10 (" in evaluation_html(replace(evaluation, errors=(wide, *evaluation.errors[1:])))


@pytest.mark.browser
@pytest.mark.parametrize("width", [1200, 800])
def test_tables_fit_the_page_and_close_costs_have_numbers(browser: Any, tmp_path: Path, width: int) -> None:
    from mofglass.report.pareto import write_pareto_page
    from mofglass.training.pareto import pareto_table

    rows = [
        {
            "name": f"stress-{number}",
            "weights.stress": number,
            "energy_mae_meV_per_atom": 5.3,
            "force_mae_meV_per_A": force,
            "stress_mae_MPa": 283.9,
            "microseconds_per_atom": 8.6,
            "microseconds_per_atom_272_atoms": 8.6,
            "derivatives_agree": True,
        }
        for number, force in ((1, 346.97), (100, 347.05))
    ]
    path = write_pareto_page(pareto_table(rows), tmp_path / "scan.html", title="Scan", lede="Two trainings.")
    browser.open(path, width=width)
    assert browser.evaluate(
        "Array.from(document.querySelectorAll('.scroll'), (s) => s.scrollWidth - s.clientWidth)"
    ) == [0, 0]
    labels = browser.evaluate(
        "Array.from(document.querySelectorAll('[data-figure]'), (plot) => Array.from("
        "plot.querySelectorAll('.ytick text'), (text) => text.textContent))"
    )
    assert all(len(numbers) >= 3 for numbers in labels)
    assert {"300", "350"} <= set(labels[0])
