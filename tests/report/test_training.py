"""The pages of a training and of a concurrent learning hold their numbers, and need no network."""

from __future__ import annotations

import json

import pytest

from mofglass.report.training import write_learning_page, write_training_page
from mofglass.studies.learning_table import DONE, ERRORS, learning_table
from mofglass.training.learning_curve import CurvePoint


def test_a_training_shows_its_curve_and_leaves_out_what_was_not_measured(tmp_path):
    points = [
        CurvePoint(
            epoch=epoch,
            wall_s=10.0 * epoch,
            train_force_mae_meV_per_A=100.0 / epoch,
            validation_force_mae_meV_per_A=120.0 / epoch,
        )
        for epoch in (1, 2, 4)
    ]
    page = write_training_page(
        points,
        tmp_path / "training.html",
        title="Training of pod",
        lede="Three points.",
        command="mofglass train",
        record={"configuration": "trainer: pod\nweights:\n  energy: 1\n"},
    ).read_text()
    assert "Training of pod" in page
    assert ">25<" in page
    assert ">30<" in page
    assert 'data-figure="force_mae_meV_per_A"' in page
    assert 'data-figure="stress_mae_MPa"' not in page
    assert "<script src=" not in page
    assert "<pre><code>trainer: pod\nweights:\n  energy: 1\n</code></pre>" in page


@pytest.mark.parametrize(
    ("trainer", "label", "note"),
    [
        ("pod", "frames fitted", "to more of the training frames"),
        ("deepmd", "step", "after a batch"),
        ("mace", "epoch", "An epoch is a pass"),
    ],
)
def test_a_learning_curve_is_drawn_over_what_the_trainer_counts(tmp_path, trainer, label, note):
    points = [CurvePoint(epoch=n, wall_s=1.0, train_force_mae_meV_per_A=100.0 / n) for n in (24, 40, 75)]
    page = write_training_page(
        points, tmp_path / "training.html", title="Training", lede="Three points.", trainer=trainer
    ).read_text()
    assert f'"x_label":"{label}"' in page.replace(": ", ":")
    assert note in page


def test_a_learning_shows_what_each_iteration_found(tmp_path):
    for number, (broken, before) in enumerate([(4, None), (1, 111.5)], start=1):
        place = tmp_path / f"iteration-{number:03d}"
        place.mkdir()
        (place / ERRORS).write_text(
            json.dumps(
                {
                    "held_out": {"force_mae_meV_per_A": 63.25},
                    "found_before": before and {"force_mae_meV_per_A": before},
                }
            )
        )
        counts = dict.fromkeys(("known", "candidates", "nonsense", "before_breaks", "chosen", "labelled"), 7)
        record = {**counts, "learned": 6, "runs": 10, "broken": broken, "simulated_ps": 20.0}
        (place / DONE).write_text(json.dumps(record | {"found": {"force_mae_meV_per_A": 137.0}}))
    table = learning_table(tmp_path)
    assert table["found_after_force_mae_meV_per_A"].tolist()[0] == pytest.approx(111.5)
    assert table["broken"].tolist() == [4, 1]
    page = write_learning_page(table, tmp_path / "learning.html", title="Learning", lede="Two.").read_text()
    for number in ("111.5", "137", "63.25"):
        assert f">{number}<" in page
    assert 'data-figure="breaks"' in page
