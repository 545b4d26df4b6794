"""The report in headless Chromium with the network off."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mofglass.literature import compare
from mofglass.report import write_report

pytestmark = pytest.mark.browser

GLASS = ".viewer:last-of-type canvas"


def pixels(png: bytes) -> np.ndarray:
    """Decode an 8-bit RGB or RGBA PNG to an array (height, width, 3)."""
    width, height, _, colour = struct.unpack(">IIBB", png[16:26])
    channels = {2: 3, 6: 4}[colour]
    data, at = b"", 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        if png[at + 4 : at + 8] == b"IDAT":
            data += png[at + 8 : at + 8 + length]
        at += 12 + length
    rows = np.frombuffer(zlib.decompress(data), np.uint8).reshape(height, 1 + width * channels)
    picture = np.zeros((height, width * channels), np.uint8)
    for y in range(height):
        picture[y] = _unfiltered(rows[y, 0], rows[y, 1:], picture[y - 1] if y else picture[0] * 0, channels)
    return picture.reshape(height, width, channels)[:, :, :3].astype(int)


def _unfiltered(kind: int, row: np.ndarray, above: np.ndarray, step: int) -> np.ndarray:
    """Undo a PNG row filter (PNG specification, section 9)."""
    if kind == 0:
        return row
    if kind == 2:
        return row + above
    out, up = row.tolist(), above.tolist()
    for x in range(len(out)):
        a, b = (out[x - step] if x >= step else 0), up[x]
        c = up[x - step] if x >= step else 0
        if kind == 1:
            add = a
        elif kind == 3:
            add = (a + b) // 2
        else:
            p = a + b - c
            add = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
        out[x] = (out[x] + add) % 256
    return np.array(out, np.uint8)


def share(picture: np.ndarray, where: Callable[[Any, Any, Any], Any]) -> float:
    """Share of the pixels whose red, green and blue meet a condition."""
    return float(np.mean(where(picture[..., 0], picture[..., 1], picture[..., 2])))


def teal(r: Any, g: Any, b: Any) -> Any:
    """Four-coordinate Zn."""
    return (g > r + 40) & (b > r + 25)


def pink(r: Any, g: Any, b: Any) -> Any:
    """Broken linkers."""
    return (r > g + 80) & (b > g + 40)


def canvas(browser: Any, tmp_path: Path, selector: str = GLASS) -> np.ndarray:
    browser.evaluate(f"document.querySelector('{selector}').scrollIntoView({{block: 'center'}})")
    browser.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return pixels(browser.screenshot(tmp_path / "canvas.png", selector=selector))


def check_that_zn_and_the_broken_linker_stand_out(browser: Any, tmp_path: Path) -> None:
    """With the other linkers hidden, 15 teal Zn and one pink linker within its ring are left."""
    assert share(canvas(browser, tmp_path), pink) > 0.005
    browser.evaluate("document.querySelector('.viewer:last-of-type [data-part=linkers]').click()")
    picture = canvas(browser, tmp_path)
    assert share(picture, teal) > 0.015
    y, x = np.nonzero(pink(picture[..., 0], picture[..., 1], picture[..., 2]))
    width, height = np.ptp(x), np.ptp(y)
    assert abs(width - height) < 0.1 * width
    inside = picture[
        y.min() + height // 4 : y.max() - height // 4, x.min() + width // 4 : x.max() - width // 4
    ]
    assert 0.03 < share(inside, pink) < 0.7


def set_frame(browser: Any, frame: int) -> None:
    browser.evaluate(
        "(() => { const slider = document.querySelector('.viewer:last-of-type [data-part=frame]');"
        f" slider.value = {frame}; slider.dispatchEvent(new Event('input')); }})()"
    )


@pytest.fixture(params=["page", "page_of_three"])
def any_page(request: pytest.FixtureRequest) -> Path:
    path: Path = request.getfixturevalue(request.param)
    return path


def test_it_opens_without_errors_and_asks_for_nothing(browser: Any, any_page: Path) -> None:
    browser.open(any_page)
    assert browser.problems() == []
    assert browser.requests() == []


def test_every_figure_has_drawn(browser: Any, any_page: Path) -> None:
    browser.open(any_page)
    figures = browser.evaluate(
        "Array.from(document.querySelectorAll('[data-figure]:not(.slices)'), (plot) =>"
        " ({name: plot.dataset.figure,"
        " lines: Array.from(plot.querySelectorAll('.scatterlayer path.js-line, .point path'),"
        "   (path) => path.getAttribute('d').length).filter((length) => length > 10).length,"
        " titles: Array.from(plot.querySelectorAll('.xtitle, .ytitle, .y2title'), (t) => t.textContent),"
        " height: plot.clientHeight}))"
    )
    assert len(figures) >= 10
    for figure in figures:
        assert figure["lines"] > 0, figure
        assert len(figure["titles"]) >= 2, figure
        assert all(figure["titles"]), figure


def test_the_viewers_show_atoms_zn_by_coordination_and_broken_linkers(
    browser: Any, page: Path, tmp_path: Path
) -> None:
    browser.open(page)
    assert browser.evaluate("document.querySelector('.viewer').dataset.drawn") == "WebGL"
    crystal = canvas(browser, tmp_path, ".viewer:first-of-type canvas")
    background = crystal[2, 2]
    assert np.mean(np.abs(crystal - background).sum(axis=2) > 40) > 0.1
    assert share(crystal, teal) > 0.01
    assert share(crystal, pink) == 0.0
    check_that_zn_and_the_broken_linker_stand_out(browser, tmp_path)
    text = "document.querySelector('.viewer:last-of-type [data-part={}]').textContent"
    assert browser.evaluate(text.format("count-broken")) == "1"
    assert int(browser.evaluate(text.format("count-2"))) == 15
    set_frame(browser, 0)
    assert share(canvas(browser, tmp_path), pink) == 0.0
    assert browser.evaluate(text.format("count-broken")) == "0"
    assert "prepare" in browser.evaluate(text.format("caption"))


def test_without_webgl_the_canvas_shows_the_same(
    launch: Callable[..., Any], page: Path, tmp_path: Path
) -> None:
    browser = launch(webgl=False)
    browser.open(page)
    assert browser.problems() == []
    assert browser.evaluate("document.querySelector('.viewer').dataset.drawn") == "canvas"
    check_that_zn_and_the_broken_linker_stand_out(browser, tmp_path)


def test_keyboard_mouse_and_boxes_change_what_is_shown(browser: Any, page: Path, tmp_path: Path) -> None:
    browser.open(page)
    shown = [canvas(browser, tmp_path)]
    browser.evaluate(f"document.querySelector('{GLASS}').focus()")
    for key in ("ArrowRight", "+", "["):
        for kind in ("keyDown", "keyUp"):
            browser.call("Input.dispatchKeyEvent", type=kind, key=key)
        shown.append(canvas(browser, tmp_path))
    box = browser.evaluate(f"document.querySelector('{GLASS}').getBoundingClientRect().toJSON()")
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    for kind, dx in (("mousePressed", 0), ("mouseMoved", 80), ("mouseReleased", 80)):
        browser.call(
            "Input.dispatchMouseEvent", type=kind, x=x + dx, y=y, button="left", buttons=1, clickCount=1
        )
    shown.append(canvas(browser, tmp_path))
    before = shown[-1]
    browser.evaluate("document.querySelector('.viewer:last-of-type [data-part=linkers]').click()")
    shown.append(canvas(browser, tmp_path))
    for one, other in pairwise(shown):
        assert np.abs(one - other).max() > 30
    greys = [
        share(p, lambda r, g, b: (abs(r - g) < 25) & (abs(g - b) < 25) & (r < 190))
        for p in (before, shown[-1])
    ]
    assert greys[1] < 0.5 * greys[0]


def test_linkers_are_coloured_by_exchanges_when_asked(browser: Any, page: Path, tmp_path: Path) -> None:
    browser.open(page)
    before = canvas(browser, tmp_path)
    colour = "document.querySelector('.viewer:last-of-type [data-part=colour]')"
    legends = (
        "Array.from(document.querySelectorAll('.viewer:last-of-type [data-mode]'),"
        " (e) => e.checkVisibility() ? e.dataset.mode : '').filter(Boolean)"
    )
    assert browser.evaluate(legends) == ["coordination"]
    browser.evaluate(f"{colour}.value = 'exchanges', {colour}.dispatchEvent(new Event('change'))")
    after = canvas(browser, tmp_path)
    assert browser.evaluate(legends) == ["exchanges"]

    def blue(r: Any, g: Any, b: Any) -> Any:
        return (b > r + 60) & (b > g + 20)

    # Nothing was exchanged in the test's run: all linkers are blue.
    assert share(after, blue) > share(before, blue) + 0.03
    browser.evaluate(f"{colour}.value = 'lability', {colour}.dispatchEvent(new Event('change'))")
    assert browser.evaluate(legends) == ["lability"]
    part = "document.querySelector(`.viewer [data-part=lability-${k}]`)"
    counts = f"[0, 1, 2].map((k) => Number({part}.textContent))"
    assert sum(browser.evaluate(counts)) == 32
    assert browser.problems() == []


def test_the_slices_are_drawn_with_a_scale_in_density(browser: Any, page: Path) -> None:
    browser.open(page)
    maps = "document.querySelectorAll('[data-figure=slices-1] .heatmaplayer image').length"
    assert browser.evaluate(maps) == 3
    title = "document.querySelector('[data-figure=slices-1] .colorbar text.cbcoloraxistitle, "
    title += "[data-figure=slices-1] [class*=cbcoloraxis][class*=title]').textContent"
    assert browser.evaluate(title) == "density (g/cm³)"


def test_crystal_and_glass_turn_together(browser: Any, page: Path, tmp_path: Path) -> None:
    browser.open(page)
    first = ".viewer:first-of-type canvas"
    before = canvas(browser, tmp_path, first)
    browser.evaluate(f"document.querySelector('{GLASS}').focus()")
    browser.call("Input.dispatchKeyEvent", type="keyDown", key="ArrowLeft")
    assert np.abs(canvas(browser, tmp_path, first) - before).max() > 30


def test_the_play_button_steps_through_the_frames(browser: Any, page: Path) -> None:
    browser.open(page)
    set_frame(browser, 0)
    browser.evaluate("document.querySelector('.viewer:last-of-type [data-part=play]').click()")
    browser.wait_for("Number(document.querySelector('.viewer:last-of-type').dataset.frame) > 3", timeout_s=20)
    browser.evaluate("document.querySelector('.viewer:last-of-type [data-part=play]').click()")


def test_other_samples_can_be_chosen(browser: Any, page_of_three: Path) -> None:
    browser.open(page_of_three)
    select = "document.querySelector('.viewer:last-of-type [data-part=scene]')"
    assert browser.evaluate(f"{select}.options.length") == 3
    browser.evaluate(f"{select}.value = '2', {select}.dispatchEvent(new Event('change'))")
    assert "glass3" in browser.evaluate(f"document.querySelector('{GLASS}').getAttribute('aria-label')")


def test_csv_links_hold_the_numbers_drawn(browser: Any, page: Path) -> None:
    browser.open(page)
    texts = browser.evaluate(
        "Array.from(document.querySelectorAll('a[download]'), (a) => atob(a.href.split(',')[1]))"
    )
    assert len(texts) >= 7
    for text in texts:
        header, *rows = text.strip().split("\n")
        assert "," in header
        assert rows
        assert all(row.count(",") >= header.count(",") for row in rows)


def contrast(one: np.ndarray, other: np.ndarray) -> float:
    """Contrast ratio of two colours (WCAG 2.2)."""

    def luminance(colour: np.ndarray) -> float:
        c = np.asarray(colour) / 255
        linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def rgb(text: str) -> np.ndarray:
    return np.array([float(part) for part in text[text.index("(") + 1 : -1].split(",")[:3]])


@pytest.mark.parametrize("dark", [False, True])
def test_text_is_legible_in_both_themes(browser: Any, page: Path, dark: bool) -> None:
    browser.open(page, dark=dark)
    colours = browser.evaluate(
        "(() => { const of = (s, p) => getComputedStyle(document.querySelector(s))[p];"
        " return {page: of('body', 'backgroundColor'), ink: of('body', 'color'), soft: of('.note', 'color'),"
        " link: of('a.download', 'color'), card: of('.card', 'backgroundColor'),"
        " plot: of('[data-figure] .bg', 'fill'), axis: of('[data-figure] .xtitle', 'fill')}; })()"
    )
    page_colour, card = rgb(colours["page"]), rgb(colours["card"])
    assert (page_colour.mean() < 60) == dark
    assert contrast(rgb(colours["ink"]), page_colour) > 7
    assert contrast(rgb(colours["soft"]), page_colour) > 4.5
    assert contrast(rgb(colours["link"]), card) > 4.5
    assert contrast(rgb(colours["axis"]), card) > 7


def test_figures_follow_a_change_of_theme(browser: Any, page: Path) -> None:
    browser.open(page, dark=False)
    axis = "getComputedStyle(document.querySelector('[data-figure] .xtitle')).fill"
    light = browser.evaluate(axis)
    browser.set_dark(True)
    browser.wait_for(f"{axis} !== '{light}'")
    assert contrast(rgb(browser.evaluate(axis)), rgb(light)) > 7


@pytest.mark.parametrize("width", [390, 768])
def test_nothing_is_wider_than_the_screen(browser: Any, page_of_three: Path, width: int) -> None:
    browser.open(page_of_three, width=width)
    assert browser.evaluate("document.documentElement.scrollWidth") == width
    narrow = browser.evaluate(
        "Array.from(document.querySelectorAll('[data-figure], .viewer canvas'),"
        " (element) => element.getBoundingClientRect().right)"
    )
    assert max(narrow) <= width


def test_it_prints(browser: Any, page: Path) -> None:
    browser.open(page, dark=True)
    browser.call("Page.printToPDF", printBackground=True)
    assert browser.problems() == []


def test_text_from_data_is_not_executed(browser: Any, make: Callable[..., Path], tmp_path: Path) -> None:
    run = make(tmp_path / "<img src=x onerror=hacked()>", title="</script><script>window.hacked = 1</script>")
    browser.open(write_report(run, tmp_path / "r.html", compare=compare))
    assert browser.problems() == []
    assert browser.evaluate("window.hacked === undefined && document.querySelectorAll('img').length === 0")
    assert "</script>" in browser.evaluate("document.querySelector('h1').textContent")
