"""The steps of the first-upgrade example pass the suite that the kit offers to applications."""

from __future__ import annotations

import json
from pathlib import Path
from typing import ClassVar

from prefcore_testing.migrations import MigrationSuite

_HERE = Path(__file__).parents[2] / "docs/examples/first-upgrade"


class TestFirstUpgrade(MigrationSuite):
    app = "golang.go"
    steps = _HERE / "migrations"
    schemas = _HERE / "schemas"
    examples: ClassVar = {
        "0.20.2": [json.loads((_HERE / "users/2020-remote-kind.json").read_text("utf-8"))]
    }
