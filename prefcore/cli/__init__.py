"""The command line; each verb is in a module of its own, imported when it is called."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from prefcore.cli.program import Program

__all__ = ["cli", "main"]


def main() -> NoReturn:
    """Run the command line of this process."""
    try:
        # Late: so that who interrupts it while it starts sees no traceback either.
        from prefcore.cli import program

        program.main()
    except KeyboardInterrupt:
        import sys

        sys.stderr.write("prefcore: interrupted\n")
        sys.exit(130)


def __getattr__(name: str) -> Program:
    if name == "cli":
        from prefcore.cli.program import cli

        return cli
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
