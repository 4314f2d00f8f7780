"""``prefcore schema status``, ``matrix``, ``note``, ``deprecate`` and ``verdict``: the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from prefcore.cli.completing import versions
from prefcore.cli.frame import Command
from prefcore.cli.masking import Masks
from prefcore.cli.options import acting
from prefcore.cli.output import amount, escaped, print_json, print_table, say
from prefcore.cli.plans import carry_out, tell_done
from prefcore.cli.session import Session
from prefcore.cli.times import json_time
from prefcore.errors import UsageError
from prefcore.schema.compatibility import Verdict

if TYPE_CHECKING:
    from prefcore.facade.registry import Between, Pair, Standing
    from prefcore.model import Plan
    from prefcore.preferences import Preferences
    from prefcore.schema import Schema
    from prefcore.schema.compatibility import Finding

__all__ = [
    "deprecate_command",
    "matrix_command",
    "note_command",
    "status_command",
    "verdict_command",
]

#: So many keys are named in a line; ``-v`` names all.
_NAMED = 4


@click.command("status", cls=Command)
@click.pass_obj
def status_command(session: Session) -> None:
    """Show where the store stands: its version, the newest, and what lies between them."""
    with session.preferences() as prefs:
        standing = prefs.registry.standing()
    if session.json:
        print_json(_standing_data(standing))
        return
    print_table(_standing_rows(session, standing))


def _standing_rows(session: Session, standing: Standing) -> list[tuple[str, str]]:
    assumed = ", assumed: none is recorded" if standing.is_assumed else ""
    rows = [
        ("in force", f"{standing.current or 'none yet'}{assumed}"),
        ("latest", "the same" if standing.is_latest else standing.latest or "none is known"),
    ]
    rows += [(f"  {one.version}", _what_breaks(session, one)) for one in standing.between]
    rows.append(("held", _counted(standing.entries, standing.sets)))
    if not standing.is_latest:
        told = _counted(standing.behind, standing.sets_behind)
        rows.append(("at risk", f"{told}, of keys above"))
    return rows


def _what_breaks(session: Session, step: Between) -> str:
    data = tuple(one for one in step.breaking if one.backward is not Verdict.COMPATIBLE)
    words = [f"may refuse values of {_keys(session, data)}" if data else "takes every value"]
    others = len({one.key for one in step.breaking} - {one.key for one in data})
    if others:
        words.append(f"{others} more key{'s' * (others > 1)} break old code or callers")
    words += [f"step {one}" for one in step.steps]
    return "; ".join(words)


def _counted(entries: int, sets: int) -> str:
    return f"{amount(entries, 'value')} in {amount(sets, 'set')}"


def _keys(session: Session, findings: tuple[Finding, ...]) -> str:
    keys = list(dict.fromkeys(one.key for one in findings))
    few = keys if session.verbose else keys[:_NAMED]
    more = f" and {len(keys) - len(few)} more" if len(few) < len(keys) else ""
    return escaped(", ".join(few)) + more


def _standing_data(standing: Standing) -> dict[str, object]:
    return {
        "current": standing.current,
        "assumed": standing.is_assumed,
        "latest": standing.latest,
        "is_latest": standing.is_latest,
        "between": [_between_data(one) for one in standing.between],
        "sets": standing.sets,
        "entries": standing.entries,
        "sets_behind": standing.sets_behind,
        "behind": standing.behind,
    }


def _between_data(one: Between) -> dict[str, object]:
    return {
        "version": one.version,
        "steps": list(one.steps),
        "breaking": [finding.as_document() for finding in one.breaking],
    }


@click.command("matrix", cls=Command)
@click.argument("version", required=False, shell_complete=versions)
@click.pass_obj
def matrix_command(session: Session, version: str | None) -> None:
    """Show which versions' data which other version reads: for the one in force, or VERSION."""
    with session.preferences() as prefs:
        pairs = list(prefs.registry.matrix(version or prefs.schema.version))
    if session.json:
        print_json([_pair_data(one) for one in pairs])
        return
    print_table((one.older, "→", one.newer, one.verdict, _why(session, one)) for one in pairs)
    if not pairs:
        say(session, "there is one version, and no other to compare it with")


def _why(session: Session, pair: Pair) -> str:
    if pair.said is not None:
        by = f"{escaped(pair.said.by)} says: {escaped(pair.said.reason)}"
        return f"{by} (computed: {pair.computed})"
    return _keys(session, pair.findings)


def _pair_data(pair: Pair) -> dict[str, object]:
    data: dict[str, object] = {
        "older": pair.older,
        "newer": pair.newer,
        "verdict": pair.verdict,
        "computed": pair.computed,
        "findings": [one.as_document() for one in pair.findings],
    }
    if pair.said is not None:
        said = pair.said
        data["said"] = {"by": said.by, "at": json_time(said.at), "reason": said.reason}
    return data


@click.command("note", cls=Command)
@click.argument("version", shell_complete=versions)
@click.option("--name", help="What the version is called.")
@click.option("--notice", help="What everybody should know of it.")
@click.option(
    "--minimum-application",
    metavar="RANGE",
    help="The application's versions that may work at it, such as '>=3.2'.",
)
@click.option("--meta", multiple=True, metavar="NAME=TEXT", help="Metadata; repeatable.")
@acting
@click.pass_obj
def note_command(
    session: Session,
    version: str,
    name: str | None,
    notice: str | None,
    minimum_application: str | None,
    meta: tuple[str, ...],
    dry_run: bool,
    reason: str,
) -> None:
    """Say of VERSION what it is called, what to know of it, and who may work at it.

    An empty text takes back what was said. What is not given stays.
    """
    if name is None and notice is None and minimum_application is None and not meta:
        raise UsageError("say something: --name, --notice, --minimum-application or --meta")
    with session.preferences() as prefs:
        metadata = dict(prefs.registry.entry(version).noted.metadata)
        for word in meta:
            key, equals, text = word.partition("=")
            if not equals or not key:
                raise UsageError(f"'{word}' is no NAME=TEXT")
            metadata[key] = text
        plan = prefs.registry.plan_note(
            version,
            name=name,
            notice=notice,
            minimum_application=minimum_application,
            metadata={k: text for k, text in metadata.items() if text} if meta else None,
            reason=reason,
        )
        _done(session, prefs, plan, dry_run=dry_run)


@click.command("deprecate", cls=Command)
@click.argument("version", shell_complete=versions)
@click.option("--notice", default="", help="Why, and what to do instead.")
@click.option("--undo", is_flag=True, help="Take the deprecation back.")
@acting
@click.pass_obj
def deprecate_command(
    session: Session, version: str, notice: str, undo: bool, dry_run: bool, reason: str
) -> None:
    """Say that VERSION should not be migrated to any more; plans that lead there warn."""
    if undo and notice:
        raise UsageError("--undo takes the notice back too; leave out --notice")
    with session.preferences() as prefs:
        plan = prefs.registry.plan_deprecate(version, notice=notice, undo=undo, reason=reason)
        _done(session, prefs, plan, dry_run=dry_run)


@click.command("verdict", cls=Command)
@click.argument("older", shell_complete=versions)
@click.argument("newer", shell_complete=versions)
@click.argument("verdict", type=click.Choice(["compatible", "incompatible", "computed"]))
@acting
@click.pass_obj
def verdict_command(
    session: Session, older: str, newer: str, verdict: str, dry_run: bool, reason: str
) -> None:
    """Say that NEWER reads data of OLDER, or does not, whatever is computed; --reason says why.

    'computed' takes back what was said.
    """
    said = None if verdict == "computed" else verdict
    if said is not None and not reason:
        raise UsageError("a verdict against what is computed needs a --reason")
    with session.preferences() as prefs:
        plan = prefs.registry.plan_verdict(older, newer, said, reason=reason)
        _done(session, prefs, plan, dry_run=dry_run)


def _done(session: Session, prefs: Preferences[Schema], plan: Plan, *, dry_run: bool) -> None:
    made = carry_out(session, prefs, plan, Masks.of(prefs), dry=dry_run)
    if not dry_run:
        tell_done(session, plan.summary, made)
