"""The command line: each verb in a module of its own, imported when it is called."""

from prefcore.cli.program import cli, main

__all__ = ["cli", "main"]
