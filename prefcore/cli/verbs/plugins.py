"""``prefcore plugins``: which plugins there are, what one declares, whether it does as it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from prefcore.cli.completing import plugin_names
from prefcore.cli.frame import Command, LazyGroup
from prefcore.cli.output import escaped, print_json, print_table, say, warn
from prefcore.cli.session import Session
from prefcore.cli.warnings import drop_warnings, warnings_dropped
from prefcore.errors import PluginMissing, UsageError

if TYPE_CHECKING:
    from prefcore.plugins.checks import Finding
    from prefcore.plugins.manager import PluginEntry, Plugins

__all__ = ["check_command", "command", "list_command", "show_command"]

command = LazyGroup(
    name="plugins",
    package="prefcore.cli.verbs",
    table={
        "list": ("plugins:list_command", "List the plugins found, without importing them."),
        "show": ("plugins:show_command", "Load one plugin, and show what it declares."),
        "check": ("plugins:check_command", "Check that plugins load, and do as they should."),
        "new": ("plugins_new:command", "Write a new plugin package, with tests to pass."),
    },
    help="List, show, check and make plugins.",
)


@click.command("list", cls=Command)
@click.pass_obj
def list_command(session: Session) -> None:
    """List the plugins found, without importing them.

    Status is 'found', or why a plugin is not used: denied, clash.
    """
    index = session.plugins.index
    if session.json:
        print_json([_data(one) for one in index])
        return
    ordered = sorted(index, key=lambda one: (one.kind, one.id, one.distribution))
    print_table((one.name, escaped(one.origin), one.status) for one in ordered)
    for problem in session.plugins.problems:
        say(session, f"problem: {escaped(problem.message)}")
    if not session.plugins.formats.ids():
        say(
            session,
            "no format is installed, so nothing can be exported or imported; "
            "install one with: pip install prefcore-json",
        )


def _data(entry: PluginEntry) -> dict[str, object]:
    return {
        "kind": entry.kind,
        "id": entry.id,
        "distribution": entry.distribution,
        "version": entry.version,
        "status": entry.status,
        "reason": entry.reason,
    }


@click.command("show", cls=Command)
@click.argument("name", metavar="ID", shell_complete=plugin_names)
@click.pass_obj
def show_command(session: Session, name: str) -> None:
    """Load one plugin, by its id (json) or kind and id (formats.json), and show what it declares.

    A broken plugin exits with 18 and says what is wrong with it.
    """
    plugins = session.plugins
    kind, id = _found(plugins, name)
    with warnings_dropped():  # what is wrong with it is told once, by the error or below
        info = plugins.get(kind, id)
    for problem in plugins.problems:
        if (problem.kind, problem.id) == (kind, id):
            warn(problem.message)
    entry = next(one for one in plugins.index if (one.kind, one.id) == (kind, id) and one.is_usable)
    facts = _facts(info)
    if session.json:
        print_json({**_data(entry), "declares": facts})
        return
    click.echo(f"{entry.name}  {escaped(entry.origin)}  {entry.status}")
    rows = ((word, escaped(_words(value))) for word, value in facts.items() if value)
    print_table(rows, indent="  ")


@click.command("check", cls=Command)
@click.argument("name", metavar="[ID]", required=False, shell_complete=plugin_names)
@click.option(
    "--suite/--no-suite",
    default=None,
    help="Run the conformance suite too (default: for the one plugin that is named).",
)
@click.pass_obj
def check_command(session: Session, name: str | None, suite: bool | None) -> None:
    """Load the plugins found, or the one named, and say what is wrong with them.

    The conformance suite runs where prefcore[testing] is installed. Whatever fails exits with 1.
    """
    from prefcore.cli.plugin_suites import suite_finding
    from prefcore.plugins.checks import Finding, findings_on

    plugins = session.plugins
    drop_warnings()  # the findings say the same
    wanted = None if name is None else _found(plugins, name)
    rows: list[tuple[dict[str, object], list[Finding]]] = []
    for entry in plugins.index:
        if wanted not in (None, (entry.kind, entry.id)):
            continue
        findings = list(findings_on(plugins, entry))
        if (suite or (suite is None and wanted)) and findings[0].state == "ok":
            findings.append(suite_finding(session, entry))
        now = next(
            one for one in plugins.index if (one.name, one.value) == (entry.name, entry.value)
        )
        rows.append((_data(now), findings))
    if wanted is None:
        for problem in plugins.problems:
            if problem.stage == "metadata":
                data = {
                    "kind": problem.kind,
                    "id": problem.id,
                    "distribution": problem.distribution,
                }
                data |= {"version": problem.version, "status": "broken", "reason": problem.message}
                rows.append((dict(data), [Finding("metadata", "fail", problem.message)]))
    _print_checks(session, rows)
    if any(one.state == "fail" for _, findings in rows for one in findings):
        raise click.exceptions.Exit(1)


def _print_checks(session: Session, rows: list[tuple[dict[str, object], list[Finding]]]) -> None:
    if session.json:
        print_json(
            [
                {
                    **data,
                    "findings": [
                        {"check": one.check, "state": one.state, "message": one.message}
                        for one in findings
                    ],
                }
                for data, findings in rows
            ]
        )
        return
    for data, findings in rows:
        worst = next((s for s in ("fail", "warn") if any(one.state == s for one in findings)), "ok")
        plugin = f"{data['kind']}.{data['id']}" if data["id"] else "a plugin"
        origin = escaped(f"{data['distribution']} {data['version']}".strip())
        click.echo(f"{worst:4}  {plugin}  {origin}".rstrip())
        for one in findings:
            if one.state != "ok" or one.check == "suite":
                click.echo(f"      {one.check}: {escaped(one.message)}")


def _found(plugins: Plugins, name: str) -> tuple[str, str]:
    """Give kind and id of what a user names; raises PluginMissing, UsageError where two fit."""
    fitting = sorted({(one.kind, one.id) for one in plugins.index if name in (one.name, one.id)})
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        names = " or ".join(f"{kind}.{id}" for kind, id in fitting)
        raise UsageError(f"'{name}' may be {names}; say which")
    known = ", ".join(sorted(one.name for one in plugins.index))
    raise PluginMissing(f"there is no plugin '{name}'; found are {known}", id=name)


def _facts(info: object) -> dict[str, object]:
    """Give what a declaration says of itself, as portable data; what is code stays out."""
    facts: dict[str, object] = {}
    for word in ("summary", "app", "suffixes", "media_type", "capabilities"):
        value = getattr(info, word, None)
        if isinstance(value, (tuple, frozenset)):
            value = sorted(value) if isinstance(value, frozenset) else list(value)
        if value is not None:
            facts[word] = value
    return facts


def _words(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
