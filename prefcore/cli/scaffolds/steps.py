"""The files of an application's new package of migration steps."""

from __future__ import annotations

__all__ = ["FILES"]

_SCHEMA = """
{"prefcore_schema": 1, "app": "<NAME>", "version": "%s", "preferences": {
  "%s": {"shape": {"type": "integer", "minimum": 6, "maximum": 72}, "default": 12}
}}
"""

FILES = {
    "<PACKAGE>/__init__.py": '''
"""The plugin <DISTRIBUTION>: declares the migration steps of the application <NAME>."""

from collections.abc import Sequence

from prefcore.hookspecs import hookimpl
from prefcore.interfaces import MigrationsInfo
from prefcore.migration import Step

#: The versions of the hooks that this plugin is written for.
prefcore_hook_api = ">=1,<2"


@hookimpl
def prefcore_migrations() -> list[MigrationsInfo]:
    return [MigrationsInfo(app="<NAME>", summary="the steps of <NAME>", steps=_steps)]


def _steps() -> Sequence[Step]:
    # Imported late: a plugin is imported to be listed too, and that has to be quick.
    from <PACKAGE>._steps import steps

    return steps()
''',
    "<PACKAGE>/_steps.py": '''
"""What leads the values of <NAME> from one schema version to the next, and back."""

from prefcore.migration import Step


def steps() -> list[Step]:
    raise NotImplementedError(
        'give the steps, such as Step("1.0.0", "1.1.0", rename("size", "font_size"))'
    )
''',
    # An example of two versions, for the application's own snapshots to take its place.
    "tests/schemas/1.0.0.json": _SCHEMA % ("1.0.0", "size"),
    "tests/schemas/1.1.0.json": _SCHEMA % ("1.1.0", "font_size"),
    "tests/test_<MODULE>_steps.py": '''
"""The steps of <NAME> keep the laws of up and down, between the snapshots in the folder schemas."""

from pathlib import Path

from <PACKAGE> import prefcore_migrations
from prefcore_testing.migrations import MigrationSuite

(INFO,) = prefcore_migrations()


class Test<CLASS>(MigrationSuite):
    app = INFO.app
    steps = INFO.steps()
    schemas = Path(__file__).parent / "schemas"
''',
}
