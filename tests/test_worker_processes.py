"""Worker processes: every task once, deaths told, nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mofglass.worker_processes import WorkerDied, over_processes


def act(task):
    """Do what the task says, and tell in which process."""
    name, value = task
    if name == "die":
        os.kill(os.getpid(), value)
    if name == "exit":
        os._exit(value)
    if name == "raise":
        raise ValueError(value)
    if name == "start":
        # A program that would outlive its parent, as an ab initio program started here could.
        subprocess.Popen(
            [
                sys.executable,
                "-c",
                f"import os, time; open({value!r}, 'w').write(str(os.getpid())); time.sleep(300)",
            ]
        )
        time.sleep(300)
    return value, os.getpid()


def test_every_task_is_done_once_by_the_processes_asked_for():
    tasks = [("give", k) for k in range(12)]
    with over_processes(act, iter(tasks), jobs=2) as results:
        outcomes = list(results)
    assert sorted(task[1] for task, _ in outcomes) == list(range(12))
    assert all(outcome[0] == task[1] for task, outcome in outcomes)
    assert 1 <= len({outcome[1] for _, outcome in outcomes}) <= 2
    assert os.getpid() not in {outcome[1] for _, outcome in outcomes}


def test_death_of_a_process_is_the_outcome_of_its_task_alone():
    tasks = [("give", 1), ("die", signal.SIGKILL), ("exit", 7), ("give", 2)]
    with over_processes(act, tasks, jobs=1) as results:
        outcomes = dict(results)
    assert [outcomes[task][0] for task in (tasks[0], tasks[3])] == [1, 2]
    assert str(outcomes[tasks[1]]) == "its process was ended by SIGKILL"
    assert outcomes[tasks[2]] == WorkerDied(7)
    assert str(outcomes[tasks[2]]) == "its process ended with code 7"


def test_a_script_that_does_not_guard_its_work_is_told_to(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "from mofglass.worker_processes import over_processes\n"
        "with over_processes(abs, [-1], jobs=1) as outcomes:\n"
        "    print(list(outcomes))\n"
    )
    ended = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=100)
    assert ended.returncode == 1
    assert ended.stderr.strip().endswith('so put its work under  if __name__ == "__main__":')
    script.write_text(
        "from mofglass.worker_processes import over_processes\n"
        "if __name__ == '__main__':\n"
        "    with over_processes(abs, [-1], jobs=1) as outcomes:\n"
        "        print(list(outcomes))\n"
    )
    ended = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=100)
    assert ended.stdout == "[(-1, 1)]\n"


def test_a_process_that_leaves_its_workers_in_the_midst_ends(tmp_path):
    """As one does that Ctrl-C stops between two outcomes, whose traceback keeps the iterator."""
    script = tmp_path / "script.py"
    script.write_text(
        "from mofglass.worker_processes import over_processes\n"
        "if __name__ == '__main__':\n"
        "    left = over_processes(abs, [-1, -2, -3], jobs=2)\n"
        "    print(next(left.__enter__())[1])\n"
    )
    ended = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.strip() in ("1", "2")


def test_an_exception_is_raised_where_it_is_waited_for():
    with (
        pytest.raises(ValueError, match="no such basis"),
        over_processes(act, [("raise", "no such basis")], jobs=1) as outcomes,
    ):
        list(outcomes)


def test_no_tasks_start_no_process():
    with over_processes(act, [], jobs=4) as outcomes:
        assert list(outcomes) == []


def test_a_program_started_by_a_worker_ends_with_the_iteration(tmp_path):
    note = tmp_path / "pid"
    end = time.monotonic() + 60
    with over_processes(act, [("give", 1), ("start", str(note))], jobs=2) as outcomes:
        assert next(outcomes)[1][0] == 1
        while not (note.exists() and note.read_text()):
            assert time.monotonic() < end, "the program did not start"
            time.sleep(0.05)
        stat = Path(f"/proc/{note.read_text()}/stat")
        assert stat.exists()
    while stat.exists() and stat.read_text().rsplit(")", 1)[1].split()[0] != "Z":
        assert time.monotonic() < end, "the program was left behind"
        time.sleep(0.05)
