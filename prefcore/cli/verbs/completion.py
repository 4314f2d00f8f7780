"""``prefcore completion``: the script that makes a shell complete prefcore's words."""

from __future__ import annotations

import click

from prefcore.cli.frame import Command
from prefcore.cli.program import COMPLETE_VARIABLE, cli
from prefcore.cli.session import Session
from prefcore.cli.shells import SHELLS, completer
from prefcore.errors import UsageError

__all__ = ["command"]


@click.command("completion", cls=Command)
@click.argument("shell", metavar="SHELL", type=click.Choice(list(SHELLS)))
@click.pass_obj
def command(session: Session, shell: str) -> None:
    """Print the completion script of a shell: bash, zsh or fish.

    For bash, put this line into ~/.bashrc: eval "$(prefcore completion bash)". For zsh, the same
    with zsh into ~/.zshrc. For fish: prefcore completion fish >
    ~/.config/fish/completions/prefcore.fish
    """
    if session.json:
        raise UsageError("completion prints a script; leave out --json")
    found = completer(shell, cli, COMPLETE_VARIABLE)
    assert found is not None  # one of SHELLS
    click.echo(found.source())
