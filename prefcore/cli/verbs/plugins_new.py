"""``prefcore plugins new``: a plugin package to begin with, complete but for what it is to do."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import click

from prefcore import __version__
from prefcore.cli.failures import from_os
from prefcore.cli.frame import PATH, Command
from prefcore.cli.output import print_json, say
from prefcore.cli.scaffolds import KINDS, distribution_of, files_of
from prefcore.cli.session import Session
from prefcore.errors import UsageError

__all__ = ["command"]


@click.command("new", cls=Command)
@click.argument("kind", metavar="KIND", type=click.Choice(sorted(KINDS)))
@click.argument("name")
@click.option(
    "--in",
    "folder",
    default=".",
    type=PATH,
    metavar="FOLDER",
    help="Put the package into this folder (default: the present one).",
)
@click.pass_obj
def command(session: Session, kind: str, name: str, folder: str) -> None:
    """Write a distribution prefcore-NAME with a plugin of that KIND, and its conformance suite.

    It installs as it is; its tests fail until the plugin is written, and pass when it keeps the
    promises of its kind. Nothing is overwritten.
    """
    _check_name(session, KINDS[kind][0], name)
    files = files_of(kind, name, __version__)
    target = Path(folder, distribution_of(name))
    _write(target, files)
    if session.json:
        print_json({"folder": str(target), "files": sorted(files)})
        return
    for path in sorted(files):
        click.echo(str(target / path))
    say(
        session,
        f"next: cd {target}; pip install -e '.[test]'; pytest (red until the {kind} is written)",
    )


def _check_name(session: Session, kind: str, name: str) -> None:
    if kind == "migrations":  # the id is the application's name
        fits = re.fullmatch(r"[A-Za-z0-9]+([._-][A-Za-z0-9]+)*", name) and len(name) <= 100
        if not fits:
            raise UsageError(
                f"'{name}' cannot name a package of steps: use an application's name of up to 100 "
                "letters, digits and single '.', '-' or '_'",
                name=name,
            )
    elif not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name) or len(name) > 40:
        raise UsageError(
            f"'{name}' cannot be the id of a plugin: use up to 40 lower-case letters, digits and "
            "single '-', beginning with a letter",
            name=name,
        )
    for entry in session.plugins.index:
        if (entry.kind, entry.id) == (kind, name):
            raise UsageError(
                f"the id '{name}' is that of {entry.origin}, and two of one id disable each other; "
                "choose another",
                name=name,
            )


def _write(target: Path, files: dict[str, str]) -> None:
    """Write the files aside and move them into place together; raises UsageError, NotFound …"""
    if os.path.lexists(target):
        raise UsageError(f"{target} is there already; choose another name or folder", path=target)
    part = target.with_name(f".{target.name}.{os.urandom(4).hex()}.part")
    try:
        part.mkdir()
        for path, text in files.items():
            file = part / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        # Unlike a rename on POSIX, mkdir never takes the place of an empty folder.
        target.mkdir()
        part.replace(target)
    except OSError as error:
        raise from_os(error, str(target)) or error from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
