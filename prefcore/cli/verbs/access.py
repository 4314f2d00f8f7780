"""``prefcore access``: which policies hold, what you may do by them, and why not."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from prefcore.access.key_names import Judged
from prefcore.access.roles import ACTIONS, OF_SETS, PLACES, TAKES
from prefcore.cli.completing import keys
from prefcore.cli.frame import PATH, Command, LazyGroup
from prefcore.cli.options import Target, one_set
from prefcore.cli.output import escaped, print_json, print_table, say, warn
from prefcore.cli.session import Session
from prefcore.errors import NotFound, UnknownKey, UsageError
from prefcore.model.sets import place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prefcore.access.policy import Access, Decision
    from prefcore.preferences import Preferences
    from prefcore.schema import Schema

__all__ = ["check_command", "command", "show_command"]

#: An owner that is nobody's name: another than who is asked about.
_ANOTHER = "\0another"

command = LazyGroup(
    name="access",
    package="prefcore.cli.verbs",
    table={
        "show": ("access:show_command", "Show which policies hold, and what you may do."),
        "check": ("access:check_command", "Say whether something is allowed, and why."),
    },
    help="See who may do what: policies, roles, and why something is refused.",
)

_for = click.option("--for", "actor", metavar="ID", help="Ask for this user (default: you).")
_policy = click.option(
    "--policy",
    metavar="FILE",
    type=PATH,
    help="By this policy instead of those in force, as before it is put in its place.",
)


@click.command("show", cls=Command)
@_for
@_policy
@click.pass_obj
def show_command(session: Session, actor: str | None, policy: str | None) -> None:
    """Show the access policies in force, the roles you have by them, and what you may do."""
    access = _access(session, actor, policy)
    if session.json:
        print_json(_data(session, access, actor))
        return
    if access is None:
        say(session, _no_policy(session))
        return
    for one in access.policies:
        click.echo(f"policy {escaped(one.source)}, which {escaped(one.keeper or 'somebody')} keeps")
    click.echo(f"{escaped(access.actor)} has: {', '.join(access.roles) or 'no role'}")
    print_table(
        (mark, action, ", ".join(places), ACTIONS[action]) for action, mark, places in _may(access)
    )
    rules = [rule for one in access.policies for rule in one.rules]
    if rules:
        say(session, f"rules that allow or forbid more: {len(rules)}; ask: prefcore access check")


def _data(session: Session, access: Access | None, actor: str | None) -> dict[str, object]:
    if access is None:
        return {"actor": actor or session.me, "policies": [], "roles": None, "actions": None}
    return {
        "actor": access.actor,
        "policies": [one.source for one in access.policies],
        "roles": list(access.roles),
        "actions": {
            action: places if action in OF_SETS else mark == "yes"
            for action, mark, places in _may(access)
        },
    }


def _may(access: Access) -> list[tuple[str, str, list[str]]]:
    found = []
    for action in ACTIONS:
        places = [one for one in PLACES if action in OF_SETS and _is_allowed(access, action, one)]
        allowed = bool(places) or (action not in OF_SETS and access.refusal(action) is None)
        found.append((action, "yes" if allowed else "no", places))
    return found


def _is_allowed(access: Access, action: str, where: str) -> bool:
    scope = "user" if where == "own" else where
    owner = {"own": access.actor, "system": ""}.get(where, _ANOTHER)
    return access.refusal(action, scope, owner) is None


@click.command("check", cls=Command)
@click.argument("action", metavar="ACTION", type=click.Choice(list(ACTIONS)))
@click.argument("key", required=False, shell_complete=keys)
@one_set
@_for
@_policy
@click.pass_obj
def check_command(
    session: Session,
    action: str,
    key: str | None,
    target: Target,
    actor: str | None,
    policy: str | None,
) -> int:
    """Say whether ACTION is allowed, on KEY in one set where it is of a set, and by which rule.

    ACTION is read, reveal or write, which are of sets, or inspect, history, register, apply,
    deprecate, backup, keys, act_as or store. What it takes besides is asked for too. Exits with 1
    where it is refused. Nothing is done, and nothing is recorded.
    """
    if action not in OF_SETS and (key is not None or target.named):
        raise UsageError(f"{action} is of no set; only {', '.join(OF_SETS)} take KEY and a set")
    access = _access(session, actor, policy)
    where = target.to_change(lambda: session.me) if action in OF_SETS else ("", "")
    asked, roles = _asked_of(session, key or "")
    decisions = list(_decisions(access, action, where, asked, roles))
    refused = [one for _, one in decisions if not one.allowed]
    what = " ".join(filter(None, (action, place(*where), key)))
    who = actor or session.me
    if session.json:
        told = [{"action": name, **one._asdict()} for name, one in decisions]
        print_json({"actor": who, "allowed": not refused, "what": what, "decisions": told})
        return 1 if refused else 0
    click.echo(escaped(f"{'refused' if refused else 'allowed'}: {who} {what}"))
    for name, one in decisions:
        if one.allowed == (not refused) and (refused or name == action):
            besides = "" if name == action else f"it takes {name} too, and "
            click.echo(escaped(f"  {besides}{one.why}" + (f"; {one.remedy}" if one.remedy else "")))
    if access is None:
        click.echo(f"  {_no_policy(session)}")
    elif action == "read" and key and not refused and where[0] in ("user", "project"):
        _tell_of_system(access, asked)
    return 1 if refused else 0


def _decisions(
    access: Access | None,
    action: str,
    where: tuple[str, str],
    asked: Judged,
    roles: tuple[str, ...],
) -> Iterator[tuple[str, Decision]]:
    """Give what each policy says of an action, and of those that it takes besides."""
    if access is None:
        return
    for name in (action, *TAKES.get(action, ())):
        of_key = (*where, asked.name) if name in OF_SETS else ()
        needed = roles if name == "write" else ()
        for role in needed or (None,):
            for one in access.decisions(name, *of_key, needed=role, others=asked.others):
                yield name, one


def _tell_of_system(access: Access, asked: Judged) -> None:
    """Say where `prefcore get` is refused although the set itself may be read."""
    found = access.refusal("read", "system", "", asked.name, others=asked.others)
    if found is not None:
        told = f"  prefcore get is refused nevertheless, for it reads system {asked.name} too: "
        click.echo(escaped(f"{told}{found.why}"))


def _asked_of(session: Session, key: str) -> tuple[Judged, tuple[str, ...]]:
    """Give the key as it is judged, and the roles that changing it takes.

    As given, and none, where nothing is configured, or whoever asks may not see declarations.
    """
    if not key or not (session.file or session.app):
        return Judged(key), ()
    if session.access is not None and session.access.refusal("inspect"):
        warn(f"you may not see what the schema says of {escaped(key)}, so that is left out")
        return Judged(key), ()
    try:
        with session.preferences() as prefs:
            named = prefs.schema.key_of(key)
            _warn_undeclared(prefs, named)
            return prefs.judged(named)
    except NotFound:  # no store, or no schema yet
        return Judged(key), ()


def _warn_undeclared(prefs: Preferences[Schema], key: str) -> None:
    """Say it of a key that the schema in force does not declare: rules are asked all the same."""
    try:
        prefs.schema.preference(key)
    except UnknownKey as error:
        warn(f"{escaped(error.message)}; what follows is of a key called so")


def _access(session: Session, actor: str | None, policy: str | None) -> Access | None:
    if policy is None and actor is None:
        return session.access
    from prefcore.access.files import access_of

    paths = None if policy is None else (policy,)
    if policy is not None:
        from prefcore.access.files import read_policy

        if not os.path.lexists(policy):  # a link to nothing is there, and is told
            raise NotFound(f"there is no file {policy}", path=policy)
        read_policy(policy)  # raises what is wrong with it
    return access_of(session.environ, actor, paths=paths)


def _no_policy(session: Session) -> str:
    from prefcore.access.files import policy_paths

    system, own = policy_paths(session.environ)
    return (
        f"there is no access policy ({system} or {own}): everybody whom the operating system lets "
        "at the store has every role"
    )
