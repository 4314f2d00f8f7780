"""The files of a new backup target."""

from __future__ import annotations

__all__ = ["FILES"]

FILES = {
    "<PACKAGE>/__init__.py": '''
"""The plugin <DISTRIBUTION>: declares the backup target <NAME>; what it does is in _target.py."""

from prefcore.hookspecs import hookimpl
from prefcore.interfaces import Target, TargetInfo

#: The versions of the hooks that this plugin is written for.
prefcore_hook_api = ">=1,<2"


@hookimpl
def prefcore_backup_targets() -> list[TargetInfo]:
    return [
        TargetInfo(
            id="<NAME>",
            summary="where <NAME>: keeps backups, in a line",
            factory=_factory,
            # A URL at which `prefcore plugins check <NAME>` may work; {folder} is an empty folder.
            trial="<NAME>:{folder}",
        )
    ]


def _factory(url: str) -> Target:
    # Imported late: a plugin is imported to be listed too, and that has to be quick.
    from <PACKAGE>._target import <CLASS>Target

    return <CLASS>Target(url)
''',
    "<PACKAGE>/_target.py": '''
"""The backup target <NAME>: puts objects somewhere, whole or not at all, and gives them back."""

from collections.abc import Iterator
from typing import BinaryIO

from prefcore.interfaces import StoredObject


class <CLASS>Target:
    """Objects at a URL (``prefcore.interfaces.Target``, docs/reference/targets.md)."""

    def __init__(self, url: str) -> None:
        self.url = url

    def put(self, name: str, source: BinaryIO) -> StoredObject:
        raise NotImplementedError("store an object whole or not at all, and say how it lies there")

    def get(self, name: str) -> BinaryIO:
        raise NotImplementedError("open an object; raise prefcore.errors.NotFound")

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        raise NotImplementedError("give the objects whose names begin so, sorted by name")

    def delete(self, name: str) -> None:
        raise NotImplementedError("remove an object; what is not there is no error")

    def close(self) -> None:
        """Give up connections and files."""
''',
    "tests/test_<MODULE>_target.py": '''
"""The backup target <NAME> passes the suite that all targets pass."""

from collections.abc import Mapping
from pathlib import Path

from <PACKAGE> import prefcore_backup_targets
from prefcore.interfaces import Target
from prefcore_testing.targets import TargetSuite

(INFO,) = prefcore_backup_targets()


class Test<CLASS>(TargetSuite):
    persistent = True

    def make(self, tmp_path: Path) -> Target:
        return INFO.factory(f"<NAME>:{tmp_path.as_posix()}")

    def raw(self, target: Target) -> Mapping[str, bytes]:
        raise NotImplementedError("give the bytes of all that lies there, by other means")

    def reopen(self, target: Target) -> Target:
        target.close()
        return INFO.factory(target.url)
''',
}
