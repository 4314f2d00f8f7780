"""What is told on the canary's way: command lines with their output, and all that is shown."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from tests.cli.shell import Ran

__all__ = ["Heard", "Run", "Told"]

#: A command line that was run, and what it gave.
Told = tuple[Ran, tuple[str, ...]]
#: Runs a command line, as ``Shell.run`` does.
Run = Callable[..., Told]


@attrs.frozen
class Heard:
    """Something that was said or shown, and by what."""

    by: str
    text: str
