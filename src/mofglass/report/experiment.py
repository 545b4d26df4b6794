"""The product's total scattering beside measured files: overlay, difference and R factor of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

from mofglass.analysis.accumulator import Analysis
from mofglass.analysis.measured_curve import FUNCTION_NAMES, MeasuredCurve, read_measured
from mofglass.analysis.pipeline import measure as run_analyses
from mofglass.analysis.scattering import Scattering
from mofglass.analysis.scattering_result import Radiation, ScatteringResult
from mofglass.errors import InputError
from mofglass.report.content import AnalysisBlock, Row, analysis_blocks, combine
from mofglass.report.measure import Measured
from mofglass.report.words import number

RADIATION_NAMES = {"neutron": "neutrons", "xray": "X-rays"}
"""In words."""


@dataclass(frozen=True)
class Experiment:
    """A measured scattering function.

    Parameters
    ----------
    curve : MeasuredCurve
        What the file holds.
    radiation : {'neutron', 'xray'}
        What was scattered.
    deuterium_fraction : float
        Fraction of the hydrogen that is deuterium, for neutrons.
    """

    curve: MeasuredCurve
    radiation: Radiation
    deuterium_fraction: float = 0.0


def read_experiment(text: str, *, deuterium_fraction: float = 0.0) -> Experiment:
    """Read a measured file named as on the command line.

    Parameters
    ----------
    text : str
        ``[neutron:|xray:][FUNCTION:]FILE``, FUNCTION being a key of
        `mofglass.analysis.measured_curve.FUNCTION_NAMES`. Neutrons by default, and F(Q), or what a suffix of
        Gudrun says.
    deuterium_fraction : float
        Fraction of the hydrogen that is deuterium, for neutrons.

    Returns
    -------
    Experiment
        The curve and its radiation.

    Raises
    ------
    InputError
        When the file is missing or cannot be read.
    """
    radiation: Radiation = "neutron"
    function: Any = None
    while not Path(text).exists() and ":" in text:
        word, _, rest = text.partition(":")
        if word in get_args(Radiation):
            radiation = word  # type: ignore[assignment]
        elif word in FUNCTION_NAMES:
            function = word
        else:
            raise InputError(
                f"'{word}' before '{rest}' is neither neutron, xray nor one of {', '.join(FUNCTION_NAMES)}"
            )
        text = rest
    return Experiment(read_measured(text, function), radiation, deuterium_fraction)


def compare_with(
    measured: Sequence[Measured], experiments: Sequence[Experiment]
) -> list[list[ScatteringResult]]:
    """Measure the scattering of each sample's product beside each experiment.

    Parameters
    ----------
    measured : sequence of Measured
        All samples.
    experiments : sequence of Experiment
        Measured functions.

    Returns
    -------
    list of list of ScatteringResult
        One list an experiment, one result a sample.

    Raises
    ------
    InputError
        When an experiment and what is calculated share too few points.
    """
    if not experiments:
        return []
    found: list[list[ScatteringResult]] = [[] for _ in experiments]
    for item in measured:
        analyses: Mapping[str, Analysis[Any]] = {
            str(place): Scattering(
                radiation=experiment.radiation,
                measured=experiment.curve,
                deuterium_fraction=experiment.deuterium_fraction,
            )
            for place, experiment in enumerate(experiments)
        }
        results, _ = run_analyses(item.sample.glass, analyses)
        for place, result in enumerate(results.values()):
            assert isinstance(result, ScatteringResult)
            found[place].append(result)
    return found


def experiment_blocks(
    measured: Sequence[Measured],
    experiments: Sequence[Experiment],
    figures: dict[str, Any],
    *,
    product: str = "glass",
) -> list[AnalysisBlock]:
    """Return one block an experiment, all samples together in its figure and each in its table.

    Parameters
    ----------
    measured : sequence of Measured
        All samples.
    experiments : sequence of Experiment
        Measured functions.
    figures : dict
        Figures by identifier; added to.
    product : str
        What the samples are.

    Returns
    -------
    list of AnalysisBlock
        In the order of the experiments.
    """
    blocks = []
    for place, results in enumerate(compare_with(measured, experiments), start=1):
        experiment, joined = experiments[place - 1], combine(results)
        if not isinstance(joined, ScatteringResult):
            joined = results[0]
        name = f"experiment_{place}"
        (block,) = analysis_blocks(
            [replace(measured[0], glass={name: joined}, crystal={})], figures, product=product
        )
        # What does not hold the measurement stands in the block on scattering.
        for identifier, _ in block.figures[1:]:
            del figures[identifier]
        labels = [(item.sample.label, result) for item, result in zip(measured, results, strict=True)]
        labels += [(f"mean of {len(results)}", joined)] if len(results) > 1 else []
        blocks.append(
            replace(
                block,
                title=f"Beside {RADIATION_NAMES[experiment.radiation]}: {Path(experiment.curve.source).name}",
                figures=block.figures[:1],
                csvs=tuple((name, link) for name, link in block.csvs if name.endswith("_experiment")),
                note=_note(experiment, joined),
                table=(_COLUMNS, tuple(_row(label, result) for label, result in labels)),
                rows=(),
                unconverged=(),
            )
        )
    return blocks


_COLUMNS = ("R", "least R with a scale", "that scale", "compared from", "to", "points")


def _row(label: str, result: ScatteringResult) -> Row:
    found = result.agreement
    assert found is not None
    x = found.measured.x
    unit = "1/Å" if found.measured.function in ("sq", "fq") else "Å"
    cells = (
        number(found.r_factor, found.r_factor_error),
        number(found.r_factor_scaled),
        number(found.scale),
        f"{x[0]:.3g}",
        f"{x[-1]:.3g}",
        str(len(x)),
    )
    return Row(label, unit, cells)


def _note(experiment: Experiment, result: ScatteringResult) -> str:
    words = f"{experiment.curve.label} of {experiment.curve.source}, as measured; nothing is fitted to it. "
    if experiment.radiation == "xray":
        words += "The X-ray function is taken to be divided by ⟨f²⟩. "
    elif experiment.deuterium_fraction:
        words += f"{100 * experiment.deuterium_fraction:g} % of the hydrogen is taken to be deuterium. "
    return words + f"R = √(Σ(measured − calculated)² / Σ measured²); g(r) to {result.r_max_A:g} Å, Lorch."
