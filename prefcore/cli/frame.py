"""The frame of every command: global options on both sides of the verb, and lazy loading."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from prefcore.cli.session import Session

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

__all__ = ["PATH", "Command", "CommandWithOthers", "LazyGroup"]


#: Verbs have arguments named version or plan: click keeps both kinds in one table of names.
_PREFIX = "global_"


class _Path(click.Path):
    """A path that is not empty, as a variable of a script may be that nobody set."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> str | bytes | os.PathLike[str]:
        # Of a global option that is given nothing, all are told alike, below.
        if value == "" and not str(param and param.name).startswith(_PREFIX):
            self.fail("it is empty; name a file, or leave it out", param, ctx)
        return super().convert(value, param, ctx)


#: A path as it is given: whether it can be read is told by who reads it, with the code for that.
PATH = _Path(readable=False)


def _keep(context: click.Context, option: click.Parameter, value: object) -> None:
    """Note a global option in the session; what stands after the verb wins."""
    name = str(option.name).removeprefix(_PREFIX)
    if value == "" and not context.resilient_parsing:
        raise click.UsageError(f"--{name} is given nothing; name one, or leave it out", context)
    if value:
        setattr(context.ensure_object(Session), name, value)


def _tell_version(context: click.Context, option: click.Parameter, value: object) -> None:
    if value and not context.resilient_parsing:
        from prefcore import __version__

        click.echo(f"prefcore {__version__}")
        context.exit()


def _option(*names: str, **more: Any) -> click.Option:
    name = _PREFIX + names[-1].lstrip("-").replace("-", "_")
    return click.Option([*names, name], expose_value=False, callback=_keep, **more)


_GLOBAL = [
    _option("--config", metavar="FILE", help="Use this prefcore.toml.", type=PATH),
    _option(
        "--store",
        metavar="URL",
        help="Use this store: sqlite:PATH, or a path.",
        type=PATH,
    ),
    _option("--app", metavar="NAME", help="Work for this application."),
    _option("--read-only", is_flag=True, help="Open the store for reading only."),
    _option("--actor", metavar="ID", help="Who acts, for the history."),
    _option("--json", is_flag=True, help="Print data as JSON."),
    _option("--no-input", is_flag=True, help="Never ask; fail where an answer is needed."),
    _option("-q", "--quiet", is_flag=True, help="Say nothing of what went well."),
    _option("-v", "--verbose", is_flag=True, help="Say what is used, and shorten nothing."),
    _option("--debug", is_flag=True, help="Show where in the program an error arose."),
    click.Option(
        ["--version", f"{_PREFIX}version"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_tell_version,
        help="Print the version of prefcore.",
    ),
]


class _Framed(click.Command):
    """What commands and groups have in common: the global options, told of apart, and examples.

    ``examples`` are command lines, each with what it is for.
    """

    def __init__(self, *args: Any, examples: Mapping[str, str] = {}, **more: Any) -> None:
        super().__init__(*args, **more)
        self.examples = examples

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        return [*super().get_params(ctx), *_GLOBAL]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        own = [one for one in self.get_params(ctx) if one not in _GLOBAL]
        _write_options("Options", own, ctx, formatter)
        if self.examples:
            with formatter.section("Examples"):
                for line, words in self.examples.items():
                    formatter.write(f"  {line}\n      {words}\n")
        _write_options("Global options", _GLOBAL, ctx, formatter)


def _write_options(
    title: str,
    options: Sequence[click.Parameter],
    ctx: click.Context,
    formatter: click.HelpFormatter,
) -> None:
    records = (one.get_help_record(ctx) for one in options if not isinstance(one, click.Argument))
    told = [record for record in records if record is not None]
    if told:
        with formatter.section(title):
            formatter.write_dl(told)


class Command(_Framed):
    """A verb."""


class CommandWithOthers(Command):
    """A verb that has commands of its own besides what it does itself, imported when called.

    ``table`` is as that of ``LazyGroup``. What follows ``--`` is never one of them.
    """

    def __init__(
        self, *args: Any, package: str, table: Mapping[str, tuple[str, str]], **more: Any
    ) -> None:
        super().__init__(*args, **more)
        self._package = package
        #: Each command by its name, with its module and line of help.
        self.table = table

    def other(self, name: str) -> click.Command:
        """Give one of the commands."""
        return _imported(self._package, self.table[name][0])

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Give the context of what is meant: click invokes the command that it is of."""
        at = self._place_of_other(args)
        if at is None:
            return super().make_context(info_name, args, parent, **extra)
        name, rest = args[at], [*args[:at], *args[at + 1 :]]
        return self.other(name).make_context(f"{info_name} {name}", rest, parent, **extra)

    def _place_of_other(self, args: list[str]) -> int | None:
        """Give where a command's name stands: only global options may stand before it."""
        values = {name for one in _GLOBAL if not one.is_flag for name in one.opts}
        at = 0
        while at < len(args) and args[at].startswith("-") and args[at] != "--":
            at += 2 if args[at] in values else 1
        return at if at < len(args) and args[at] in self.table else None

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self.table.items()])
        super().format_options(ctx, formatter)


def _imported(package: str, place: str) -> click.Command:
    module, _, attribute = place.partition(":")
    found = getattr(import_module(f"{package}.{module}"), attribute or "command")
    assert isinstance(found, click.Command)  # the table is ours
    return found


class LazyGroup(_Framed, click.Group):
    """A group whose commands are imported when they are called, not to be listed.

    ``table`` has, by name, each command's module in ``package`` and its line of help. Without a
    command it shows its help.
    """

    def __init__(self, *, package: str, table: Mapping[str, tuple[str, str]], **more: Any) -> None:
        super().__init__(invoke_without_command=True, callback=_help_without_command, **more)
        self._package = package
        self._table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._table:
            return None
        return _imported(self._package, self._table[cmd_name][0])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in self._table and not ctx.resilient_parsing:
            from difflib import get_close_matches

            near = get_close_matches(name, self._table, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"known are {', '.join(self._table)}"
            raise click.UsageError(f"there is no command '{name}'; {hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Take the lines from the table: a list must not import what it lists."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self._table.items()])

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        self.format_commands(ctx, formatter)
        _Framed.format_options(self, ctx, formatter)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        found = [
            CompletionItem(name, help=line)
            for name, (_, line) in self._table.items()
            if name.startswith(incomplete)
        ]
        return found + click.Command.shell_complete(self, ctx, incomplete)


@click.pass_context
def _help_without_command(context: click.Context) -> None:
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
