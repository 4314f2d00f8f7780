"""``prefcore import``: a file's preferences merged into the store, planned first."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import attrs
import click

from prefcore.cli.completing import formats, strategies, versions
from prefcore.cli.conflicts import ask_about, choices_of, write_conflicts
from prefcore.cli.files import readable
from prefcore.cli.frame import PATH, Command
from prefcore.cli.masking import Masks
from prefcore.cli.options import Target, acting, selecting, targeting, trusting
from prefcore.cli.output import amount, escaped, say
from prefcore.cli.plans import finish, tell_done
from prefcore.cli.progress import progress
from prefcore.cli.session import Session
from prefcore.detection import formats_for
from prefcore.documents import opened_document
from prefcore.engines.importing import ImportRequest
from prefcore.errors import UsageError
from prefcore.model import Plan, Selection
from prefcore.sealed_files import opened_file

if TYPE_CHECKING:
    from prefcore.preferences import Preferences
    from prefcore.schema import Schema

__all__ = ["command"]

_into = targeting(
    "A plain file goes into this user's set (default: yours).",
    "A plain file goes into this project's set.",
    "A plain file goes into the system's set.",
    "A plain file goes into this template.",
)


_EXAMPLES = {
    "prefcore import all.json --dry-run": "see first what would be done",
    "prefcore import alice.toml --user alice --merge theirs": "into one set; the file wins",
    "prefcore import all.json --merge 'ui.*=ours' --conflicts c.yaml": "the rest by hand",
}


@click.command("import", cls=Command, examples=_EXAMPLES)
@click.argument("file", type=PATH)
@click.option(
    "--merge",
    multiple=True,
    metavar="STRATEGY|GLOB=STRATEGY",
    help="How to decide where both sides hold different values: ours, theirs, ask, fail (the "
    "default), …; for all keys, or those that match. Repeatable.",
    shell_complete=strategies,
)
@click.option(
    "--take",
    nargs=2,
    multiple=True,
    metavar="SIDE KEY",
    help="Decide a conflict: ours, theirs or base for KEY, which may be a glob. Repeatable.",
)
@click.option(
    "--conflicts",
    metavar="FILE",
    type=PATH,
    help="Write the conflicts that are left to FILE, for a person to decide.",
)
@click.option(
    "--resolve",
    metavar="FILE",
    type=PATH,
    help="Decide as written in FILE, which --conflicts wrote.",
)
@click.option(
    "--base",
    metavar="FILE",
    type=PATH,
    help="What both sides started from (default: what the history tells of it); 'none' merges "
    "two ways.",
)
@click.option(
    "--format",
    "format_id",
    metavar="ID",
    help="Read this format (default: told by FILE's content, then its suffix).",
    shell_complete=formats,
)
@click.option(
    "--from-schema",
    metavar="VERSION",
    help="The schema version of a file that tells none; an empty store starts there.",
    shell_complete=versions,
)
@click.option(
    "--unknown",
    type=click.Choice(["refuse", "keep"]),
    default="refuse",
    help="What to do with keys the schema does not declare (default: refuse the file).",
)
@trusting
@selecting
@_into
@acting
@click.pass_obj
def command(
    session: Session,
    file: str,
    merge: tuple[str, ...],
    take: tuple[tuple[str, str], ...],
    conflicts: str | None,
    resolve: str | None,
    base: str | None,
    format_id: str | None,
    from_schema: str | None,
    unknown: str,
    trust: bool,
    selection: Selection,
    target: Target,
    dry_run: bool,
    reason: str,
) -> int:
    """Take preferences in from FILE, or from the standard input (-).

    All or nothing: a value that is refused, or a conflict that nobody decides, leaves the
    store as it was. Files that prefcore exported say whose sets they hold; plain ones, such as
    people write, go into the set you name. Encrypted files are opened with your key ring, or the
    passphrase; secrets whose keys are not here are left out, and told (exit 3).
    """
    if [file, base, resolve].count("-") > 1:
        raise UsageError("the standard input can be read once: for FILE, --base or --resolve")
    if conflicts == "-":
        raise UsageError("--conflicts needs a file: the standard output tells of the plan")
    strategy, by_glob = _strategies(merge)
    if "ask" in (strategy, *(id for _, id in by_glob)) and not (dry_run or session.may_ask):
        raise UsageError(
            "--merge ask needs a terminal to ask at; without one, write the conflicts to a file "
            "with --conflicts, and take the choices back with --resolve"
        )
    with ExitStack() as stack:
        path, name = stack.enter_context(readable(file))
        two_ways = base == "none"
        start = None if base is None or two_ways else stack.enter_context(readable(base))[0]
        prefs = stack.enter_context(session.preferences())
        request = ImportRequest(
            path=path,
            name=name,
            format=format_id,
            into=target.to_change(lambda: session.me),
            selection=selection,
            strategy=strategy,
            merge=by_glob,
            take=tuple((key, side) for side, key in take),
            choices=choices_of(resolve, prefs.plugins, prefs.app) if resolve else (),
            keep_unknown=unknown == "keep",
            trust=trust,
            base=start,
            two_ways=two_ways,
            from_schema=from_schema,
        )
        if target.named:
            _refuse_document(prefs, request)
        masks = Masks.of(prefs)
        with progress(session, "importing") as watch:
            begin = prefs.begin_import(request, reason=reason, rehearsed=dry_run, progress=watch)
            begun = stack.enter_context(begin)
        to_ask = [one for one in begun.plan.conflicts if one.strategy == "ask"]
        if to_ask and not begun.plan.refused and not dry_run and session.may_ask:
            begun.let_go()  # a person may take time; the choices' marks tell if the state moves
            choices = (*request.choices, *ask_about(to_ask, masks))
            request = attrs.evolve(request, choices=choices)
            begun = stack.enter_context(prefs.begin_import(request, reason=reason))
        if conflicts and begun.plan.conflicts:
            write_conflicts(begun.plan, conflicts, prefs.plugins)
            say(session, _how_to_resolve(begun.plan, file, conflicts))
        elif conflicts:
            say(session, f"no conflicts: {escaped(conflicts)} was not written")
        made = finish(session, begun, masks, dry=dry_run)
        if not dry_run:
            back = f"prefcore undo {made.id[:8]}" if made else ""
            tell_done(session, f"imported {name}", made, back)
        return 3 if begun.plan.counts.get("left out") else 0


def _how_to_resolve(plan: Plan, file: str, conflicts: str) -> str:
    told = amount(plan.counts["conflict"], "conflict")
    return (
        f"wrote {told} to {escaped(conflicts)}: write ours, theirs or base into each choice, then "
        f"import {escaped(file)} again with --resolve {escaped(conflicts)}"
    )


def _refuse_document(prefs: Preferences[Schema], request: ImportRequest) -> None:
    """Refuse to name a set for a document, which says itself whose sets it holds."""
    id, plugins = request.format, prefs.plugins
    known = formats_for(request.name, plugins.formats)
    formats = known if id is None else (plugins.formats.get(id),)
    with opened_file(request.path, request.name, prefs.keys) as source:
        opened = opened_document(source, request.name, formats, format=id, limits=request.limits)
        if opened.header is not None:
            raise UsageError(
                f"{request.name} says itself whose sets it holds; leave out --user, --project, "
                "--system and --template, and select with --scope and --owner",
                file=request.name,
            )


def _strategies(merge: tuple[str, ...]) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Give the strategy for all keys, and those by glob, in the order given."""
    general: list[str] = []
    by_glob: list[tuple[str, str]] = []
    for word in merge:
        glob, equals, id = word.rpartition("=")
        if equals and glob:
            by_glob.append((glob, id))
        else:
            general.append(word)
    if len(general) > 1:
        raise UsageError(
            f"--merge {' and --merge '.join(general)} both speak of all keys; give one"
        )
    return (general[0] if general else "fail"), tuple(by_glob)
