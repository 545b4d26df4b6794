"""A headless Chromium for the report's tests, driven over a pipe by its own DevTools protocol.

The protocol is JSON messages ended by a zero byte on file descriptors 3 and 4, so that neither a driver
program nor a package is needed beside the browser itself.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

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
        line = f"exec {shlex.join(command)} 3<&{their_in} 4>&{their_out} >/dev/null 2>&1"
        self._process = subprocess.Popen(["sh", "-c", line], pass_fds=(their_in, their_out))
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
