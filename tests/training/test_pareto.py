"""The front of error against cost, and the table."""

from __future__ import annotations

import numpy as np

from mofglass.training.pareto import pareto_front, pareto_panels, pareto_table


def row(name: str, cost: float, force: float, stress: float | None = 1.0) -> dict[str, object]:
    return {
        "name": name,
        "energy_mae_meV_per_atom": 1.0,
        "force_mae_meV_per_A": force,
        "stress_mae_MPa": stress,
        "microseconds_per_atom": cost,
    }


def test_the_front_is_what_no_other_beats() -> None:
    costs = np.array([1.0, 2.0, 3.0, 4.0, np.nan])
    errors = np.array([9.0, 5.0, 6.0, 1.0, 0.1])
    assert pareto_front(costs, errors).tolist() == [True, True, False, True, False]


def test_equals_are_all_on_the_front_and_a_tie_in_cost_is_won_by_the_smaller_error() -> None:
    assert pareto_front(np.array([1.0, 1.0]), np.array([2.0, 2.0])).tolist() == [True, True]
    assert pareto_front(np.array([1.0, 1.0]), np.array([2.0, 3.0])).tolist() == [True, False]


def test_against_every_pair() -> None:
    random = np.random.default_rng(1)
    costs, errors = random.integers(0, 8, size=(2, 40)).astype(float)
    for k, found in enumerate(pareto_front(costs, errors)):
        beaten = any(
            costs[j] <= costs[k] and errors[j] <= errors[k] and (costs[j], errors[j]) != (costs[k], errors[k])
            for j in range(40)
        )
        assert found == (not beaten)


def test_the_table_is_sorted_by_cost_and_what_is_unknown_is_not_drawn() -> None:
    table = pareto_table([row("b", 9.0, 1.0, None), row("a", 2.0, 4.0, None), row("c", 10.0, 3.0, None)])
    assert table["name"].tolist() == ["a", "b", "c"]
    assert table["on_front"].tolist() == [True, True, False]
    panels = pareto_panels(table)
    assert set(panels) == {"pareto_forces", "pareto_energy"}
    forces = panels["pareto_forces"]
    assert [curve.label for curve in forces.curves] == ["a", "b", "c"]
    assert forces.curves[1].x.tolist() == [9.0]
    assert forces.x_log
    assert forces.y_log
