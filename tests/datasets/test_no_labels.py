"""A path that holds no labelled frames is answered by the one to give, or by how to label it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from ase.build import bulk

from mofglass.datasets import open_dataset
from mofglass.errors import InputError

CP2K = Path(__file__).parent / "data" / "cp2k"


def answer(path: Path) -> str:
    with pytest.raises(InputError) as refused:
        open_dataset(path)
    return str(refused.value)


def test_a_folder_of_cp2k(tmp_path: Path) -> None:
    assert answer(CP2K).endswith(f"is a folder of CP2K: give {CP2K / 'znim2-pos-1.xyz'}")
    for name in ("a-pos-1.xyz", "a-pos-1.xyz.bak-1", "b-pos-1.xyz.gz"):
        (tmp_path / name).touch()
    assert answer(tmp_path).endswith(f"give {tmp_path / 'a-pos-1.xyz'} (or another of 2)")


@pytest.mark.parametrize("name", ["znim2.out", "znim2-1.ener", "znim2-1.cell", "znim2.inp"])
def test_other_files_of_cp2k(name: str, tmp_path: Path) -> None:
    shutil.copy(CP2K / name, tmp_path)
    assert "no PROJECT-pos-1.xyz lies beside it" in answer(tmp_path / name)
    (tmp_path / "another-pos-1.xyz").touch()
    (tmp_path / "znim2-pos-1.xyz").touch()
    wanted = f"is a file of CP2K: give {tmp_path / 'znim2-pos-1.xyz'}, which lies beside it"
    assert answer(tmp_path / name).endswith(wanted)


def test_a_folder_of_vasp(tmp_path: Path) -> None:
    (tmp_path / "OUTCAR").touch()
    (tmp_path / "vasprun.xml").touch()
    assert answer(tmp_path).endswith(f"is a folder of VASP: give {tmp_path / 'OUTCAR'}")


def test_a_folder_of_labels(tmp_path: Path) -> None:
    (tmp_path / "labelled.extxyz").touch()
    assert answer(tmp_path).endswith(f"give {tmp_path / 'labelled.extxyz'}")


def test_runs_structures_and_trajectories_are_to_be_labelled(tmp_path: Path) -> None:
    for name in ("zif.cif", "POSCAR"):
        bulk("Cu").write(tmp_path / name)
        assert answer(tmp_path / name).endswith(
            "holds no labels: label its frames with  mofglass dataset label"
        )
    (tmp_path / "md.dump").write_text("ITEM: TIMESTEP\n0\n")
    assert "mofglass dataset label" in answer(tmp_path / "md.dump")
    (tmp_path / "run.yaml").touch()
    assert "is a run of mofglass and holds no labels" in answer(tmp_path)


def test_what_is_not_known(tmp_path: Path) -> None:
    assert "holds no DeePMD system" in answer(tmp_path)
    (tmp_path / "notes.txt").write_text("what I did with CP2K today\n")
    assert "of no format that mofglass reads" in answer(tmp_path / "notes.txt")
