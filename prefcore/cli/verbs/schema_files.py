"""``prefcore schema export`` and ``import``: schemas as files in other forms than ours."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from prefcore.cli.completing import versions
from prefcore.cli.files import replacing
from prefcore.cli.frame import PATH, Command
from prefcore.cli.output import amount, escaped, print_json, say, warn
from prefcore.cli.session import Session
from prefcore.errors import UsageError

if TYPE_CHECKING:
    from prefcore.schema import SchemaDocument

__all__ = ["export_command", "import_command"]


@click.command("export", cls=Command)
@click.argument("version", required=False, shell_complete=versions)
@click.option("--markdown", is_flag=True, help="A settings reference for people.")
@click.option("--json-schema", is_flag=True, help="JSON Schema (2020-12), for editors.")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    default="-",
    type=PATH,
    help="Write FILE, whole or not at all (default: the standard output).",
)
@click.pass_obj
def export_command(
    session: Session, version: str | None, markdown: bool, json_schema: bool, output: str
) -> None:
    """Write the schema in force, or VERSION, as a file: a snapshot, unless a form is named.

    What the form has no word for is told.
    """
    if markdown and json_schema:
        raise UsageError("--markdown and --json-schema are two forms; give one")
    if session.json and output == "-":
        raise UsageError(
            "--json tells of an export, and the standard output holds it; name a file with --output"
        )
    with session.preferences() as prefs:
        document = prefs.schema if version is None else prefs.schema_named(version)[0]
    form = "markdown" if markdown else "json-schema" if json_schema else "prefcore"
    text, notes = _written(document, form)
    if output == "-":
        click.echo(text, nl=False)
    else:
        with replacing(output) as out:
            out.write(text.encode())
    for note in notes:
        warn(escaped(note))
    if session.json:
        told = {"file": output, "form": form, "version": document.version, "notes": list(notes)}
        print_json(told)
    elif output != "-":
        say(session, f"wrote schema {document.version} to {escaped(output)} ({form})")


def _written(document: SchemaDocument, form: str) -> tuple[str, tuple[str, ...]]:
    if form == "markdown":
        from prefcore.schema import to_markdown

        return to_markdown(document), ()
    if form == "json-schema":
        from prefcore.schema import to_json_schema

        made = to_json_schema(document)
        return json.dumps(made.content, ensure_ascii=False, indent=2) + "\n", made.notes
    from prefcore.schema import to_snapshot

    return to_snapshot(document).decode(), ()


@click.command("import", cls=Command)
@click.argument("file", type=PATH)
@click.option(
    "--as-version",
    metavar="VERSION",
    help="The version of a schema that tells none, neither in FILE nor in its name.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be written, and write nothing.")
@click.pass_obj
def import_command(session: Session, file: str, as_version: str | None, dry_run: bool) -> None:
    """Take a schema of another form (JSON Schema, VS Code's) in as a snapshot of ours.

    It is written to the configured folder of schemas. A version that has another content there is
    refused. What is not understood is told.
    """
    from prefcore.cli.sources import schema_folder, schema_of_file
    from prefcore.schema import Snapshots

    found = session.configuration
    folder = schema_folder(found)
    if folder is None:
        raise UsageError(
            'no folder of schemas is configured; set schemas = "FOLDER" in prefcore.toml'
        )
    document = schema_of_file(file, found.app, session.plugins, version=as_version)
    path = folder / f"{document.version}.json"
    if not dry_run:
        path = Snapshots(folder, found.app).write(document)
    for note in document.notes:
        warn(escaped(note))
    count = len(document.preferences)
    if session.json:
        print_json(
            {
                "file": str(path),
                "written": not dry_run,
                "version": document.version,
                "preferences": count,
                "digest": document.digest,
                "notes": list(document.notes),
            }
        )
    else:
        would = "would write" if dry_run else "wrote"
        words = f"{document.app} {document.version}, {amount(count, 'preference')}"
        say(session, f"{would} {escaped(str(path))} ({words})")
