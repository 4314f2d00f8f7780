"""``prefcore edit``: one set in an editor, merged into the store when it is saved."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from prefcore.cli.completing import formats
from prefcore.cli.edited import EditedText
from prefcore.cli.frame import Command
from prefcore.cli.masking import Masks
from prefcore.cli.options import Target, acting, one_set
from prefcore.cli.output import escaped
from prefcore.cli.plans import carry_out, tell_done
from prefcore.cli.session import Session
from prefcore.documents import opened_document, plain_file
from prefcore.engines import importing
from prefcore.errors import (
    ConflictError,
    PluginError,
    PrefcoreError,
    ReadOnly,
    UsageError,
)
from prefcore.interfaces import Capability, FormatInfo, Limits
from prefcore.model import PlainDocument
from prefcore.model.sets import place
from prefcore.values import UNSET, Sealed, canonical_text

if TYPE_CHECKING:
    from prefcore.model import Changeset
    from prefcore.preferences import Preferences
    from prefcore.schema import Schema

__all__ = ["command"]

Values = Mapping[str, object]


@click.command("edit", cls=Command)
@click.option(
    "--format",
    "format_id",
    metavar="ID",
    default="jsonc",
    help="Edit in this format (default: jsonc).",
    shell_complete=formats,
)
@one_set
@acting
@click.pass_obj
def command(session: Session, format_id: str, target: Target, dry_run: bool, reason: str) -> None:
    """Edit the values of one set in $VISUAL or $EDITOR, and set what was changed.

    A name taken out is unset. What others change meanwhile stays, and is a conflict where both
    changed the same. If anything is refused, nothing is set, and the text is kept. Secrets are not
    shown; one that is typed in is set, and is not in the text that is kept.
    """
    editor = session.environ.get("VISUAL") or session.environ.get("EDITOR")
    if not editor:
        raise UsageError("no editor is named: set VISUAL or EDITOR, such as EDITOR=nano")
    scope, owner = target.to_change(lambda: session.me)
    info = session.plugins.formats.get(format_id)
    if Capability.PLAIN not in info.capabilities:
        raise PluginError(f"the format {format_id} has no plain form to edit", format=format_id)
    with session.preferences() as prefs:
        if prefs.read_only and not dry_run:
            raise ReadOnly(f"{prefs.store.url} can only be read, so nothing can be edited")
        before = _shown(prefs, scope, owner)
        hides = Masks.of(prefs).hides
    text = EditedText(info, before, session.plugins, hides)
    while True:
        text.edit(editor)
        try:
            with session.preferences() as prefs:
                made = _take(
                    session,
                    prefs,
                    info,
                    text.file,
                    (scope, owner),
                    before,
                    dry=dry_run,
                    reason=reason,
                )
            break
        except PrefcoreError as error:
            if session.may_ask:
                click.echo(f"prefcore: {escaped(error.message)}", err=True)
                if _again():
                    continue
            told = f"{error.message}; nothing was changed, {text.kept()}"
            raise type(error)(told, **error.facts) from error
    text.remove()
    if not dry_run:
        back = f"prefcore undo {made.id[:8]}" if made else ""
        tell_done(session, f"edited {place(scope, owner)}", made, back)


def _again() -> bool:
    try:
        return click.confirm("edit it again?", default=True, err=True)
    except click.Abort:  # whoever leaves so is to know of the text, too
        return False


def _shown(prefs: Preferences[Schema], scope: str, owner: str) -> dict[str, object]:
    """Give what the set holds, without secrets: they are neither shown nor taken for removed."""
    masks = Masks.of(prefs)
    return {
        entry.key: entry.value
        for entry in prefs.read_set(scope, owner).entries
        if not isinstance(entry.value, Sealed) and not masks.hides(entry.key)
    }


def _take(
    session: Session,
    prefs: Preferences[Schema],
    info: FormatInfo,
    file: Path,
    target: tuple[str, str],
    before: Values,
    *,
    dry: bool,
    reason: str,
) -> Changeset | None:
    """Set and unset what was changed in the file, unless somebody changed the same meanwhile."""
    after = _read(prefs, info, file, target)
    now = _shown(prefs, *target)
    changed = {
        key: value for key, value in after.items() if not _same(before.get(key, UNSET), value)
    }
    removed = [key for key in before if key not in after]
    if not changed and not removed:
        return None
    for key in (*changed, *removed):
        here = now.get(key, UNSET)
        if not _same(here, before.get(key, UNSET)) and not _same(here, after.get(key, UNSET)):
            raise ConflictError(f"{place(*target)} {key}: it was changed meanwhile, too")
    plan = prefs.plan_set(*target, changed, unset=removed, source="manual", reason=reason)
    return carry_out(session, prefs, plan, Masks.of(prefs), dry=dry)


def _read(
    prefs: Preferences[Schema], info: FormatInfo, file: Path, target: tuple[str, str]
) -> Values:
    with plain_file(file, str(file)) as source:
        opened = opened_document(source, file.name, [info], format=info.id, limits=Limits())
    if not isinstance(opened.document, PlainDocument):
        raise UsageError(f"{file.name} holds a document; leave out the name prefcore")
    made = importing.plain_set(
        opened.document.values, target, prefs.schema, at=datetime.now(UTC), actor=prefs.actor
    )
    return {entry.key: entry.value for entry in made.entries}


def _same(one: object, other: object) -> bool:
    if one is UNSET or other is UNSET:
        return one is other
    return canonical_text(one) == canonical_text(other)
