"""``make test-pythons`` finds the interpreters that are here, the newest of each minor version."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import pythons


def _python(folder: Path, name: str, says: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\necho {says}\n")
    (folder / name).chmod(0o755)


def test_the_newest_of_each_minor_version_is_found(tmp_path: Path) -> None:
    for version in ("3.10.9", "3.12.1", "3.12.9", "3.13.0"):
        _python(tmp_path / ".pyenv/versions" / version / "bin", "python", f"{version} cpython")
    _python(tmp_path / "bin", "python3.12", "3.12.4 cpython")
    _python(tmp_path / "bin", "python3.14", "3.14.0 pypy")
    found = pythons.interpreters({"HOME": str(tmp_path), "PATH": f"{tmp_path}/bin"})
    assert {version: path.parent.parent.name for version, path in found.items()} == {
        "3.12.9": "3.12.9",
        "3.13.0": "3.13.0",
    }


def test_where_there_is_none_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit, match=r"no Python from 3\.11 on was found"):
        pythons.main([])
