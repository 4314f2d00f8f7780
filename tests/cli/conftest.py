from __future__ import annotations

import logging
from collections.abc import Iterator
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


@pytest.fixture(autouse=True)
def _warnings_are_given_back() -> Iterator[None]:
    """A program that runs command lines in its own process hears the library's warnings again."""
    logger = logging.getLogger("prefcore")
    before = list(logger.handlers), logger.propagate, logger.level
    yield
    assert (list(logger.handlers), logger.propagate, logger.level) == before
