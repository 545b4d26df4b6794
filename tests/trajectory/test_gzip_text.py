"""Random access in gzip files, beside the standard library's reader."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from mofglass.trajectory import gzip_text
from mofglass.trajectory.gzip_text import GzipText
from mofglass.trajectory.text_source import TextSource


def numbers(n_bytes: int) -> bytes:
    digits = np.random.default_rng(7).integers(0, 10, n_bytes).astype(np.uint8) + 48
    digits[::60] = 10
    return digits.tobytes()


@pytest.fixture(params=[1, 3])
def packed(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, bytes]:
    """A file of one or of several members."""
    text = numbers(700_000)
    parts = np.array_split(np.frombuffer(text, np.uint8), request.param)
    path = tmp_path / "text.gz"
    path.write_bytes(b"".join(gzip.compress(part.tobytes()) for part in parts) + bytes(600))
    return path, text


def test_any_place_in_any_order(packed: tuple[Path, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gzip_text, "_INPUT", 4096)
    monkeypatch.setattr(gzip_text, "_FIRST_SPACING", 10_000)
    path, text = packed
    source = TextSource(path)
    assert b"".join(source.blocks(9999)) == text
    assert not source.cut_short
    for offset in np.random.default_rng(8).integers(0, len(text) + 100, 300):
        assert source.read(int(offset), 700) == text[offset : offset + 700]
    assert source.read(0, len(text) + 5) == text
    source.close()
    assert source.read(500_000, 9) == text[500_000:500_009]


def test_going_back_does_not_begin_again(packed: tuple[Path, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes decompressed to read 100 places backwards: as many as lie between kept places, not the file."""
    monkeypatch.setattr(gzip_text, "_INPUT", 4096)
    monkeypatch.setattr(gzip_text, "_FIRST_SPACING", 10_000)
    monkeypatch.setattr(gzip_text, "_MOST_PLACES", 20)
    path, text = packed
    file = GzipText(path)
    while file.read1(2**16):
        pass
    assert 10 <= len(file._places) <= 20
    n_read = 0
    decompress = GzipText._decompress

    def counted(self: GzipText) -> bool:
        nonlocal n_read
        done = decompress(self)
        n_read += len(self._pending)
        return done

    monkeypatch.setattr(GzipText, "_decompress", counted)
    for offset in range(650_000, 0, -6_500):
        file.seek(offset)
        assert file.read(10) == text[offset : offset + 10]
    assert n_read < 100 * 100_000  # from the beginning each time it would be 33 million


@pytest.mark.parametrize("keep", [30, 5_000, 200_000])
def test_cut_short(tmp_path: Path, keep: int) -> None:
    text = numbers(700_000)
    (tmp_path / "cut.gz").write_bytes(gzip.compress(text)[:keep])
    source = TextSource(tmp_path / "cut.gz")
    got = b"".join(source.blocks())
    assert source.cut_short
    assert text.startswith(got)
    assert len(got) > 2 * (keep - 3000)
