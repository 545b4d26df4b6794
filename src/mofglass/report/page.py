"""From content to one self-contained HTML file: all inlined, nothing fetched, no data executed."""

from __future__ import annotations

import base64
import hashlib
import os
import tempfile
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2

from mofglass.report.packing import script_json

OWN_SCRIPTS = (
    "viewer_webgl.js",
    "viewer_canvas.js",
    "viewer_colour.js",
    "viewer.js",
    "slices.js",
    "figures.js",
    "start.js",
)
"""In the order in which they run."""


def plotly_script() -> str:
    """Return plotly.js as the installed ``plotly`` package holds it.

    Returns
    -------
    str
        JavaScript, safe inside a script element.
    """
    from plotly.offline import get_plotlyjs

    # The page's newlines are what the browser hashes.
    text = str(get_plotlyjs()).replace("\r\n", "\n").replace("\r", "\n")
    return text.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def render(
    content: Mapping[str, Any],
    *,
    figures: Mapping[str, Any],
    scenes: Sequence[Any] = (),
    template: str = "report.html",
) -> str:
    """Return the whole page.

    Parameters
    ----------
    content : mapping
        What the template names; text is escaped there.
    figures : mapping
        Figures by identifier, for ``figures.js``.
    scenes : sequence
        Scenes, for ``viewer.js``.
    template : str
        Page to fill; every page extends ``base.html``.

    Returns
    -------
    str
        HTML.
    """
    folder = files("mofglass.report") / "page"
    own = "\n".join((folder / name).read_text(encoding="utf-8") for name in OWN_SCRIPTS)
    scripts = [plotly_script(), own]
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("mofglass.report", "page"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(
        **content,
        style=(folder / "style.css").read_text(encoding="utf-8"),
        scripts=scripts,
        policy=content_policy(scripts),
        figures_json=script_json(figures),
        scenes_json=script_json(list(scenes)),
    )


def content_policy(scripts: list[str]) -> str:
    """Return the policy that lets only our own scripts run and nothing be fetched.

    Parameters
    ----------
    scripts : list of str
        Exact texts of the script elements.

    Returns
    -------
    str
        Content-Security-Policy.
    """
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in scripts]
    allowed = " ".join(f"'sha256-{value}'" for value in hashes)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; "
        "img-src data: blob:; form-action 'none'; base-uri 'none'"
    )


def write_whole(path: Path, text: str) -> None:
    """Write a file whole or not at all.

    Parameters
    ----------
    path : Path
        Destination.
    text : str
        Content.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
