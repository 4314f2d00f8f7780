"""What there is to say of a plugin: the stage at which it breaks, and what people cannot use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from prefcore_testing.distributions import write_distribution

_CODE = """
from prefcore.plugins.checks import findings_on
from prefcore.plugins.manager import Plugins
import logging
logging.getLogger("prefcore").setLevel(logging.ERROR)
plugins = Plugins.from_environment(environ={}, deny=["denied"])
for entry in plugins.index:
    if entry.distribution.startswith("acme"):
        for one in findings_on(plugins, entry):
            print(entry.id, one.check, one.state, one.message)
"""
_GOOD = """
from prefcore.hookspecs import hookimpl
from prefcore.interfaces import MergeStrategyInfo

@hookimpl
def prefcore_merge_strategies():
    return [MergeStrategyInfo(id={id!r}, summary={summary!r}, resolve=lambda sides: sides.ours)]
"""


def _told(
    folder: Path, source: str, id: str = "toy", more: str = "Requires-Dist: prefcore>=0.1"
) -> list[str]:
    info = write_distribution(
        folder,
        "acme-toy",
        entry_points={"prefcore.merge_strategies": {id: "acme_toy"}},
        modules={"acme_toy": source},
    )
    with (info / "METADATA").open("a") as file:
        file.write(f"{more}\n")
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(folder)!r})\n{_CODE}"],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def test_nothing_is_wrong_with_a_good_one(tmp_path: Path) -> None:
    source = _GOOD.format(id="toy", summary="a toy")
    assert _told(tmp_path, source) == ["toy load ok imported, and its hook called"]


@pytest.mark.parametrize(
    ("source", "id", "told"),
    [
        pytest.param("1 / 0", "toy", "toy import fail plugin", id="import"),
        pytest.param(
            _GOOD.replace("prefcore_merge_strategies", "prefcore_merge_strategy").format(
                id="toy", summary="a toy"
            ),
            "toy",
            "toy signature fail plugin",
            id="misspelt hook",
        ),
        pytest.param(
            "prefcore_hook_api = '>=9'" + _GOOD.format(id="toy", summary="x"),
            "toy",
            "toy hook-api fail plugin",
            id="hook API",
        ),
        pytest.param(
            _GOOD.format(id="toy", summary="x").replace("[Merge", "Merge").replace(")]", ")"),
            "toy",
            "toy declaration fail plugin",
            id="declaration",
        ),
        pytest.param(
            _GOOD.format(id="Toy Box", summary="x"),
            "Toy Box",
            "Toy Box words fail people cannot type the id",
            id="id",
        ),
        pytest.param(
            _GOOD.format(id="toy", summary=" "),
            "toy",
            "toy words fail its summary is not one line",
            id="no summary",
        ),
        pytest.param(
            _GOOD.format(id="toy", summary="x" * 101),
            "toy",
            "toy words warn its summary has 101 characters",
            id="long summary",
        ),
        pytest.param(
            _GOOD.format(id="toy", summary="x") + "\n@hookimpl\ndef prefcore_store(): return []\n",
            "toy",
            "toy signature warn there is no hook prefcore_store; did you mean prefcore_stores?",
            id="another misspelt hook",
        ),
        pytest.param(
            _GOOD.format(id="denied", summary="x"), "denied", "denied policy warn", id="denied"
        ),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, source: str, id: str, told: str) -> None:
    assert [line for line in _told(tmp_path, source, id) if line.startswith(told)]


def test_a_distribution_that_does_not_require_prefcore_is_told(tmp_path: Path) -> None:
    source = _GOOD.format(id="toy", summary="a toy")
    (line,) = _told(tmp_path, source, more="Requires-Dist: attrs")[1:]
    assert line.startswith("toy requirements warn its distribution does not require prefcore")
