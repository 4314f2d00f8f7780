"""The plugin prefcore-local: declares the target ``file://``; the rest is in private modules."""

from __future__ import annotations

from prefcore.hookspecs import hookimpl
from prefcore.interfaces import Target, TargetInfo

__all__ = ["prefcore_backup_targets"]


@hookimpl
def prefcore_backup_targets() -> list[TargetInfo]:
    """Declare the target ``file``."""
    return [
        TargetInfo(
            id="file",
            summary="a folder: each object written beside the others, verified, then renamed",
            factory=_factory,
            trial="file://{folder}/backups",
        )
    ]


def _factory(url: str) -> Target:
    # Late, because plugins are imported to be listed, and the rest is only needed for work.
    from prefcore_local._target import LocalTarget

    return LocalTarget(url)
