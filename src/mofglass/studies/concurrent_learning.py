"""Concurrent learning: train, explore with the model, label what it does not know, and train again.

Y. Zhang et al., Comput. Phys. Commun. 253, 107206 (2020), doi:10.1016/j.cpc.2020.107206 (DP-GEN), with two
additions: the last frames before a run breaks down, and frames of contacts pressed on purpose, are labelled
whatever the committee thinks of them.

    DIR/iteration-001/plan.json        settings of this iteration; it is only gone on with under the same
                      training/        the model, and its committee
                      errors.json      its errors on held-out frames and on what the last iteration found
                      explore/run-001  runs
                      pressed.extxyz   frames of pressed contacts, where they are asked for
                      chosen.extxyz    frames to label
                      labels/          labels, one file a frame
                      learned.extxyz   those that later trainings fit
                      iteration.json   what was found; once it is there the iteration is done
    DIR/final/training                 trained on all of them; removed when a further iteration begins
    DIR/learning.csv                   a row an iteration; breaks.png, force_error.png

Every step is whole on disk or is done again, so that a killed learning goes on where it was.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from ase import Atoms
from ase.io import read, write

from mofglass.datasets import Dataset, open_dataset
from mofglass.datasets.equal_frames import warn_of_fitted_frames
from mofglass.datasets.exporting import export_extxyz
from mofglass.datasets.formats import format_of, is_dataset_file
from mofglass.datasets.label import label_frames
from mofglass.datasets.labelling_directory import LABELLED_FILE, LabellingDirectory
from mofglass.errors import InputError
from mofglass.potentials import get_potential
from mofglass.potentials.calculator import make_calculator
from mofglass.potentials.model_calculator import close_calculator
from mofglass.simulate import Run
from mofglass.structures import load
from mofglass.studies.committee_training import Further, check_further, train_committee
from mofglass.studies.exploration import execute_runs, plan_runs, usable_start
from mofglass.studies.frame_choice import Look, Looked, choose
from mofglass.studies.learning_config import LearningConfig
from mofglass.studies.learning_table import DONE, ERRORS, TRAINING, line_of, write_table
from mofglass.studies.pressing import Press, plan_presses
from mofglass.training.base import Progress, Silent
from mofglass.training.data import training_frames
from mofglass.training.fit_errors import fit_errors
from mofglass.training.state import locked
from mofglass.trajectory.atomic_write import written_whole
from mofglass.worker_processes import WorkerDied, over_processes

PRESSED, CHOSEN = "pressed.extxyz", "chosen.extxyz"
LEARNED, PLAN = "learned.extxyz", "plan.json"
MAX_HELD_OUT = 200
"""Held-out frames that an iteration is measured on, evenly spaced among all."""


@dataclass(frozen=True, kw_only=True)
class Learned:
    """A finished concurrent learning.

    Parameters
    ----------
    directory : Path
        Its directory.
    potential : str
        What follows ``--potential``.
    table : pandas.DataFrame
        A row an iteration, the last one of the final model: columns of `learning_table`.
    """

    directory: Path
    potential: str
    table: pd.DataFrame


def learn(
    config: LearningConfig,
    directory: Path,
    progress: Progress | None = None,
    told: Callable[[str], None] | None = None,
) -> Learned:
    """Learn concurrently; in the directory of a stopped learning, go on with that.

    Parameters
    ----------
    config : LearningConfig
        What to do. More iterations may be asked for than before; finished ones are left as they are, and
        the final model of fewer is removed when a further one begins.
    directory : Path
        New or empty, or the directory of a learning.
    progress : Progress, optional
        Who watches.
    told : callable, optional
        Called with a line on each finished iteration.

    Returns
    -------
    Learned
        Where the potential is, and the table of what was found.

    Raises
    ------
    InputError
        When a file or a setting cannot be used, an iteration was begun with other settings, or holds labels
        of another labeller.
    """
    progress, told = progress or Silent(), told or (lambda _line: None)
    # Trainings know their files by whole paths.
    directory = Path(directory).expanduser().resolve()
    directory.mkdir(parents=True, exist_ok=True)
    held_out = _held_out(config.held_out)
    if held_out is not None:
        warn_of_fitted_frames(held_out, training_frames(config.training_config.train), "held-out")
    with locked(directory):
        waiting = [
            number
            for number in range(1, config.iterations + 1)
            if not (_place(directory, number) / DONE).exists()
        ]
        if waiting:
            _check(config)
        for number in waiting:
            iteration = _Iteration(config, _place(directory, number), number, held_out, progress)
            iteration.begin()
            _remove(directory / "final")
            iteration.execute()
            table = write_table(directory)
            told(line_of(table[table["iteration"] == str(number)].iloc[0]))
        n_finished = len(list(directory.glob(f"iteration-*/{DONE}")))
        final = _Iteration(config, directory / "final", n_finished + 1, held_out, progress)
        potential, _ = final.train()
        table = write_table(directory)
    return Learned(directory=directory, potential=potential, table=table)


def _place(directory: Path, number: int) -> Path:
    return directory / f"iteration-{number:03d}"


def _check(config: LearningConfig) -> None:
    """Load what is needed after the long work too, so that a wrong name is told before it."""
    training = config.training_config
    if config.further_epochs is not None:
        check_further(training)
    for path in (*training.train, *(training.validation if isinstance(training.validation, tuple) else ())):
        if not is_dataset_file(path):
            format_of(path)
    names = {name for part in config.explore for name in part.structures}
    elements = {symbol for name in names for symbol in load(name).get_chemical_symbols()}
    for kind in config.press:
        lacking = sorted(set(kind.elements) - elements)
        if lacking:
            raise InputError(
                f"press, atoms {kind.atoms}: no structure of 'explore' holds {', '.join(lacking)}"
            )
    config.make_labeller().check(sorted(elements))


class _Iteration:
    """One iteration in its directory."""

    def __init__(
        self,
        config: LearningConfig,
        place: Path,
        number: int,
        held_out: Dataset | None,
        progress: Progress,
    ) -> None:
        self.config = config
        self.place = place
        self.number = number
        self.progress = progress
        self.held_out = held_out
        earlier = [_place(place.parent, k) / LEARNED for k in range(1, number)]
        self.learned = [path for path in earlier if path.exists()]
        self.learned_last = [path for path in earlier[-1:] if path.exists()]
        self.generator = np.random.default_rng([config.seed, number])

    def execute(self) -> None:
        """Go through the steps; each is skipped where its product is there."""
        model, committee = self.train()
        runs = self._explore(model)
        pressed = self._press(model, runs)
        chosen = self._choose(runs, committee, pressed)
        record = {**chosen, **self._label(), **self._errors_on_found(model), "runs": len(runs)}
        record["broken"] = sum(run.state.startswith("failed") for run in runs)
        record["simulated_ps"] = round(sum(_last_ps(run) for run in runs), 3)
        _write_json(self.place / DONE, record)

    def begin(self) -> None:
        """Note the settings; what was begun is only gone on with under its own settings and labeller."""
        plan, mine = self.place / PLAN, _plain(self.config.decisive())
        if not plan.exists():
            self.place.mkdir(exist_ok=True)
            _write_json(plan, mine)
        elif json.loads(plan.read_text()) != mine:
            raise InputError(
                f"{self.place} was begun with other settings: go on with those, or remove it to begin "
                "the iteration anew"
            )
        labels = self.place / "labels"
        if not (labels / "labelling.json").exists():
            return
        known = LabellingDirectory(labels)
        if known.state["method"] == _plain(self.config.make_labeller().describe()):
            return
        if known.standing().n_labelled:
            raise InputError(
                f"{labels} holds labels of another labeller: go on with that, or remove {labels} to label "
                "these frames anew"
            )
        _remove(labels)

    def train(self) -> tuple[str, tuple[str, ...]]:
        """Train on all that was learned; return the model and its committee."""
        training = self.config.training_config
        training = replace(training, train=(*training.train, *self.learned))
        self.place.mkdir(exist_ok=True)
        model, committee = train_committee(
            training,
            self.config.committee,
            self.place / TRAINING,
            cache=self.place.parent / "blocks",
            progress=self.progress,
            further=self._further(),
        )
        if not (self.place / ERRORS).exists():
            self.progress.stage("errors on held-out frames")
            found = open_dataset(self.learned_last) if self.learned_last else None
            errors = {"held_out": _errors(model, self.held_out), "found_before": _errors(model, found)}
            _write_json(self.place / ERRORS, errors)
        return model, committee

    def _further(self) -> Further | None:
        """What networks go on from: those of the iteration before, if any and if asked for."""
        epochs = self.config.further_epochs
        if epochs is None or self.number == 1:
            return None
        return Further(_place(self.place.parent, self.number - 1) / TRAINING, epochs)

    def _explore(self, model: str) -> list[Run]:
        self.progress.stage("exploring")
        potential = get_potential(model)
        found = [frame for path in self.learned for frame in _frames(path) if usable_start(frame, potential)]
        runs = plan_runs(self.config, self.place / "explore", model, found, self.generator)
        execute_runs(runs, model, self.config.jobs)
        return runs

    def _press(self, model: str, runs: Sequence[Run]) -> list[Atoms]:
        """Press contacts in the frames that runs came to; those that broke down at once are left out."""
        config, path = self.config, self.place / PRESSED
        if path.exists() or not config.press:
            return _frames(path)
        tasks = plan_presses(
            config.press,
            [_before_break(run) for run in runs],
            np.random.default_rng([config.seed, self.number, 1]),
        )
        self.progress.stage("pressing", len(tasks))
        press = Press(model, config.max_force_eV_per_A, config.min_distance_A)
        done: dict[int, Atoms] = {}
        with over_processes(press, tasks, jobs=config.jobs) as outcomes:
            for task, outcome in outcomes:
                if isinstance(outcome, Atoms):
                    done[task.number] = outcome
                self.progress.advance()
        pressed = [done[number] for number in sorted(done)]
        _write_frames(path, pressed)
        return pressed

    def _choose(
        self, runs: Sequence[Run], committee: tuple[str, ...], pressed: Sequence[Atoms]
    ) -> dict[str, Any]:
        """Write the frames to label; return how many of which kind there were."""
        record, config = self.place / "chosen.json", self.config
        if record.exists():
            known: dict[str, Any] = json.loads(record.read_text())
            return known
        self.progress.stage("spread of forces", len(runs))
        looked: list[Looked] = []
        look = Look(committee, config.looked_at, config.before_break, config.min_distance_A)
        with over_processes(look, [run.path for run in runs], jobs=config.jobs) as outcomes:
            for _, outcome in outcomes:
                if not isinstance(outcome, WorkerDied):
                    looked += outcome
                self.progress.advance()
        looked.sort(key=lambda item: (str(item.run), item.frame))
        choice = choose(looked, config.trust_eV_per_A, config.select, self.generator)
        _write_frames(self.place / CHOSEN, chain(map(_frame_of, choice.chosen), pressed))
        counts = {
            "known": choice.known,
            "candidates": choice.candidates,
            "nonsense": choice.nonsense,
            "before_breaks": sum(item.before_break for item in choice.chosen),
            "pressed": len(pressed),
            "chosen": len(choice.chosen) + len(pressed),
        }
        _write_json(record, counts)
        return counts

    def _label(self) -> dict[str, Any]:
        """Label what was chosen, and keep what is to be learned."""
        (self.place / LEARNED).unlink(missing_ok=True)
        frames = _frames(self.place / CHOSEN)
        if not frames:
            return {"labelled": 0, "learned": 0}
        self.progress.stage("labels", len(frames))
        done = [0]

        def advance(count: int) -> None:
            self.progress.advance(count - done[0])
            done[0] = count

        standing = label_frames(
            frames,
            self.config.make_labeller(),
            self.place / "labels",
            jobs=self.config.jobs,
            progress=advance,
        )
        if not standing.n_labelled:
            return {"labelled": 0, "learned": 0}
        labelled = open_dataset(self.place / "labels" / LABELLED_FILE)
        kept = np.flatnonzero(np.asarray(labelled.table.max_force_eV_per_A) <= self.config.max_label_eV_per_A)
        if len(kept):
            export_extxyz(labelled[kept], self.place / LEARNED)
        return {"labelled": standing.n_labelled, "learned": len(kept)}

    def _errors_on_found(self, model: str) -> dict[str, Any]:
        path = self.place / LEARNED
        return {"found": _errors(model, open_dataset(path) if path.exists() else None)}


def _errors(potential: str, dataset: Dataset | None) -> dict[str, float] | None:
    """Measure a potential on frames that it can compute; None where there are none."""
    if dataset is None:
        return None
    known = get_potential(potential)
    frames = [frame for frame in dataset if usable_start(frame.to_atoms(), known)]
    if not frames:
        return None
    calculator = make_calculator(known)
    try:
        return asdict(fit_errors(calculator, frames))
    finally:
        close_calculator(calculator)


def _held_out(paths: Sequence[Path]) -> Dataset | None:
    if not paths:
        return None
    dataset = open_dataset(paths)
    if len(dataset) <= MAX_HELD_OUT:
        return dataset
    return dataset[np.linspace(0, len(dataset) - 1, MAX_HELD_OUT).astype(int)]


def _before_break(run: Run) -> Atoms:
    """Return the last frame of a run, of one that broke down the middle one."""
    trajectory = run.trajectory()
    last = len(trajectory) - 1
    return _taken(run, last // 2 if run.state.startswith("failed") else last)


def _frame_of(looked: Looked) -> Atoms:
    """Return a chosen frame, saying where it comes from."""
    atoms = _taken(Run(looked.run), looked.frame)
    atoms.info["force_spread_eV_per_A"] = looked.spread_eV_per_A
    atoms.info["before_break"] = looked.before_break
    return atoms


def _taken(run: Run, number: int) -> Atoms:
    frame, drawn = run.trajectory()[number], run.info["drawn"]
    atoms: Atoms = frame.to_atoms()
    atoms.info = {
        "source": drawn["source"],
        "temperature_K": drawn["temperature_K"],
        "run": "/".join(run.path.parts[-3:]),
        "time_ps": frame.time_ps,
    }
    return atoms


def _frames(path: Path) -> list[Atoms]:
    if not path.exists() or not path.stat().st_size:
        return []
    frames = read(path, ":", format="extxyz")
    assert isinstance(frames, list)
    return frames


def _write_frames(path: Path, frames: Iterable[Atoms]) -> None:
    with written_whole(path) as new, new.open("w") as stream:
        for atoms in frames:
            write(stream, atoms, format="extxyz")


def _last_ps(run: Run) -> float:
    trajectory = run.trajectory()
    return float(trajectory[len(trajectory) - 1].time_ps or 0.0)


def _remove(directory: Path) -> None:
    """Remove a directory, its name first: a kill leaves nothing by that name that is not whole."""
    outdated = directory.with_name(f"{directory.name}.outdated")
    if outdated.exists():
        shutil.rmtree(outdated)
    if directory.exists():
        directory.rename(outdated)
        shutil.rmtree(outdated)


def _plain(content: Any) -> Any:
    """Return what JSON would read back."""
    return json.loads(json.dumps(content, default=str))


def _write_json(path: Path, content: Any) -> None:
    with written_whole(path) as new:
        new.write_text(json.dumps(content, indent=1) + "\n")
