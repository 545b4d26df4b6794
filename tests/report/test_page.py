"""The page: self-contained, escaped, complete."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mofglass.errors import InputError
from mofglass.literature import compare
from mofglass.report import write_report
from mofglass.report.page import content_policy, write_whole
from mofglass.structures import load


class Elements(HTMLParser):
    """Collects start tags and the text outside scripts and styles."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.scripts: list[str] = []
        self._inside = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag if tag in ("script", "style") else ""
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts[-1] += data
        elif not self._inside:
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))


@pytest.fixture(scope="module")
def elements(page: Path) -> Elements:
    return Elements(page.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def elements_of_three(page_of_three: Path) -> Elements:
    return Elements(page_of_three.read_text(encoding="utf-8"))


def tables(elements: Elements, name: str) -> pd.DataFrame:
    (link,) = [attrs["href"] for tag, attrs in elements.tags if tag == "a" and attrs.get("download") == name]
    assert link is not None
    return pd.read_csv(io.BytesIO(base64.b64decode(link.partition(",")[2])))


def test_nothing_is_loaded_from_elsewhere(elements: Elements) -> None:
    for tag, attrs in elements.tags:
        assert not attrs.get("src"), (tag, attrs)
        if tag == "link":
            assert attrs["href"] == "data:,"
        if tag == "a":
            assert re.match(r"#|data:text/csv|https://doi\.org/", attrs["href"] or "")


def test_the_policy_lets_only_the_pages_own_scripts_run(elements: Elements) -> None:
    (policy,) = [a["content"] for tag, a in elements.tags if tag == "meta" and a.get("http-equiv")]
    kinds = [attrs.get("type") for tag, attrs in elements.tags if tag == "script"]
    code = [text for text, kind in zip(elements.scripts, kinds, strict=True) if kind is None]
    assert len(code) == 2
    assert policy == content_policy(code)
    assert "default-src 'none'" in (policy or "")


def test_it_says_what_was_simulated_and_with_what(elements: Elements) -> None:
    for words in (
        "ZIF-4, a test",
        "C₉₆H₉₆N₆₄Zn₁₆",
        "nb-zif-ff",
        "equilibrate",
        "11 frames from 3 to 4 ps",
        "done",
    ):
        assert words in elements.text, words
    for words in ("versions: lammps", "machine: processor", "sha256: deck.lmp", "seed"):
        assert words in elements.text, words


def test_every_analysis_has_its_numbers_as_csv(elements: Elements) -> None:
    names = {attrs["download"] for tag, attrs in elements.tags if tag == "a" and "download" in attrs}
    assert {"rdf.csv", "pmf.csv", "bond_angle.csv", "coordination.csv", "linkers.csv", "msd.csv"} <= names
    rdf = tables(elements, "rdf.csv")
    assert set(rdf["sample"]) == {"glass", "crystal"}
    assert {"r_A", "g_Zn-N"} <= set(rdf.columns)
    thermo = tables(elements, "thermo.csv")
    assert len(thermo) == 41
    np.testing.assert_allclose(thermo["time_ps"].iloc[[0, -1]], [0.0, 4.0])


def test_the_crystal_stands_beside_the_glass(elements: Elements) -> None:
    coordination = tables(elements, "coordination.csv")
    crystal = coordination[coordination["sample"] == "crystal"]
    glass = coordination[coordination["sample"] == "glass"]
    column = next(c for c in coordination.columns if "coordination" in c)
    assert (crystal[column] == 4.0).all()
    assert (glass[column] < 4.0).all()
    assert "crystal 4.000" in elements.text


def test_published_values_stand_beside_ours(elements: Elements) -> None:
    assert "Castel 2024, Table S5" in elements.text
    assert "imposed: the simulation kept the crystal's volume" in elements.text
    assert any(
        a.get("href") == "https://doi.org/10.1039/d3dd00236e" for tag, a in elements.tags if tag == "a"
    )


def test_of_several_runs_mean_spread_and_each_are_shown(elements_of_three: Elements) -> None:
    for words in ("mean of 3", "spread", "glass1", "glass2", "glass3", "3 samples"):
        assert words in elements_of_three.text, words
    rdf = tables(elements_of_three, "rdf.csv")
    assert set(rdf["sample"]) == {"glass1", "glass2", "glass3", "crystal"}
    assert set(tables(elements_of_three, "thermo.csv")["sample"]) == {"glass1", "glass2", "glass3"}


def test_a_run_stopped_in_its_melt_is_not_called_a_glass(make: Callable[..., Path], tmp_path: Path) -> None:
    path = make(tmp_path / "glass1", state="stopped: walltime", n_frames=19)
    html = write_report([path], tmp_path / "report.html", compare=compare, pore_frames=0).read_text()
    text = Elements(html).text
    assert "the stage it is in, 'melt', and not its product: its last frame is at 1.8 ps of 4." in text
    assert "9 frames from 1 to 1.8 ps analysed." in text
    assert "by a protocol that goes up to 1500 K, with" in text
    assert "The run so far is drawn solid" in text
    assert "A run that has not come to its end is not compared with published values" in text


def test_text_from_data_is_escaped(make: Callable[..., Path], tmp_path: Path) -> None:
    hostile = "</title><script>window.hacked = 1</script><img src=x onerror=alert(1)>"
    run = make(tmp_path / "run", title=hostile, state="failed: <b>guard</b>")
    page = Elements(write_report(run, tmp_path / "r.html", compare=compare).read_text(encoding="utf-8"))
    assert not any(tag in ("img", "b") for tag, _ in page.tags)
    assert hostile in " ".join(page.words)
    assert "not finished (failed: <b>guard</b>)" in page.text
    assert sum("hacked" in text for text in page.scripts) == 0


def test_a_structure_and_its_crystal_make_a_report(tmp_path: Path) -> None:
    crystal = load("ZIF-4")
    glass = crystal.copy()
    glass.rattle(0.05, seed=3)
    glass.write(tmp_path / "glass.extxyz")
    crystal.write(tmp_path / "crystal.extxyz")
    path = write_report(
        tmp_path / "glass.extxyz", tmp_path / "r.html", crystal=tmp_path / "crystal.extxyz", compare=compare
    )
    page = Elements(path.read_text(encoding="utf-8"))
    assert "What was analysed" in page.text
    assert "crystal from crystal.extxyz" in page.text
    assert "Left out for glass.extxyz: msd" in page.text
    assert "Over time" not in page.text


def test_other_compositions_are_not_put_beside_zif4(tmp_path: Path) -> None:
    load("ZIF-8").write(tmp_path / "zif8.extxyz")
    path = write_report(tmp_path / "zif8.extxyz", tmp_path / "r.html", compare=compare)
    assert "not every sample here has that composition" in Elements(path.read_text(encoding="utf-8")).text


def test_a_user_s_own_analyses_are_shown(tmp_path: Path) -> None:
    from mofglass.analysis.density import Density

    load("ZIF-4").write(tmp_path / "zif4.extxyz")

    def analyse(frames, temperature_K):  # type: ignore[no-untyped-def]
        return {"density": Density().compute(frames).result}, {}

    path = write_report(tmp_path / "zif4.extxyz", tmp_path / "r.html", analyse=analyse)
    page = Elements(path.read_text(encoding="utf-8"))
    downloads = [attrs["download"] for tag, attrs in page.tags if "download" in attrs]
    assert downloads == ["density.csv"]
    assert "1.246" in page.text


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report.html"
    path.write_text("old")

    def refuse(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("os.replace", refuse)
    with pytest.raises(OSError, match="disk full"):
        write_whole(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_directory_is_no_destination(run_directory: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a directory"):
        write_report(run_directory, tmp_path)
