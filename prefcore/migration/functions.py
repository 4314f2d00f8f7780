"""Functions of a step: an application's own code, called with values and known by its source.

Such a function is pure: what it gives follows from what it is given alone. It reads no clock,
settings, files or network, keeps nothing between calls, and gives the same in every process; a
rollback may call it again, and the conformance suite runs it under other clocks, locales and hash
seeds (``prefcore_testing.migrations``).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from textwrap import dedent
from typing import Any

import attrs

from prefcore.errors import InvalidStep, PrefcoreError, StepFailed

__all__ = ["Function"]

_NO_SOURCE = "its source is not known, so a change of it is not noticed; write it with def"


@attrs.frozen
class Function:
    """A step's function: its name and its source, which two loads of one file have in common.

    ``source`` has line ends and indentation normalised; it is None for a lambda, whose source
    cannot be told from that around it, and for what is not written in Python.
    """

    name: str
    source: str | None
    call: Callable[[Any], object] = attrs.field(eq=False, repr=False)

    @classmethod
    def of(cls, call: Callable[[Any], object], *, said: str) -> Function:
        """Give what describes a function; raises InvalidStep, beginning with ``said``."""
        if not callable(call):
            raise InvalidStep(f"{said}: {call!r} is no function")
        name = str(getattr(call, "__name__", type(call).__name__))
        return cls(name, None if name == "<lambda>" else _source(call), call)

    def __call__(self, argument: object) -> object:
        """Call it; raises StepFailed, naming it, when it raises what is no error of prefcore."""
        try:
            return self.call(argument)
        except PrefcoreError:
            raise
        except Exception as error:  # an application's function may raise anything
            said = f"{self} raised {type(error).__name__}"
            raise StepFailed(f"{said}: {error}", function=self.name, said=said) from error

    def __str__(self) -> str:
        return "a lambda" if self.name == "<lambda>" else f"{self.name}()"

    def as_document(self) -> dict[str, object]:
        """Give what the step's checksum says of it."""
        if self.source is None:
            return {"name": self.name, "note": _NO_SOURCE}
        return {"name": self.name, "source": self.source}


def _source(call: Callable[[Any], object]) -> str | None:
    try:
        source = inspect.getsource(call)
    except (OSError, TypeError):
        return None
    lines = source.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return dedent("\n".join(line.rstrip() for line in lines)).strip("\n") + "\n"
