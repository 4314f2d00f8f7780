"""The suite that an application's migration steps pass: the laws of up, down and edits between.

::

    from pathlib import Path
    from prefcore_testing.migrations import MigrationSuite

    HERE = Path(__file__).parent

    class TestOurSteps(MigrationSuite):
        app = "org.example.editor"
        steps = HERE / "migrations"
        schemas = HERE / "schemas"
"""

from __future__ import annotations

from prefcore_testing.migrations.laws import LawChecks
from prefcore_testing.migrations.purity import PurityChecks

__all__ = ["MigrationSuite"]


class MigrationSuite(LawChecks, PurityChecks, kit=True):
    """Checks of an application's steps: subclass it, and name ``steps`` and ``schemas``.

    ``steps`` is a folder of step files, or steps; ``schemas`` a folder of snapshots (with ``app``
    where their files do not name the application), or documents by version. Values are drawn from
    the schemas; ``examples`` adds what real users hold, by version. Steps given in code are
    imported by other processes too: the suite then stands at the top of its module.
    """
