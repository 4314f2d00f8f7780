"""``prefcore completion``: the script that makes a shell complete prefcore's words."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from prefcore.cli.frame import Command
from prefcore.cli.program import COMPLETE_VARIABLE, cli
from prefcore.cli.session import Session
from prefcore.errors import UsageError

__all__ = ["command"]


@click.command("completion", cls=Command)
@click.argument("shell", metavar="SHELL", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_obj
def command(session: Session, shell: str) -> None:
    """Print the completion script of a shell: bash, zsh or fish.

    For bash, put this line into ~/.bashrc: eval "$(prefcore completion bash)". For zsh, the same
    with zsh into ~/.zshrc. For fish: prefcore completion fish >
    ~/.config/fish/completions/prefcore.fish
    """
    if session.json:
        raise UsageError("completion prints a script; leave out --json")
    found = get_completion_class(shell)
    assert found is not None  # click knows all three
    # Not source(): it starts a bash to ask for its version, and complains of any trouble.
    script = found(cli, {}, "prefcore", COMPLETE_VARIABLE)
    click.echo(script.source_template % script.source_vars())
