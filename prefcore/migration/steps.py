"""Step files: Python files that each define one step, read from a folder.

A step file runs as code, so it is read only when a verb needs it and only from a folder that the
caller trusts. The file's name is free; the step says between which versions it stands::

    from prefcore.migration import Step, map_values

    step = Step("0.23.3", "0.24.0", map_values("go.formatTool", {"goreturns": "goimports"}))
"""

from __future__ import annotations

import runpy
from collections.abc import Iterable, Sequence
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import attrs

from prefcore.errors import InvalidStep, NotFound, PluginError, PrefcoreError
from prefcore.migration.operations import Operation
from prefcore.migration.rows import Rows
from prefcore.schema.versions import Version
from prefcore.values import canonical_text

__all__ = ["Step", "in_order", "read_steps"]


@attrs.frozen(init=False)
class Step:
    """What leads from one version to a later one: operations in order, and why they are needed.

    ``origin`` is the file it came from. Raises InvalidStep when the versions do not ascend or
    something that is no operation is given.
    """

    from_version: str
    to_version: str
    operations: tuple[Operation, ...]
    summary: str = ""
    origin: str = attrs.field(default="", eq=False)

    def __init__(
        self,
        from_version: str,
        to_version: str,
        *operations: Operation,
        summary: str = "",
        origin: str = "",
    ) -> None:
        if not Version.parse(from_version) < Version.parse(to_version):
            raise InvalidStep(
                f"a step leads upwards, {from_version} → {to_version} does not; "
                "the way down is derived from it"
            )
        for operation in operations:
            if not isinstance(operation, Operation):
                raise InvalidStep(
                    f"step {from_version} → {to_version}: {operation!r} is no operation; "
                    "use rename(), remove(), add(), map_values(), convert() or python()"
                )
        self.__attrs_init__(from_version, to_version, operations, summary, origin)

    @property
    def id(self) -> str:
        """What messages call the step."""
        return f"{self.from_version} → {self.to_version}"

    @property
    def checksum(self) -> str:
        """SHA-256 over the canonical operations: the same step has the same one everywhere."""
        return self._digest([operation.as_document() for operation in self.operations])

    @property
    def outline(self) -> str:
        """SHA-256 as ``checksum``, functions by their names alone: source tells little."""
        return self._digest([_outlined(operation.as_document()) for operation in self.operations])

    def _digest(self, operations: list[dict[str, object]]) -> str:
        content = [self.from_version, self.to_version, operations]
        return "sha256:" + sha256(canonical_text(content).encode()).hexdigest()

    def up(self, rows: Rows) -> None:
        """Take one set from the older version to the newer."""
        for operation in self.operations:
            operation.up(rows)

    def down(self, rows: Rows) -> None:
        """Take values that were written at the newer version to the older."""
        for operation in reversed(self.operations):
            operation.down(rows)

    def with_origin(self, origin: str) -> Step:
        """Give the same step, said to come from ``origin``."""
        return Step(
            self.from_version,
            self.to_version,
            *self.operations,
            summary=self.summary,
            origin=origin,
        )


def _outlined(operation: dict[str, object]) -> dict[str, object]:
    """Give an operation's document with its functions by their names alone."""
    return {
        name: part.get("name") if name in ("up", "down") and isinstance(part, dict) else part
        for name, part in operation.items()
    }


def read_steps(folder: Path) -> tuple[Step, ...]:
    """Give the steps of a folder's files (``*.py``, not those that begin with ``_``), in order.

    Runs the files. Raises NotFound when there is no such folder, PluginError when a file cannot
    be run, InvalidStep when it defines no step.
    """
    if not folder.is_dir():
        raise NotFound(f"there is no folder of migration steps at {folder}", path=str(folder))
    files = (
        file
        for file in sorted(folder.glob("*.py"))
        if not file.name.startswith("_") and file.is_file()
    )
    return in_order(map(_read_step, files))


def in_order(steps: Iterable[Step]) -> tuple[Step, ...]:
    """Give steps sorted by version; raises InvalidStep when two stand between the same two."""
    ordered = sorted(
        steps, key=lambda step: (Version.parse(step.from_version), Version.parse(step.to_version))
    )
    _refuse_twins(ordered)
    return tuple(ordered)


def _refuse_twins(steps: Sequence[Step]) -> None:
    for one, other in pairwise(steps):
        if one.id == other.id:
            origins = " and ".join(step.origin or "a step in code" for step in (one, other))
            raise InvalidStep(f"two steps lead {one.id}: {origins}; keep one of them")


def _read_step(file: Path) -> Step:
    try:
        names = runpy.run_path(str(file), run_name=f"prefcore_migration_{file.stem}")
    except PrefcoreError as error:
        error.message = f"{file}: {error.message}"
        error.args = (error.message,)
        raise
    except (Exception, SystemExit, GeneratorExit) as error:  # a stranger's file may raise anything
        raise PluginError(
            f"the step file {file} cannot be run: {_told(error, file)}", path=str(file)
        ) from error
    step = names.get("step")
    if not isinstance(step, Step):
        raise InvalidStep(
            f"{file} defines no step; write: step = Step('1.0.0', '1.1.0', …)", path=str(file)
        )
    return step.with_origin(str(file))


def _told(error: BaseException, file: Path) -> str:
    """Say what a step file raised, and on which of its lines."""
    line = getattr(error, "lineno", None) if isinstance(error, SyntaxError) else None
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(file):
            line = trace.tb_lineno
        trace = trace.tb_next
    where = f"line {line}: " if line else ""
    return f"{where}{type(error).__name__}: {error}"
