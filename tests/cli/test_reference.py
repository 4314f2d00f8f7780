"""The reference says what there is: every verb, option, error and exit code."""

from __future__ import annotations

import inspect
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click

from prefcore import errors
from prefcore.cli import cli, failures
from prefcore.cli.frame import Command, CommandWithOthers
from prefcore.cli.session import Session

_REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
_CLI = (_REFERENCE / "cli.md").read_text()


def _commands(group: click.Group, path: str) -> Iterator[tuple[str, Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from _commands(command, f"{path} {name}")
            continue
        assert isinstance(command, Command)
        yield f"{path} {name}", command
        if isinstance(command, CommandWithOthers):
            for name_of_other in command.table:
                other = command.other(name_of_other)
                assert isinstance(other, Command)
                yield f"{path} {name} {name_of_other}", other


def test_every_verb_has_a_heading_and_every_option_a_row() -> None:
    rows = " ".join(line.split("|")[1] for line in _CLI.splitlines() if line.startswith("|"))
    for path, command in _commands(cli, "prefcore"):
        assert re.search(rf"^### .*`{path}[ `]", _CLI, re.MULTILINE), path
        for option in command.get_params(click.Context(command)):
            if isinstance(option, click.Option):
                for name in option.opts:
                    assert re.search(rf"`{name}[ `]", rows), f"{path} {name}"


def test_usage_puts_what_may_be_left_out_into_brackets() -> None:
    for path, command in _commands(cli, "prefcore"):
        context = click.Context(command, info_name=path)
        for argument in command.params:
            if isinstance(argument, click.Argument):
                shown = argument.make_metavar(context)
                assert shown.startswith("[") != argument.required, f"{path} {shown}"


def test_files_are_judged_by_what_reads_them_and_not_by_click() -> None:
    for path, command in _commands(cli, "prefcore"):
        for one in command.get_params(click.Context(command)):
            if isinstance(one.type, click.Path):
                assert not one.type.readable, f"{path} {one.name} would exit with 2, not 4"


def test_no_heading_tells_of_a_verb_that_is_not_there() -> None:
    there = {path for path, _ in _commands(cli, "prefcore")}
    there |= {path.rpartition(" ")[0] for path in there}
    for heading in re.findall(r"^### `(prefcore [a-z ]+[a-z])", _CLI, re.MULTILINE):
        assert any(heading == path or heading.startswith(f"{path} ") for path in there), heading


def test_every_error_class_stands_in_the_table_with_its_code() -> None:
    table = (_REFERENCE / "errors.md").read_text()
    for name in errors.__all__:
        code = getattr(errors, name).exit_code
        assert re.search(rf"^\| [↳ ]*`{name}` \| {code} \|", table, re.MULTILINE), name
    classes = inspect.getmembers(errors, inspect.isclass)
    assert sorted(name for name, one in classes if one.__module__ == errors.__name__) == sorted(
        errors.__all__
    )


def test_every_exit_code_has_a_row() -> None:
    table = (_REFERENCE / "exit-codes.md").read_text()
    codes = {getattr(errors, name).exit_code for name in errors.__all__}
    for code in codes | {0, failures.BUG, failures.INTERRUPTED, failures.READER_GONE}:
        assert f"\n| {code} |" in table, code


def test_examples_of_a_command_are_lines_that_it_takes() -> None:
    commands = dict(_commands(cli, "prefcore"))
    given = [(path, line) for path, one in commands.items() for line in one.examples]
    assert {path for path, _ in given} >= {"prefcore set", "prefcore import", "prefcore export"}
    for path, line in given:
        words = shlex.split(line.partition("| ")[2] or line)
        count = len(path.split())
        assert words[:count] == path.split(), line
        commands[path].make_context(path, words[count:], obj=Session({}))
