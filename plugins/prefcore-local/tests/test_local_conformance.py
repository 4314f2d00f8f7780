"""The local target passes the suite of all targets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from prefcore_local import prefcore_backup_targets

from prefcore.interfaces import Target
from prefcore_testing.targets import TargetSuite

(INFO,) = prefcore_backup_targets()


class TestLocalTarget(TargetSuite):
    persistent = True

    def make(self, tmp_path: Path) -> Target:
        return INFO.factory(f"file://{tmp_path.as_posix()}/a%20target")

    def raw(self, target: Target) -> Mapping[str, bytes]:
        root = Path(vars(target)["path"])
        files = (path for path in root.rglob("*") if not path.is_dir())
        return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}

    def reopen(self, target: Target) -> Target:
        target.close()
        return INFO.factory(vars(target)["url"])
