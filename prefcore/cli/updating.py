"""Updating a user's own plain file in place, with its comments where the format can keep them."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from prefcore.cli.asking import confirm
from prefcore.cli.failures import from_os
from prefcore.cli.files import replacing
from prefcore.cli.masking import Masks
from prefcore.cli.output import escaped, print_json, say, warn
from prefcore.cli.plans import plan_data, print_plan
from prefcore.detection import formats_for, guarded
from prefcore.documents import fingerprint, opened_document, unchanging
from prefcore.errors import NotFound, UsageError
from prefcore.interfaces import Capability, FormatInfo, Limits, UpdatingFormat
from prefcore.model import PlainDocument, Plan, Selection

if TYPE_CHECKING:
    from prefcore.cli.session import Session
    from prefcore.plugins.manager import Plugins

__all__ = ["PlainFile", "update_file"]


class PlainFile(NamedTuple):
    """A plain file as it was read: its bytes and values, its format, and what it was then."""

    name: str
    data: bytes
    values: Mapping[str, object]
    format: FormatInfo
    seen: tuple[int, int, int, int]

    @classmethod
    def read(cls, file: str, plugins: Plugins, format_id: str | None = None) -> PlainFile:
        """Read a plain file that is to be updated; raises NotFound, UsageError, what reading does.

        A document, a compressed file and a format without plain files are refused.
        """
        known = formats_for(file, plugins.formats)
        formats = known if format_id is None else (plugins.formats.get(format_id),)
        limits = Limits()
        try:
            with open(file, "rb") as source:  # noqa: PTH123  # as named, for its errors
                seen = fingerprint(source)
                opened = opened_document(source, file, formats, format=format_id, limits=limits)
                source.seek(0)
                data = source.read(limits.max_whole_bytes + 1)
        except FileNotFoundError as error:
            raise NotFound(f"there is no file {file} to update", path=file) from error
        except OSError as error:
            raise from_os(error, file) or error from error
        if not isinstance(opened.document, PlainDocument):
            raise UsageError(f"{file} is a document of prefcore, not a plain file; export it anew")
        if opened.compression != "none":
            raise UsageError(f"{file} is compressed; undo that, or export it anew with --plain")
        return cls(file, data, opened.document.values, opened.format, seen)

    @property
    def keeps_comments(self) -> bool:
        """Whether the format can change a value and leave the rest as it stands."""
        return Capability.UPDATES in self.format.capabilities

    @property
    def loss(self) -> str:
        """What rewriting the file loses; empty where the format keeps the rest as it stands."""
        if self.keeps_comments:
            return ""
        return f"comments and layout of {self.name} do not survive, for {self.format.id} keeps none"

    def write(self, values: Mapping[str, object]) -> None:
        """Make the file hold these values, whole or not at all.

        Raises StalePlan when somebody wrote to it since it was read.
        """
        format = self.format.factory()
        out = io.BytesIO()
        with guarded(self.format):
            if isinstance(format, UpdatingFormat):
                format.update(self.data, values, out)
            else:
                format.write_plain(values, out)
        with replacing(self.name) as target, open(self.name, "rb") as source:  # noqa: PTH123  # as named
            target.write(out.getvalue())
            with unchanging(source, self.name, self.seen):
                pass


def update_file(
    session: Session,
    file: str,
    format_id: str | None,
    selection: Selection,
    *,
    dry_run: bool,
    yes: bool,
) -> None:
    """Make a plain file hold what the selected set holds, and tell what that changed in it."""
    with session.reading() as prefs:
        plain = PlainFile.read(file, prefs.plugins, format_id)
        updated = prefs.update(plain.values, selection=selection)
        masks = Masks.of(prefs)
    is_changed = bool(updated.items) and not dry_run
    if is_changed:
        if plain.loss and not yes:
            unasked = f"{plain.loss}; --yes rewrites it nevertheless"
            confirm(session, f"{plain.loss}; rewrite it?", unasked=unasked)
        plain.write(updated.values)
    counts = Counter(item.act for item in updated.items)
    plan = Plan(prefs.app, "export", f"update {file}", "", None, counts, updated.items)
    if session.json:
        told = plan_data(plan, masks, changeset=None)
        told = {name: told[name] for name in ("counts", "items")}
        print_json({"file": file, "format": plain.format.id, "changed": is_changed, **told})
    elif not updated.items:
        say(session, f"{escaped(file)} holds all of it already: nothing changed")
    elif not session.quiet or dry_run:
        print_plan(session, plan, masks, dry=dry_run)
    if updated.items and dry_run and plain.loss:
        warn(escaped(plain.loss))
    if updated.left_out:
        warn(f"left out, because they stay out of files: {', '.join(updated.left_out)}")
