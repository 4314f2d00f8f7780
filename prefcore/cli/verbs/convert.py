"""``prefcore convert``: a file in one format written again in another."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, BinaryIO

import click

from prefcore.cli.completing import formats
from prefcore.cli.files import compressed_as, format_of, readable, replacing, warn_of_suffix
from prefcore.cli.frame import PATH, Command
from prefcore.cli.output import amount, escaped, print_json, say, warn
from prefcore.cli.session import Session
from prefcore.compression import METHODS, compressing
from prefcore.detection import formats_for
from prefcore.documents import opened_document
from prefcore.engines import converting
from prefcore.errors import UsageError
from prefcore.interfaces import Limits
from prefcore.sealed_files import in_clear

if TYPE_CHECKING:
    from prefcore.engines.converting import Converted

__all__ = ["command"]


@click.command("convert", cls=Command)
@click.argument("source", metavar="FILE", type=PATH)
@click.argument("target", metavar="[TO]", default="-", type=PATH)
@click.option(
    "--from",
    "from_id",
    metavar="ID",
    help="Read this format (default: told by FILE's content, then its suffix).",
    shell_complete=formats,
)
@click.option(
    "--format",
    "format_id",
    metavar="ID",
    help="Write this format (default: by TO's suffix, else json).",
    shell_complete=formats,
)
@click.option(
    "--compress",
    type=click.Choice(METHODS),
    help="Compress the file (default: zstd for TO.zst, gzip for TO.gz, else none).",
)
@click.option("--plain", is_flag=True, help="Write the values of the one set alone.")
@click.pass_obj
def command(
    session: Session,
    source: str,
    target: str,
    from_id: str | None,
    format_id: str | None,
    compress: str | None,
    plain: bool,
) -> None:
    """Write a file again in another format, as TO or to the standard output (-, the default).

    Nothing is lost: a document keeps all its metadata and its digest, a plain file its nesting.
    TO is replaced as a whole when all is written; no store is needed. What was encrypted as a whole
    is opened with your key ring, or the passphrase, and written in clear.
    """
    if target == "-" and session.json:
        raise UsageError("--json tells of it, and the standard output holds it; name a file TO")
    uncompressed, method = compressed_as(target, compress)
    plugins = session.plugins
    info = plugins.formats.get(format_id or format_of(uncompressed, plugins))
    warn_of_suffix(uncompressed, info)
    given = None if from_id is None else plugins.formats.get(from_id)
    with ExitStack() as stack:
        path, name = stack.enter_context(readable(source))
        source_file = stack.enter_context(path.open("rb"))
        file = stack.enter_context(in_clear(source_file, name, session.keys))
        was_encrypted = file is not source_file
        known = formats_for(name, plugins.formats) if given is None else (given,)
        opened = opened_document(file, name, known, format=from_id, limits=Limits())
        out: BinaryIO = sys.stdout.buffer
        if target != "-":
            out = stack.enter_context(replacing(target, private=was_encrypted))
        packed = stack.enter_context(compressing(out, method))
        done = converting.convert(opened, name, info, packed, plain=plain, edited=warn)
    if target == "-":
        out.flush()
    elif was_encrypted:
        warn(f"{escaped(source)} is encrypted, and {escaped(target)} is in clear")
    _tell(session, source, target, (opened.format.id, info.id), done)


def _tell(
    session: Session, source: str, target: str, ids: tuple[str, str], done: Converted
) -> None:
    if session.json:
        print_json(
            {
                "file": source,
                "to": target,
                "from_format": ids[0],
                "format": ids[1],
                "sets": done.sets,
                "entries": done.entries,
                "records": done.records,
                "digest": done.digest or None,
            }
        )
    elif target != "-":
        what = amount(done.entries, "value")
        say(
            session,
            f"converted {escaped(source)} ({ids[0]}) to {escaped(target)} ({ids[1]}): {what}",
        )
