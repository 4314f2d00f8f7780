"""``prefcore export``: preferences written to a file, whole or not at all."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, BinaryIO

import click

from prefcore.cli.asking import confirm
from prefcore.cli.completing import formats
from prefcore.cli.files import compressed_as, format_of, replacing, warn_of_suffix
from prefcore.cli.frame import PATH, Command
from prefcore.cli.options import selecting
from prefcore.cli.output import amount, escaped, print_json, say, warn
from prefcore.cli.passphrases import new_passphrase
from prefcore.cli.progress import progress
from prefcore.cli.session import Session
from prefcore.cli.updating import update_file
from prefcore.compression import METHODS
from prefcore.errors import UsageError
from prefcore.model import Selection
from prefcore.schema.secret import Secret

if TYPE_CHECKING:
    from prefcore.engines.exporting import Exported

__all__ = ["command"]


_EXAMPLES = {
    "prefcore export all.json": "everything, as a document that imports again anywhere",
    "prefcore export alice.toml --owner alice --plain": "one set, as people write it",
    "prefcore export settings.jsonc --owner alice --update": "values in a file, comments kept",
}


@click.command("export", cls=Command, examples=_EXAMPLES)
@click.argument("file", default="-", type=PATH)
@click.option(
    "--format",
    "format_id",
    metavar="ID",
    help="Write this format (default: by FILE's suffix, else json).",
    shell_complete=formats,
)
@click.option(
    "--compress",
    type=click.Choice(METHODS),
    help="Compress the file (default: zstd for FILE.zst, gzip for FILE.gz, else none).",
)
@click.option("--plain", is_flag=True, help="Write one set's values alone, without a header.")
@click.option("--redact", is_flag=True, help="Leave all secrets out.")
@click.option("--plaintext-secrets", is_flag=True, help="Write secrets so that all can read them.")
@click.option("--encrypt", is_flag=True, help="Encrypt all of it, to your key ring.")
@click.option("--passphrase", is_flag=True, help="Encrypt all of it, to a passphrase.")
@click.option(
    "-y",
    "--yes",
    is_flag=True,
    help="Do not ask before secrets stand in clear, or comments are lost.",
)
@click.option(
    "--update",
    is_flag=True,
    help="Change the values in FILE, a plain file of yours, and keep all else in it.",
)
@click.option("--dry-run", is_flag=True, help="With --update: say what would change in FILE.")
@selecting
@click.pass_obj
def command(
    session: Session,
    file: str,
    format_id: str | None,
    compress: str | None,
    plain: bool,
    redact: bool,
    plaintext_secrets: bool,
    encrypt: bool,
    passphrase: bool,
    update: bool,
    dry_run: bool,
    yes: bool,
    selection: Selection,
) -> int:
    """Write preferences to FILE, or to the standard output (-, the default).

    FILE is replaced as a whole when all is written; if that fails, it stays as it was. Keys that
    are declared not portable stay out. Secrets are encrypted with your key ring, each by itself;
    of a plain file, and where their keys are not here, they are left out (exit 3). With --update, a
    file that people edit is made to hold the values of one set; its comments, its order, and names
    that nobody knows stay.
    """
    if update:
        if file == "-" or compress or redact or plaintext_secrets or encrypt or passphrase:
            raise UsageError(
                "--update changes a plain FILE in place; name it, and leave out others"
            )
        update_file(session, file, format_id, selection, dry_run=dry_run, yes=yes)
        return 0
    if dry_run:
        raise UsageError("--dry-run is for --update; an export changes no preferences")
    secrets = _secrets(session, redact=redact, clear=plaintext_secrets, yes=yes)
    if encrypt and passphrase:
        raise UsageError("--encrypt is to your key ring, --passphrase to a passphrase; give one")
    if file == "-" and session.json:
        raise UsageError("--json tells of an export, and the standard output holds it; name a FILE")
    uncompressed, method = compressed_as(file, compress)
    with session.reading() as prefs:
        chosen = format_id or format_of(uncompressed, prefs.plugins)
        warn_of_suffix(uncompressed, prefs.plugins.formats.get(chosen))  # before it is touched
        phrase = Secret(new_passphrase(session, file)) if passphrase else None

        def write(out: BinaryIO) -> Exported:
            return prefs.export(
                out,
                format=chosen,
                selection=selection,
                plain=plain,
                compress=method,
                secrets=secrets,
                encrypt=encrypt,
                passphrase=phrase,
                progress=watch,
            )

        with progress(session, "exporting") as watch:
            done = _written(file, write, private=plaintext_secrets)
    _tell(session, file, chosen, method, done)
    if not done.trailer.sets and not selection.is_everything:
        warn("nothing matches the selection")
    return _tell_secrets(session, done, redact=redact, plain=plain)


def _tell(session: Session, file: str, chosen: str, method: str, done: Exported) -> None:
    """Say what was exported, in which format and compression, and what stayed here."""
    if done.left_out:
        warn(f"left out, because they belong to this machine: {', '.join(done.left_out)}")
    if session.json:
        print_json(
            {
                "file": file,
                "format": chosen,
                "compression": method,
                "sets": done.trailer.sets,
                "entries": done.trailer.entries,
                "digest": done.trailer.digest,
                "left_out": list(done.left_out),
                "secrets_left_out": list(done.secrets_left_out),
            }
        )
    elif file != "-":
        how = chosen if method == "none" else f"{chosen}, {method}"
        say(session, f"exported {_amount(done)} to {escaped(file)} ({how})")


def _tell_secrets(session: Session, done: Exported, *, redact: bool, plain: bool) -> int:
    """Say which secrets were left out, and give the exit code that this makes."""
    if not done.secrets_left_out:
        return 0
    names = ", ".join(map(escaped, done.secrets_left_out))
    if redact:
        say(session, f"left out, because they are secrets: {names}")
        return 0
    warn(f"left out, because they are secrets{' in a plain file' if plain else ''}: {names}")
    return 3


def _secrets(session: Session, *, redact: bool, clear: bool, yes: bool) -> str:
    """Give what becomes of secrets, after asking where they are to be readable by all."""
    if redact and clear:
        raise UsageError("--redact leaves secrets out, --plaintext-secrets writes them; give one")
    if not clear:
        return "redacted" if redact else "sealed"
    if not yes:
        confirm(
            session,
            "Write secrets so that all who read the file can?",
            unasked="secrets would be written in clear; confirm with --yes",
        )
    return "clear"


def _written(file: str, write: Callable[[BinaryIO], Exported], *, private: bool) -> Exported:
    if file == "-":
        done = write(sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return done
    with replacing(file, private=private) as out:
        return write(out)


def _amount(done: Exported) -> str:
    return f"{amount(done.trailer.sets, 'set')} with {amount(done.trailer.entries, 'value')}"
