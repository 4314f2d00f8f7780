"""The program ``prefcore``: its verbs, and the way from a command line to an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import click

from prefcore.cli.failures import close_quietly, exit_code_of
from prefcore.cli.frame import LazyGroup
from prefcore.cli.session import Session
from prefcore.errors import PluginError

__all__ = ["VERBS", "cli", "main"]

#: What completion scripts set; the name is the one that click makes of ``prefcore``.
COMPLETE_VARIABLE = "_PREFCORE_COMPLETE"

#: Verb to its module in ``prefcore.cli.verbs`` and its line in the list of commands.
VERBS = {
    "init": ("init", "Write prefcore.toml and make the store."),
    "get": ("get", "Print the value that holds for a key."),
    "set": ("set", "Set preferences of one user, project, the system or a template."),
    "unset": ("unset", "Take preferences out of a set, so that others hold again."),
    "edit": ("edit", "Edit the values of one set in your editor."),
    "list": ("list", "List the values that hold."),
    "explain": ("explain", "Show every layer of a key, and which one wins."),
    "describe": ("describe", "Show what a key may hold, and what it is for."),
    "validate": ("validate", "Check every stored value against the schema in force."),
    "diff": ("diff", "Show what leads from one set, file, state or store to another."),
    "history": ("history", "Tell what was changed, when and by whom."),
    "undo": ("undo", "Take a change back."),
    "export": ("export", "Write preferences to a file."),
    "convert": ("convert", "Write a file again in another format."),
    "import": ("import_", "Take preferences in from a file."),
    "schema": ("schema", "List, show, register and convert schema versions."),
    "keys": ("keys", "Keep the keys that secrets are encrypted with."),
    "audit": ("audit", "Verify, sign and read the log of all that was done."),
    "migrate": ("migrate", "Bring stored values to another schema version, and back."),
    "backup": ("backup", "Back the whole store up, look at backups, and restore."),
    "template": ("template", "Named sets of values: make them, and give them to others."),
    "trust": ("trust", "Allow the code of a folder of others to run, or no more."),
    "access": ("access", "See who may do what, and why something is refused."),
    "plugins": ("plugins", "List, show, check and make plugins."),
    "doctor": ("doctor", "Look for what is wrong, and say what to do."),
    "completion": ("completion", "Print the completion script of a shell."),
}


class Program(LazyGroup):
    """The root of the commands; whatever goes wrong below ends here, as one sentence."""

    def main(  # type: ignore[override]  # it never returns, in any mode
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        **extra: Any,
    ) -> NoReturn:
        """Run a command line (by default that of the process) and exit with its code."""
        words = list(sys.argv[1:] if args is None else args)
        session = Session(os.environ)
        instruction = os.environ.get(COMPLETE_VARIABLE)
        if instruction:
            sys.exit(self._complete(session, instruction))
        try:
            code = self._run(words, session)
            sys.stdout.flush()
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  # told in one sentence
            session.debug = session.debug or "--debug" in words
            code = exit_code_of(error, session)
        sys.exit(close_quietly(code))

    def _run(self, words: list[str], session: Session) -> int:
        for number, word in enumerate(words, 1):
            if not word.isascii() and not _is_text(word):
                raise click.UsageError(f"argument {number} is not valid UTF-8: {word!r}")
        color = False if os.environ.get("NO_COLOR") else None
        try:
            with self.make_context("prefcore", words, obj=session, color=color) as context:
                result = self.invoke(context)
        except click.exceptions.Exit as end:
            return end.exit_code
        except SystemExit as end:  # a stranger's: prefcore ends here alone
            raise PluginError(
                f"code that was called ended the program ({_ended_in(end)}: SystemExit: {end}); "
                "what was asked for was not done to its end"
            ) from end
        return result if isinstance(result, int) else 0

    def _complete(self, session: Session, instruction: str) -> int:
        from prefcore.cli.shells import completer

        session.no_input = True  # somebody is typing something else
        found = completer(instruction.removesuffix("_complete"), self, COMPLETE_VARIABLE, session)
        try:
            click.echo("" if found is None else found.complete())
        except Exception:  # noqa: BLE001  # a shell that asks while someone types wants no words
            return 1
        return 0


def _ended_in(end: BaseException) -> str:
    """Give the module that raised an exception."""
    last = end.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    return "" if last is None else str(last.tb_frame.f_globals.get("__name__", "?"))


def _is_text(word: str) -> bool:
    try:
        word.encode()
    except UnicodeEncodeError:
        return False
    return True


cli = Program(
    name="prefcore",
    package="prefcore.cli.verbs",
    table=VERBS,
    help="Keep an application's preferences safe: set, explain, move, migrate, undo.",
    epilog="What and where is configured in prefcore.toml, found upward from the working folder.",
)


def main() -> NoReturn:
    """Run the command line of this process."""
    _open_standard_streams()
    cli.main()


def _open_standard_streams() -> None:
    """Put /dev/null where a standard stream is closed, as by >&-: no file must get its number.

    It is opened the wrong way round: who reads what is closed, or writes data there, must be told
    instead of taking it for an empty text, or for written. What is only told may get lost.
    """
    streams = (
        (0, "stdin", "r", os.O_WRONLY),
        (1, "stdout", "w", os.O_RDONLY),
        (2, "stderr", "w", os.O_WRONLY),
    )
    for number, name, mode, flags in streams:
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, flags)
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115  # a descriptor, for good
