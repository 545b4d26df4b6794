"""The report: gather, measure, draw, write."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mofglass.analysis.pores import PoresResult
from mofglass.errors import InputError
from mofglass.report.content import (
    AnalysisBlock,
    Compare,
    analysis_blocks,
    comparison_groups,
    mean_summary,
    reference_of,
)
from mofglass.report.convergence import convergence
from mofglass.report.exchange import exchange_block
from mofglass.report.experiment import Experiment, experiment_blocks, read_experiment
from mofglass.report.figures import stacked
from mofglass.report.history import shaded_stages, smoothed, thermo_panels
from mofglass.report.measure import Measured, measure
from mofglass.report.mechanics import Study, mechanics_section, read_studies
from mofglass.report.melted import unmelted_words
from mofglass.report.packing import csv_link
from mofglass.report.page import render, write_whole
from mofglass.report.record import protocols, reasons_to_differ, record_of, sample_row
from mofglass.report.sample import Analyse, OpenFile, Sample, gather
from mofglass.report.slices import slice_figures
from mofglass.report.tiles import tiles
from mofglass.report.viewers import viewers_of
from mofglass.report.whole_run import pores_words
from mofglass.report.words import formula
from mofglass.result import Curve, Panel
from mofglass.trajectory import Trajectory, open_trajectory

IMIDAZOLATE_GLASS = {30: 1, 6: 6, 7: 4, 1: 6}
"""Zn(C3H3N2)2: the composition that the published values of ZIF-4 are of."""

MAX_CSV_ROWS = 5000
"""Rows of the embedded thermodynamic table; longer ones are thinned, and the link says so."""


def write_report(
    paths: Sequence[str | os.PathLike[str]] | str | os.PathLike[str],
    destination: str | os.PathLike[str],
    *,
    crystal: str | os.PathLike[str] | None = None,
    system: str = "glass",
    temperature_K: float | None = None,
    title: str = "",
    compare: Compare | None = None,
    analyse: Analyse | None = None,
    pore_frames: int | None = None,
    experiments: Sequence[str] = (),
    deuterium_fraction: float = 0.0,
    mechanics: Sequence[str] = (),
    open_file: OpenFile = open_trajectory,
    command: str = "",
) -> Path:
    """Write the report of one or several runs as one offline HTML file.

    Parameters
    ----------
    paths : path or sequence of path
        Run directories, directories of runs, trajectories or structure files.
    destination : path
        The HTML file; written whole or not at all.
    crystal : path, optional
        Crystal to compare with, a structure or trajectory; by default what each run started from.
    system : {"glass", "crystal", "liquid"}
        What the samples are, for the comparison with published values.
    temperature_K : float, optional
        Temperature of the samples, K; by default what the runs say, or 300 K.
    title : str
        Heading; by default the title of the first run.
    compare : callable, optional
        `mofglass.literature.compare`; without it the report holds no published values.
    analyse : callable, optional
        From frames and temperature to results by name; mofglass' standard set by default.
    pore_frames : int, optional
        Frames whose pores are measured; 0 for none; ten by default, fewer of more than 2000 atoms.
    experiments : sequence of str
        Files of measured scattering, as `mofglass.report.experiment.read_experiment` takes them.
    deuterium_fraction : float
        Fraction of the hydrogen that was deuterium where neutrons were scattered.
    mechanics : sequence of str
        Studies of the mechanics, as `mofglass.report.mechanics.read_studies` takes them.
    open_file : callable
        From the path of a trajectory or structure to the frames to measure; opens the file as its content
        tells by default.
    command : str
        Command line that makes this page again.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InputError
        When a path cannot be used, or the destination is a directory.
    """
    destination = Path(destination)
    if destination.is_dir():
        raise InputError(f"{destination} is a directory: give the name of an HTML file, as in -o report.html")
    given = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
    # Read first: a mistyped name is known before anything is measured.
    curves = [read_experiment(text, deuterium_fraction=deuterium_fraction) for text in experiments]
    studies = [study for text in mechanics for study in read_studies(text, system=system)]
    samples = gather(given, temperature_K=temperature_K, open_file=open_file)
    beside = None if crystal is None else open_trajectory(Path(crystal))
    if beside is not None:
        samples = [_with_crystal(samples[0], beside), *samples[1:]]
    # Independent glasses were made from the same crystal: one of them is measured.
    first = next((sample for sample in samples if sample.crystal is not None), None)
    reference = None if beside is None else beside[0]
    measured = [
        measure(
            sample,
            analyse,
            with_crystal=sample is first,
            pore_frames=pore_frames,
            reference=reference,
        )
        for sample in samples
    ]
    html = report_html(
        measured,
        system=system,
        title=title,
        compare=compare,
        experiments=curves,
        studies=studies,
        command=command,
    )
    write_whole(destination, html)
    return destination


def _with_crystal(sample: Sample, crystal: Trajectory) -> Sample:
    return replace(
        sample,
        crystal=crystal,
        crystal_label=f"crystal from {crystal.path.name}",
        # One frame at rest has no temperature.
        crystal_temperature_K=300.0 if len(crystal) > 1 else None,
    )


def report_html(
    measured: Sequence[Measured],
    *,
    system: str = "glass",
    title: str = "",
    compare: Compare | None = None,
    experiments: Sequence[Experiment] = (),
    studies: Sequence[Study] = (),
    command: str = "",
) -> str:
    """Return the page of samples that have been measured.

    Parameters
    ----------
    measured : sequence of Measured
        At least one.
    system : str
        What they are.
    title : str
        Heading.
    compare : callable, optional
        `mofglass.literature.compare`.
    experiments : sequence of Experiment
        Measured scattering functions to stand beside.
    studies : sequence of Study
        Studies of the mechanics to include.
    command : str
        Command line that makes the page again.

    Returns
    -------
    str
        HTML.
    """
    samples = [item.sample for item in measured]
    if under_way := [sample for sample in samples if sample.so_far is not None]:
        system = "run so far"
    figures: dict[str, Any] = {}
    reference = reference_of(measured)
    summaries = mean_summary([item.glass for item in measured])
    comparable = not under_way and all(_is_imidazolate(sample) for sample in samples)
    known_compare = compare if comparable else None
    comparisons, no_comparison = _comparisons(measured, summaries, system, compare)
    histories = _histories(measured, figures)
    blocks = [
        _with_pore_note(block, measured) for block in analysis_blocks(measured, figures, product=system)
    ]
    blocks += experiment_blocks(measured, experiments, figures, product=system)
    exchange = exchange_block(measured, figures)
    blocks += [exchange] if exchange else []
    slices = slice_figures(measured, figures)
    mechanics = mechanics_section(studies, figures, known_compare)
    viewers, scenes = viewers_of(measured, system)
    heading = title or (samples[0].info.get("title") if len(samples) == 1 else "") or _heading(samples)
    several = len(measured) > 1
    sections = [
        ("simulated", "What was simulated" if samples[0].is_run else "What was analysed"),
        ("structure", "Structure"),
    ]
    sections += [("time", "Over time")] if histories else []
    sections += [("analysis", "Analysis")] + ([("slices", "Density slices")] if slices else [])
    sections += [("mechanics", "Mechanics")] if mechanics else []
    sections += [("convergence", "Convergence")]
    sections += [("published", "Published values"), ("provenance", "Reproduce")]
    content: Mapping[str, Any] = {
        "version": version("mofglass"),
        "written": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "title": heading,
        "eyebrow": f"{len(samples)} samples" if several else _kind(samples[0]).capitalize(),
        "lede": _lede(samples, system),
        "contents": sections,
        "tiles": tiles(samples, summaries, reference),
        "warnings": _warnings(samples),
        "samples": [sample_row(sample) for sample in samples],
        "protocols": protocols(samples),
        "analysed": _analysed(measured),
        "viewers": viewers,
        "histories": histories,
        "analysis_note": _analysis_note(len(measured), reference is not None, system),
        "blocks": blocks,
        "slices": slices,
        "mechanics": mechanics,
        "convergence": convergence(measured, system=system, compare=known_compare),
        "comparisons": comparisons,
        "no_comparison": no_comparison,
        "reasons": reasons_to_differ(samples),
        "command": command,
        "records": [record_of(sample) for sample in samples],
    }
    return render(content, figures=figures, scenes=scenes)


def _kind(sample: Sample) -> str:
    """What a sample came as."""
    if sample.is_run:
        return "run"
    return "trajectory" if len(sample.trajectory) > 1 else "structure"


def _with_pore_note(block: AnalysisBlock, measured: Sequence[Measured]) -> AnalysisBlock:
    pores = [item.glass["pores"] for item in measured if "pores" in item.glass]
    if block.name != "pores" or not isinstance(pores[0], PoresResult):
        return block
    return replace(block, note=pores_words(pores[0]))


def _heading(samples: Sequence[Sample]) -> str:
    titles = {str(sample.info.get("title", "")).rsplit(", glass ", 1)[0] for sample in samples}
    common = titles.pop() if len(titles) == 1 else ""
    return f"{common}: {len(samples)} glasses" if common and len(samples) > 1 else common or samples[0].label


def _lede(samples: Sequence[Sample], system: str) -> str:
    first = samples[0]
    n_atoms = f"{first.trajectory.n_atoms:,}".replace(",", "\u202f")
    if not first.is_run:
        if len(samples) > 1:
            kinds = {"trajectory": "trajectories", "structure": "structures"}[_kind(first)]
            return f"{len(samples)} {kinds} of {n_atoms} atoms, brought as files and measured as a {system}."
        frames = f" in {len(first.trajectory)} frames" if len(first.trajectory) > 1 else ""
        return f"A {_kind(first)} of {n_atoms} atoms{frames}, brought as a file and measured as a {system}."
    hottest = max((max(s.start_K or 0, s.end_K or 0) for s in first.spans), default=0)
    words = f"{n_atoms} atoms of {formula(first.info.get('structure', {}).get('formula', ''))}"
    if hottest:
        words += (
            f", heated to {hottest:g} K and analysed at {first.temperature_K:g} K"
            if first.so_far is None
            else f", by a protocol that goes up to {hottest:g} K"
        )
    potential = first.info.get("potential", {}).get("name")
    return words + (f", with the potential {potential}." if potential else ".")


def _warnings(samples: Sequence[Sample]) -> list[str]:
    return [_unfinished_words(sample) for sample in samples if sample.is_run and sample.state != "done"] + [
        words for words in map(unmelted_words, samples) if words
    ]


def _unfinished_words(sample: Sample) -> str:
    words = f"{sample.label} is not finished ({sample.state}): what follows describes "
    if sample.so_far is None:
        return words + "it as far as it has come."
    name, times = sample.so_far.name, sample.trajectory.time_ps
    assert times is not None
    return words + (
        f"the stage it is in, '{name}', and not its product: its last frame is at {times[-1]:.4g} ps of "
        f"{sample.spans[-1].end_ps:.4g}."
    )


def _analysed(measured: Sequence[Measured]) -> list[str]:
    lines = []
    for item in measured:
        glass = item.sample.glass
        times = glass.time_ps
        when = "" if times is None or len(times) < 2 else f" from {times[0]:.4g} to {times[-1]:.4g} ps"
        frames = "1 frame" if len(glass) == 1 else f"{len(glass)} frames{when}"
        at = "" if item.sample.temperature_K is None else f", at {item.sample.temperature_K:g} K"
        lines.append(f"{item.sample.label}: {frames} analysed{at}.")
    reference = reference_of(measured)
    if reference is not None:
        lines.append(f"Compared with the {reference.label}.")
    lines += [
        f"Left out for {i.sample.label}: {n}, since {why}" for i in measured for n, why in i.skipped.items()
    ]
    lines += [
        f"Left out for {i.sample.label}: exchange, since {i.exchange_words}."
        for i in measured
        if i.exchange is None and i.exchange_words
    ]
    return lines


def _analysis_note(n_samples: int, has_crystal: bool, system: str) -> str:
    words = [f"The {system} is drawn solid" + (", the crystal dotted." if has_crystal else ".")]
    if n_samples > 1:
        words.append(
            "Thick lines are means over the samples with their standard deviation as a band, thin lines the "
            "samples; in the tables ± is the standard error of the mean."
        )
    else:
        words.append("Bands and ± are standard errors, from blocks in time where there are enough frames.")
    return " ".join(words)


def _comparisons(
    measured: Sequence[Measured], summaries: Mapping[str, Any], system: str, compare: Compare | None
) -> tuple[list[dict[str, Any]], str]:
    if compare is None:
        return [], "No published values were asked for."
    if any(item.sample.so_far is not None for item in measured):
        return [], "A run that has not come to its end is not compared with published values."
    if any(not _is_imidazolate(item.sample) for item in measured):
        return [], (
            "The published values on record are of Zn(C₃H₃N₂)₂; not every sample here has that composition."
        )
    groups = [(f"The {system}, beside ZIF-4", comparison_groups(compare, summaries, system))]
    reference = reference_of(measured)
    if reference is not None and system != "crystal":
        crystal = {name: result.summary() for name, result in reference.results.items()}
        groups.append(("The crystal, beside ZIF-4", comparison_groups(compare, crystal, "crystal")))
    for _, group in groups:
        for entry in group:
            if entry["quantity"] == "density" and all(_at_constant_volume(m.sample) for m in measured):
                entry["remark"] = "imposed: the simulation kept the crystal's volume"
    kept = [{"title": title, "groups": group} for title, group in groups if group]
    return kept, f"Nothing measured here has been published of a {system} of ZIF-4, on our record."


def _at_constant_volume(sample: Sample) -> bool:
    first, last = sample.trajectory[0], sample.trajectory[-1]
    return sample.is_run and abs(last.volume_A3 / first.volume_A3 - 1.0) < 1e-5


def _is_imidazolate(sample: Sample) -> bool:
    numbers = sample.trajectory.numbers.tolist()
    counts = {number: numbers.count(number) for number in set(numbers)}
    return set(counts) == set(IMIDAZOLATE_GLASS) and all(
        counts[number] == share * counts[30] for number, share in IMIDAZOLATE_GLASS.items()
    )


def _histories(measured: Sequence[Measured], figures: dict[str, Any]) -> list[dict[str, Any]]:
    """Figures over time: of several runs one figure with all of them."""
    runs = [item for item in measured if item.sample.thermo is not None and len(item.sample.thermo) > 1]
    tables = {item.sample.label: item.sample.thermo for item in runs if item.sample.thermo is not None}
    histories: list[dict[str, Any]] = []
    same = len({tuple(item.sample.spans) for item in measured}) == 1
    spans = measured[0].sample.spans if same else []
    if tables:
        end_ps = max(float(table["time_ps"].max()) for table in tables.values())
        figures["thermo"] = stacked(thermo_panels(tables), shaded_stages(spans, end_ps))
        joined = pd.concat([table.assign(sample=label) for label, table in tables.items()])
        every = -(-len(joined) // MAX_CSV_ROWS)
        histories.append(
            {
                "id": "thermo",
                "title": "Thermodynamics",
                "height": 5 + 9.5 * len(figures["thermo"]["panels"]),
                "csv": csv_link(joined.iloc[::every]),
                "file": "thermo.csv",
                "link": "Numbers as CSV" if every == 1 else f"Numbers as CSV (one row in {every})",
            }
        )
    followed = [item for item in measured if item.course]
    if followed:
        panels = _course_panels(followed)
        end_ps = max(float(np.max(curve.x)) for panel in panels for curve in panel.curves)
        figures["course"] = stacked(panels, shaded_stages(spans, end_ps))
        height = 5 + 12 * len(panels)
        histories.append({"id": "course", "title": "Coordination and linkers", "height": height, "csv": ""})
    return histories


def _course_panels(followed: Sequence[Measured]) -> list[Panel]:
    several = len(followed) > 1
    panels = []
    for position, panel in enumerate(followed[0].course):
        curves: list[Curve] = []
        for item in followed:
            if position < len(item.course):
                curve = item.course[position].curves[0]
                curves += smoothed(replace(curve, label=item.sample.label), keep=not several)
        panels.append(replace(panel, curves=tuple(curves)))
    return panels
