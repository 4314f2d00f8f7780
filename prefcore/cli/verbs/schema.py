"""``prefcore schema``: the schema versions of the application."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from prefcore.cli.completing import versions
from prefcore.cli.frame import PATH, Command, LazyGroup
from prefcore.cli.masking import Masks
from prefcore.cli.options import acting
from prefcore.cli.output import (
    MASK,
    amount,
    escaped,
    print_json,
    print_table,
    say,
    shown,
    warn,
    width,
)
from prefcore.cli.plans import carry_out, tell_done
from prefcore.cli.session import Session
from prefcore.cli.times import json_time
from prefcore.schema import Noted
from prefcore.schema.wording import type_words
from prefcore.values import UNSET

if TYPE_CHECKING:
    from prefcore.model import SchemaVersion
    from prefcore.preferences import Preferences
    from prefcore.schema import Schema, SchemaDocument

__all__ = ["command", "list_command", "register_command", "show_command"]

command = LazyGroup(
    name="schema",
    package="prefcore.cli.verbs",
    table={
        "list": ("schema:list_command", "List the known versions, and which one is in force."),
        "show": ("schema:show_command", "Show the preferences of a version."),
        "register": ("schema:register_command", "Record a version in the store, not applied."),
        "snapshot": ("releases:snapshot_command", "Write today's declaration as a snapshot."),
        "check": ("releases:check_command", "Say what a change breaks, and the version it needs."),
        "diff": ("releases:diff_command", "Show what changed between two versions or files."),
        "status": ("registry:status_command", "Show where the store stands, and what is ahead."),
        "matrix": ("registry:matrix_command", "Show which version reads whose data."),
        "note": ("registry:note_command", "Say what a version is called, and more of it."),
        "deprecate": ("registry:deprecate_command", "Say that a version is to be left."),
        "verdict": ("registry:verdict_command", "Say that a version reads another's data, or not."),
        "export": ("schema_files:export_command", "Write a version as Markdown or JSON Schema."),
        "import": ("schema_files:import_command", "Take a JSON Schema in as a snapshot."),
    },
    help="List, show, register, compare and convert schema versions.",
)


@click.command("list", cls=Command)
@click.pass_obj
def list_command(session: Session) -> None:
    """List the known versions, lowest first, and which one is in force.

    Known are those of the configured schemas and those recorded in the store.
    """
    with session.preferences() as prefs:
        known = prefs.versions()
        records = {one.version: one for one in prefs.schema_records()}
        in_force = prefs.version
    if session.json:
        print_json([_data(one, records.get(one), in_force) for one in known])
        return
    print_table(
        ("→" if one == in_force else " ", one, _words(records.get(one), one == in_force))
        for one in known
    )
    if not known:
        say(session, "no schema version is known")


def _data(version: str, record: SchemaVersion | None, in_force: str | None) -> dict[str, object]:
    data: dict[str, object] = {
        "version": version,
        "in_force": version == in_force,
        "registered": record is not None,
    }
    if record is not None:
        data["digest"] = record.digest
        times = {"registered_at": record.registered_at, "applied_at": record.applied_at}
        data |= {name: json_time(at) for name, at in times.items() if at is not None}
        actors = {"registered_by": record.registered_by, "applied_by": record.applied_by}
        data |= {name: actor for name, actor in actors.items() if actor}
        data |= {name: value for name, value in record.facts.items() if name != "verdicts"}
    return data


def _words(record: SchemaVersion | None, in_force: bool) -> str:
    words = []
    if in_force:
        words.append("in force")
    elif record is not None:
        words.append("was in force" if record.applied_at is not None else "registered")
    noted = Noted() if record is None else Noted.from_facts(record.facts)
    words += [f'"{escaped(noted.name)}"'] if noted.name else []
    words += ["deprecated"] if noted.is_deprecated else []
    words += [escaped(noted.notice)] if noted.notice else []
    return ", ".join(words)


@click.command("show", cls=Command)
@click.argument("version", required=False, shell_complete=versions)
@click.pass_obj
def show_command(session: Session, version: str | None) -> None:
    """Show the preferences of a version: the one in force, or VERSION."""
    with session.preferences() as prefs:
        document = prefs.schema if version is None else prefs.schema_named(version)[0]
    if session.json:
        print_json(_masked(document))
        return
    count = amount(len(document.preferences), "preference")
    click.echo(f"{document.app} {document.version}, {count}, {document.digest}")
    limit = width(session)
    print_table(
        (key, type_words(one.shape), _default(one.default, one.sensitive, limit))
        for key, one in document.preferences.items()
    )
    for note in document.notes if session.verbose else ():
        warn(escaped(note))
    if document.notes and not session.verbose:
        count = amount(len(document.notes), "note")
        say(session, f"{count} on what was not understood (-v shows them)")


def _masked(document: SchemaDocument) -> dict[str, object]:
    """Give the schema document without what its sensitive preferences hold by default."""
    made = document.as_document()
    declared = made["preferences"]
    assert isinstance(declared, dict)  # the form of a snapshot
    for key, preference in document.preferences.items():
        for name in ("default", "examples") if preference.sensitive else ():
            if declared[key].get(name) is not None:
                declared[key] = {**declared[key], name: MASK}
    return made


def _default(value: object, sensitive: bool, limit: int) -> str:
    if value is UNSET:
        return "no default"
    return MASK if sensitive and value is not None else shown(value, limit)


@click.command("register", cls=Command)
@click.argument("source", metavar="VERSION|FILE", type=PATH, shell_complete=versions)
@acting
@click.pass_obj
def register_command(session: Session, source: str, dry_run: bool, reason: str) -> None:
    """Record a version of the configured schemas, or of a FILE, in the store, without applying it.

    A recorded version can be migrated to where its file is not at hand.
    """
    with session.preferences() as prefs:
        document = _document(prefs, source)
        plan = prefs.plan_register(document, reason=reason)
        made = carry_out(session, prefs, plan, Masks(document), dry=dry_run)
        if not dry_run:
            tell_done(session, f"register {document.app} {document.version}", made)


def _document(prefs: Preferences[Schema], source: str) -> SchemaDocument:
    if source in prefs.versions() or not Path(source).exists():
        return prefs.schema_named(source)[0]
    from prefcore.cli.sources import schema_of_file

    return schema_of_file(source, prefs.app, prefs.plugins)
