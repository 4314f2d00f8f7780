"""``prefcore audit``: the log of all that was done, verified and signed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from prefcore.cli.backups import absolute
from prefcore.cli.completing import targets
from prefcore.cli.frame import Command, LazyGroup
from prefcore.cli.output import escaped, print_json, say, warn
from prefcore.cli.session import Session
from prefcore.cli.times import local_time
from prefcore.engines.auditing import CHECKPOINT
from prefcore.errors import IntegrityError, PolicyRefused, UsageError

if TYPE_CHECKING:
    from prefcore.facade.auditing import Audit, Verdict
    from prefcore.interfaces import Store, StoreProblem
    from prefcore.model import Changeset

__all__ = ["checkpoint_command", "command", "opened", "verify_command"]

command = LazyGroup(
    name="audit",
    package="prefcore.cli.verbs",
    table={
        "verify": ("audit:verify_command", "See whether log and values are what they were."),
        "checkpoint": ("audit:checkpoint_command", "Sign where the log stands."),
        "list": ("audit_reading:list_command", "List who did what, in all applications."),
        "show": ("audit_reading:show_command", "Show one changeset and its place in the chain."),
        "export": ("audit_reading:export_command", "Write the log as lines of JSON."),
    },
    help="Verify, sign and read the log of all that was done.",
)


@contextmanager
def opened(session: Session) -> Iterator[tuple[Audit, Store]]:
    """Give the audit of the configured store, which is closed afterwards, and the store."""
    from prefcore.facade.auditing import Audit
    from prefcore.host import default_actor

    session.permit("history")
    store = session.open_store()
    try:
        audit = Audit(
            store,
            app=session.configuration.app,
            actor=session.actor or default_actor(session.environ),
            keys=session.keys,
            plugins=session.plugins,
            targets=session.targets,
            permit=session.permit,
        )
        yield audit, store
    finally:
        store.close()


# ---------------------------------------------------------------------------------- verify


@click.command("verify", cls=Command)
@click.option(
    "--against",
    metavar="NAME|URL",
    help="Compare with the backups in this target (default: in all configured).",
    shell_complete=targets,
)
@click.option(
    "--signer",
    "signers",
    multiple=True,
    metavar="KEY",
    help="Count signatures of this public key too, in hexadecimal. Repeatable.",
)
@click.pass_obj
def verify_command(session: Session, against: str | None, signers: tuple[str, ...]) -> int:
    """See whether the log, and every value of the store, are what they were made as.

    Looks at all applications: the chain of the log, each value against it, and the signed
    checkpoints in the log, beside your key ring, and in the manifests of backups. Exits with 13 and
    says where, if something was edited, made anew, cut off or put back.
    """
    with opened(session) as (audit, store):
        verdict = audit.verify(against=absolute(against), signers=signers)
        url = store.url
    for note in verdict.notes:
        warn(escaped(note))
    if session.json:
        print_json(_data(verdict))
    else:
        _tell(session, verdict, url)
    return IntegrityError.exit_code if verdict.found.problems else 0


def _data(verdict: Verdict) -> dict[str, object]:
    found = verdict.found
    return {
        "ok": not found.problems,
        "changesets": found.head.revision,
        "chain": found.head.chain,
        "judged": verdict.is_signed,
        "checkpoints": found.agreeing,
        "signed_revision": found.last.revision if found.last else None,
        "unsigned": found.unsigned,
        "locked": found.locked,
        "pruned": dict(found.pruned),
        "compared": list(verdict.compared),
        "notes": list(verdict.notes),
        "problems": [
            {"revision": one.revision, "where": one.where, "what": one.what, "advice": one.advice}
            for one in found.problems
        ],
    }


def _tell(session: Session, verdict: Verdict, url: str) -> None:
    found = verdict.found
    for one in found.problems:
        where = f"{escaped(one.where)}: " if one.where else ""
        click.echo(f"fail  {where}{escaped(one.what)}; {escaped(one.advice)}")
    if not found.problems:
        counted = _counted(found.head.revision, "changeset")
        click.echo(f"ok    {escaped(url)}: {counted}, the chain and every value agree")
    for app, through in sorted(found.pruned.items()):
        say(
            session,
            f"the history of {escaped(app)} was pruned up to revision {through}: what was held "
            "then is vouched for as a whole",
        )
    if found.locked:
        values = _counted(found.locked, "secret")
        warn(f"{values} did not open, because their keys are not in your key ring")
    for line in _signatures(verdict):
        say(session, line)


def _signatures(verdict: Verdict) -> Iterator[str]:
    """Say how far signatures reach, and what is not found beyond."""
    found = verdict.found
    if not verdict.is_signed:
        held = _counted(found.unchecked, "checkpoint")
        told = f"; {held} in the log could not be judged" if found.unchecked else ""
        yield (
            f"no key ring is here{told}: this shows damage and careless edits, not somebody who "
            "computes the whole chain anew"
        )
        return
    if found.last is None:
        yield (
            "no checkpoint agrees with the log: somebody who computes the whole chain anew is not "
            "found; sign it with: prefcore audit checkpoint"
        )
        return
    when = local_time(found.last.at)
    yield (
        f"{_counted(found.agreeing, 'checkpoint')} agree, the newest of revision "
        f"{found.last.revision}, signed {when} ({escaped(found.last.name)})"
    )
    if found.unsigned:
        yield (
            f"{_counted(found.unsigned, 'changeset')} came after it: that they were left out, or "
            "made anew by somebody who may write the store, is not found; sign them with: prefcore "
            "audit checkpoint"
        )


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


# ------------------------------------------------------------------------------ checkpoint


@click.command("checkpoint", cls=Command)
@click.option(
    "--accept",
    is_flag=True,
    help="The log is right as it is, such as after an older state was put back; what speaks "
    "against it is listed, confirmed, and does not count any more.",
)
@click.option(
    "-y", "--yes", is_flag=True, help="With --accept: do not ask, what is listed is right."
)
@click.pass_obj
def checkpoint_command(session: Session, accept: bool, yes: bool) -> None:
    """Sign where the log stands, with your key ring: whoever makes it anew is found from now on.

    The checkpoint is kept in the log, and another beside your key ring, where who may write the
    store alone cannot reach it. Each backup makes one too, and holds it.
    """
    if yes and not accept:
        raise UsageError("--yes confirms what --accept lists; give both")
    with opened(session) as (audit, _):
        if accept:
            _confirm(session, audit.disputed(), yes=yes)
        made = audit.checkpoint(accept=accept)
    if session.json:
        print_json(_checkpoint_data(made))
    elif made is None:
        say(session, "nothing was added since the last checkpoint")
    else:
        say(session, f"signed the log up to revision {made.revision - 1}")


def _confirm(session: Session, disputed: Sequence[StoreProblem], *, yes: bool) -> None:
    """List what is accepted, and have it confirmed; raises UsageError and PolicyRefused."""
    for one in disputed:
        warn(f"{escaped(one.where)}: {escaped(one.what)}")
    if not disputed:
        warn("nothing that was signed here, or in the configured targets, speaks against the log")
    if yes:
        return
    told = "from then on no checkpoint made before, here or elsewhere, counts against the log"
    if not session.may_ask:
        raise UsageError(f"{told}; if it is right as it is, confirm with --yes")
    if not click.confirm(f"{told}. Is it right as it is?", err=True):
        raise PolicyRefused("not confirmed; nothing was signed")


def _checkpoint_data(made: Changeset | None) -> dict[str, object]:
    """Give what was made; ``signer`` is the public key by which others can check it."""
    if made is None:
        return {"changeset": None}
    held = made.details[CHECKPOINT]
    assert isinstance(held, dict), "it was just made"
    return {"changeset": made.id, **held}
