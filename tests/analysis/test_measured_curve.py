"""Files of measured curves, and R factors whose values are known beforehand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mofglass.analysis.measured_curve import MeasuredCurve, agreement, read_measured
from mofglass.errors import InputError

ROWS = "\n".join(f"{0.1 * k:.2f} {k} 0.5" for k in range(1, 11))


def test_two_columns_under_any_header(tmp_path: Path) -> None:
    file = tmp_path / "curve.txt"
    file.write_text(f"Q  F(Q) of a glass\n# 2 4\n! remark\n\n{ROWS}\n")
    curve = read_measured(file, "sq")
    assert (curve.function, curve.label, len(curve.x)) == ("sq", "S(Q)", 10)
    np.testing.assert_allclose(curve.x, 0.1 * np.arange(1, 11))
    np.testing.assert_allclose(curve.y, np.arange(1, 11))


def test_commas_and_fortran_numbers(tmp_path: Path) -> None:
    file = tmp_path / "curve.csv"
    file.write_text("\n".join(f"0.{k}E+01,-0.{k}00E-01" for k in range(1, 9)))
    np.testing.assert_allclose(read_measured(file, "gr").y, -0.01 * np.arange(1, 9))


@pytest.mark.parametrize(
    ("name", "function"),
    [("a.dofr", "dr"), ("a.int01", "fq"), ("a.mdor01", "dr"), ("a.gr", "fq"), ("a.txt", "fq")],
)
def test_only_gudrun_suffixes_tell_the_function(tmp_path: Path, name: str, function: str) -> None:
    file = tmp_path / name
    file.write_text(ROWS)
    assert read_measured(file).function == function
    assert read_measured(file, "pdf").function == "pdf"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (ROWS + "\n1.2 x", "line 11"),
        (ROWS + "\n1.2", "line 11"),
        (ROWS + "\n1.2 nan", "line 11, holds a number that is not finite"),
        (ROWS + "\n0.5 3", "must rise, and does not after 1"),
        ("# nothing\n", "holds 0 lines"),
        ("__import__('os').system('true') 1\n", "holds 0 lines"),
    ],
)
def test_bad_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "bad.txt"
    file.write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        read_measured(file, "fq")
    assert str(file) in str(caught.value)


def test_unreadable_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        read_measured(tmp_path / "absent.txt")
    (tmp_path / "binary").write_bytes(bytes(range(128, 256)))
    with pytest.raises(InputError, match="is not text"):
        read_measured(tmp_path / "binary")
    (tmp_path / "ok").write_text(ROWS)
    with pytest.raises(InputError, match="no scattering function"):
        read_measured(tmp_path / "ok", "xx")  # type: ignore[arg-type]


def test_r_factor_of_known_disagreements() -> None:
    x = np.linspace(0.5, 20, 400)
    y = np.sin(x) / x
    measured = MeasuredCurve("file", "fq", x, y)
    assert agreement(measured, x, y).r_factor == pytest.approx(0)
    nothing = agreement(measured, x, np.zeros(400))
    assert (nothing.r_factor, nothing.r_factor_scaled, nothing.scale) == (1.0, 1.0, 0.0)
    half = agreement(measured, x, y / 2)
    assert half.r_factor == pytest.approx(0.5)
    assert half.scale == pytest.approx(2.0)
    assert half.r_factor_scaled == pytest.approx(0, abs=1e-7)
    tenth = agreement(measured, x, 1.1 * y, replicates=[1.1 * y, 1.2 * y, 1.0 * y])
    assert tenth.r_factor == pytest.approx(0.1)
    # R of the replicates is 0.1, 0.2, 0.0: jackknife error sqrt(2/3 · 0.02).
    assert tenth.r_factor_error == pytest.approx(np.sqrt(2 / 3 * 0.02))


def test_compared_range_is_kept_to() -> None:
    x = np.arange(1.0, 11.0)
    measured = MeasuredCurve("file", "fq", x, np.where(x > 5, 1.0, 9.0))
    found = agreement(measured, x, np.ones(10), compared_range=(6, 10))
    assert found.r_factor == 0
    assert (found.measured.x[0], found.measured.x[-1]) == (6, 10)
    with pytest.raises(InputError, match="has 3 points"):
        agreement(measured, x, np.ones(10), compared_range=(8, 20))
    with pytest.raises(InputError, match="zero throughout"):
        agreement(MeasuredCurve("file", "fq", x, np.zeros(10)), x, np.ones(10))
