"""Runs to report on, and a headless Chromium driven over a pipe by its own DevTools protocol.

The protocol is JSON messages ended by a zero byte on file descriptors 3 and 4, so that neither a driver
program nor a package is needed beside the browser itself.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from ase import Atoms

from mofglass.literature import compare
from mofglass.report import write_report
from mofglass.simulate import Minimise, RunSettings, create_run, hold, ramp
from mofglass.simulate.run import STRESS_COLUMNS, THERMO_COLUMNS
from mofglass.structures import load
from mofglass.trajectory import H5MDWriter

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--remote-debugging-pipe",
)
WEBGL = ("--use-angle=swiftshader", "--enable-unsafe-swiftshader")
"""WebGL 2 on the processor, as on a machine without a graphics card."""

NO_WEBGL = ("--disable-gpu", "--disable-3d-apis")


class Browser:
    """One Chromium process with one page."""

    def __init__(self, executable: str, profile: Path, flags: tuple[str, ...]) -> None:
        their_in, our_out = os.pipe()
        our_in, their_out = os.pipe()
        command = [executable, *FLAGS, *flags, f"--user-data-dir={profile}", "about:blank"]

        def wire() -> None:
            # By way of high numbers, since 3 and 4 may be the pipes' other ends.
            ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 100) for end in (their_in, their_out)]
            os.dup2(ends[0], 3)
            os.dup2(ends[1], 4)

        silent = subprocess.DEVNULL
        self._process = subprocess.Popen(
            command, preexec_fn=wire, close_fds=False, stdin=silent, stdout=silent, stderr=silent
        )
        os.close(their_in)
        os.close(their_out)
        self._in, self._out, self._buffer, self._last = our_in, our_out, b"", 0
        self._session: str | None = None
        self.events: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call(
            "Network.emulateNetworkConditions",
            offline=True,
            latency=0,
            downloadThroughput=0,
            uploadThroughput=0,
        )

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send one command and wait for its answer."""
        self._last += 1
        message: dict[str, Any] = {"id": self._last, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._last:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return dict(answer["result"])
            self.events.append(answer)

    def _receive(self, timeout_s: float = 90.0) -> dict[str, Any]:
        deadline = time.monotonic() + timeout_s
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._in], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, f"Chromium said nothing for {timeout_s} s"
            part = os.read(self._in, 1 << 20)
            assert part, "Chromium ended"
            self._buffer += part
        text, _, self._buffer = self._buffer.partition(b"\0")
        return dict(json.loads(text))

    def open(
        self, path: Path, *, width: int = 1280, height: int = 900, dark: bool = False, scale: float = 1
    ) -> None:
        """Open a file and wait until the page says that all is drawn."""
        self.events.clear()
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=width < 600,
        )
        self.set_dark(dark)
        self.call("Page.navigate", url=path.resolve().as_uri())
        self.wait_for("document.documentElement?.dataset.ready === 'true'")

    def set_dark(self, dark: bool) -> None:
        """Ask for the dark or the light colours."""
        feature = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[feature])

    def evaluate(self, expression: str) -> Any:
        """Return the value of a JavaScript expression; promises are awaited."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait_for(self, condition: str, timeout_s: float = 60.0) -> None:
        """Wait until a JavaScript condition holds."""
        deadline = time.monotonic() + timeout_s
        while not self.evaluate(condition):
            assert time.monotonic() < deadline, f"never true: {condition}; {self.problems()}"
            time.sleep(0.05)

    def problems(self) -> list[str]:
        """Return errors and warnings of the console, and exceptions."""
        found = []
        for event in self.events:
            parameters = event.get("params", {})
            if event.get("method") == "Runtime.exceptionThrown":
                found.append(json.dumps(parameters["exceptionDetails"])[:500])
            if event.get("method") == "Runtime.consoleAPICalled" and parameters["type"] in (
                "error",
                "warning",
            ):
                found.append(json.dumps(parameters["args"])[:500])
            if event.get("method") == "Log.entryAdded" and parameters["entry"]["level"] in (
                "error",
                "warning",
            ):
                found.append(parameters["entry"]["text"])
        return found

    def requests(self) -> list[str]:
        """Return the addresses asked for, the page itself and data within it left out."""
        urls = [
            e["params"]["request"]["url"]
            for e in self.events
            if e.get("method") == "Network.requestWillBeSent"
        ]
        return [url for url in urls if not url.startswith(("file:", "data:", "blob:"))]

    def screenshot(self, path: Path, *, selector: str | None = None, whole: bool = False) -> bytes:
        """Take a picture of the window, of one element, or of the whole page."""
        options: dict[str, Any] = {"format": "png", "captureBeyondViewport": whole or selector is not None}
        if selector:
            box = self.evaluate(
                f"(() => {{ const b = document.querySelector({json.dumps(selector)}).getBoundingClientRect();"
                " return {x: b.x + scrollX, y: b.y + scrollY, width: b.width, height: b.height,"
                " scale: 1}; })()"
            )
            options["clip"] = box
        elif whole:
            size = self.call("Page.getLayoutMetrics")["cssContentSize"]
            options["clip"] = {**size, "scale": 1}
        picture = base64.b64decode(self.call("Page.captureScreenshot", **options)["data"])
        path.write_bytes(picture)
        return picture

    def close(self) -> None:
        """End the browser."""
        try:
            self._session = None
            self.call("Browser.close")
        except (AssertionError, OSError):
            self._process.kill()
        self._process.wait(timeout=20)
        os.close(self._in)
        os.close(self._out)


def find_chromium() -> str:
    """Return the browser's path, or skip."""
    for name in NAMES:
        found = shutil.which(name)
        if found:
            return found
    pytest.skip("no Chromium here (apt-get install chromium): the report was not opened in a browser")


@pytest.fixture(scope="session")
def launch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Browser]]:
    """Start browsers; all are ended after the tests."""
    executable, started = find_chromium(), []

    def start(*, webgl: bool = True) -> Browser:
        profile = tmp_path_factory.mktemp("profile")
        browser = Browser(executable, profile, WEBGL if webgl else NO_WEBGL)
        started.append(browser)
        return browser

    yield start
    for browser in started:
        browser.close()


@pytest.fixture(scope="session")
def browser(launch: Callable[..., Browser]) -> Browser:
    """One Chromium with WebGL for all tests."""
    return launch()


STEP_PS = 0.1


def _shaken(crystal: Atoms, amplitude_A: float, random: np.random.Generator) -> Atoms:
    moved = crystal.copy()
    moved.positions += random.normal(scale=amplitude_A, size=moved.positions.shape)
    return moved


def make_run(
    directory: Path, *, seed: int = 1, title: str = "ZIF-4, a test", state: str = "done", n_frames: int = 41
) -> Path:
    """A run directory as the engine leaves it, its frames made here instead of by molecular dynamics.

    ZIF-4 shaken by 0.02 Å, with one Zn pulled off its nitrogens from the melt on, and one ring carbon of
    another linker pulled out of its ring in the last three frames.
    """
    crystal = load("ZIF-4")
    protocol = (
        Minimise(),
        hold("prepare", duration_ps=1.0, temperature_K=300.0),
        *ramp("melt", from_K=300.0, to_K=1500.0, rate_K_per_ps=1200.0),
        *ramp("quench", from_K=1500.0, to_K=300.0, rate_K_per_ps=1200.0),
        hold("equilibrate", duration_ps=1.0, temperature_K=300.0),
    )
    record = {"analysis": {"from_ps": 3.0, "temperature_K": 300.0}}
    settings = RunSettings(seed=seed)
    run = create_run(directory, crystal, "nb-zif-ff", protocol, settings=settings, title=title, record=record)
    random = np.random.default_rng(seed)
    zinc = int(np.flatnonzero(crystal.numbers == 30)[seed])
    carbon = int(np.flatnonzero(crystal.numbers == 6)[0])
    rows = []
    with H5MDWriter(run.path / "trajectory.h5", crystal.numbers) as writer:
        for index in range(n_frames):
            time_ps = index * STEP_PS
            atoms = _shaken(crystal, 0.02, random)
            if time_ps > 1.0:
                atoms.positions[zinc] += [1.3, 0.6, 0.2]
            if index > 37:
                atoms.positions[carbon] += [0.0, 0.0, 1.4]
            step = round(time_ps / 5e-4)
            writer.append(step, time_ps, atoms.positions, np.array(crystal.cell))
            target_K = float(np.interp(time_ps, [0, 1, 2, 3, 4], [300, 300, 1500, 300, 300]))
            energy_eV = -60.0 + 0.05 * (target_K - 300) + float(random.normal(scale=0.3))
            volume_A3 = float(crystal.get_volume())
            values = (step, time_ps, "stage", target_K + random.normal(scale=12), random.normal(scale=3e3))
            values += (energy_eV, 10.0, energy_eV + 10.0, volume_A3, 1.2457)
            values += (*crystal.cell.cellpar(), *np.zeros(len(STRESS_COLUMNS)))
            rows.append(dict(zip(THERMO_COLUMNS, values, strict=True)))
    pd.DataFrame(rows).to_csv(run.path / "thermo.csv", index=False)
    run.set_state(*state.split(": "))
    return run.path


@pytest.fixture(scope="session")
def run_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One finished run."""
    return make_run(tmp_path_factory.mktemp("runs") / "glass1")


@pytest.fixture(scope="session")
def runs(run_directory: Path) -> list[Path]:
    """Three glasses, the first of them `run_directory`."""
    others = [run_directory.parent / f"glass{seed}" for seed in (2, 3)]
    return [run_directory, *(make_run(path, seed=seed) for seed, path in enumerate(others, start=2))]


@pytest.fixture(scope="session")
def make() -> Callable[..., Path]:
    """`make_run` itself."""
    return make_run


@pytest.fixture(scope="session")
def page(run_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of one run."""
    destination = tmp_path_factory.mktemp("page") / "report.html"
    return write_report(run_directory, destination, compare=compare, pore_frames=2)


@pytest.fixture(scope="session")
def page_of_three(runs: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of three glasses."""
    destination = tmp_path_factory.mktemp("pages") / "report.html"
    return write_report(runs, destination, compare=compare, pore_frames=1)
