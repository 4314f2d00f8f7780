from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.shell import Shell, acme


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A folder configured for the small application, at its only version."""
    return acme(tmp_path / "work")


@pytest.fixture
def bare(tmp_path: Path) -> Shell:
    """A folder where nothing is configured."""
    (tmp_path / "bare").mkdir()
    return Shell(tmp_path / "bare")
