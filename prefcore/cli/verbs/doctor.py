"""``prefcore doctor``: what is wrong, line by line, and what to do about it."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import click

from prefcore.cli.backups import opened, told_encryption
from prefcore.cli.frame import Command
from prefcore.cli.output import amount, escaped, print_json
from prefcore.cli.session import Session
from prefcore.cli.sources import known_folder, snapshot_folder
from prefcore.cli.times import local_time
from prefcore.cli.verbs.doctor_keys import key_findings
from prefcore.cli.verbs.doctor_merging import merging_findings
from prefcore.cli.warnings import warnings_dropped
from prefcore.errors import NotPermitted, PolicyRefused, PrefcoreError
from prefcore.interfaces import Store
from prefcore.preferences import Preferences
from prefcore.schema import Schema, Version

__all__ = ["command"]

_COLORS = {"ok": "green", "warn": "yellow", "fail": "red"}
#: So many findings of one kind are told one by one.
_MOST = 10


class Finding(NamedTuple):
    """One line: ``state`` is ok, warn or fail; ``advice`` says what to do, where something is."""

    state: str
    check: str
    message: str
    advice: str = ""


@click.command("doctor", cls=Command)
@click.pass_obj
def command(session: Session) -> int:
    """Look for what is wrong, and say what to do: each line is ok, warn or fail.

    Exits with 1 if a line says fail.
    """
    found: list[Finding] = []
    for one in _findings(session):
        found.append(one)
        if not session.json:
            _print(one)
    if session.json:
        print_json([one._asdict() for one in found])
    return 1 if any(one.state == "fail" for one in found) else 0


def _print(one: Finding) -> None:
    state = click.style(one.state.ljust(4), fg=_COLORS[one.state])
    advice = f"; {one.advice}" if one.advice else ""
    click.echo(f"{state}  {one.check}: {escaped(one.message)}{escaped(advice)}")


def _findings(session: Session) -> Iterator[Finding]:
    yield from _guarded("configuration", lambda: _configuration(session))
    yield from _guarded("plugins", lambda: _plugins(session))
    yield from _guarded("access", lambda: _access(session))
    try:
        opened = session.preferences()
        with opened as prefs:
            yield from _guarded("permissions", lambda: _permissions(prefs))
            yield from _guarded("store", lambda: _store(prefs))
            yield from _guarded("schema", lambda: _schema(prefs))
            yield from _guarded("merging", lambda: _merging(prefs))
            yield from _guarded("values", lambda: _values(prefs))
            yield from _guarded("snapshots", lambda: _snapshots(session))
            yield from _guarded("migrations", lambda: _migrations(prefs))
            yield from _guarded("signatures", lambda: _signatures(prefs))
            yield from _guarded("safety copies", lambda: _copies(prefs))
            store = prefs.store if prefs.may("store") else None
            yield from _guarded("keys", lambda: _keys(session, store))
    except PrefcoreError as error:
        yield Finding("fail", "store", error.message)
        yield from _guarded("keys", lambda: _keys(session, None))
    for name in _targets(session):
        yield from _guarded(f"backups in {name}", partial(_backups, session, name))


def _guarded(check: str, look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """Give a check's findings; an error ends this check alone."""
    try:
        yield from look()
    except NotPermitted as error:
        yield Finding("warn", check, error.message)
    except PrefcoreError as error:
        yield Finding("fail", check, error.message)


def _configuration(session: Session) -> Iterator[Finding]:
    found = session.configuration
    place = found.path or "no prefcore.toml, all by options"
    yield Finding("ok", "configuration", f"{place}: application {found.app}, store {found.store}")


def _plugins(session: Session) -> Iterator[Finding]:
    plugins = session.plugins
    with warnings_dropped():  # the findings tell it
        index = plugins.load_all()
    problems = plugins.problems
    for problem in problems:
        yield Finding("fail", "plugins", problem.message)
    usable = sum(one.is_usable for one in index)
    if not problems:
        yield Finding("ok", "plugins", f"{usable} usable, none broken")
    if not plugins.formats.ids():
        advice = "install one with: pip install prefcore-json"
        yield Finding("warn", "plugins", "no format is installed: no export, no import", advice)


def _access(session: Session) -> Iterator[Finding]:
    access = session.access  # raises where a policy cannot be followed, or locks everybody out
    if access is None:
        yield Finding("ok", "access", "no policy: who can open the store may do everything")
        return
    policies = " and ".join(one.source for one in access.policies)
    roles = ", ".join(access.roles)
    told = f"by {policies}, {access.actor} has {roles or 'no role'}"
    advice = "" if roles else "see: prefcore access show"
    yield Finding("ok" if roles else "warn", "access", told, advice)


def _permissions(prefs: Preferences[Schema]) -> Iterator[Finding]:
    scheme, _, path = prefs.url.partition(":")
    if scheme != "sqlite" or os.name != "posix":
        return
    mode = stat.S_IMODE(Path(path).stat().st_mode)
    if prefs.read_only:
        yield Finding("warn", "permissions", f"{path} can only be read", "nothing can be changed")
    if mode & 0o022 == 0o020:
        told = f"all of its group may write {path}, with any program, past every access policy"
        yield Finding("warn", "permissions", told, f"where it is not shared so: chmod 600 {path}")
    elif mode & 0o022:
        yield Finding("fail", "permissions", f"others may write {path}", f"chmod 600 {path}")
    elif mode & 0o044:
        yield Finding("warn", "permissions", f"others may read {path}", f"chmod 600 {path}")
    else:
        yield Finding("ok", "permissions", f"only you may read and write {path}")


def _store(prefs: Preferences[Schema]) -> Iterator[Finding]:
    problems = list(islice(prefs.problems(), _MOST))
    for one in problems:
        yield Finding("fail", "store", f"{one.what} ({one.where})", one.advice)
    if not problems:
        state = prefs.state()
        held = f"{amount(state.sets, 'set')} with {amount(state.entries, 'value')}"
        yield Finding("ok", "store", f"entries, history and audit chain agree; {held}")
    last = prefs.pruned() if prefs.may("history") else None
    if last is not None:
        told = f"what was changed up to {local_time(last.at)} was pruned"
        yield Finding("ok", "history", f"{told} (revision {last.revision:,})")


def _schema(prefs: Preferences[Schema]) -> Iterator[Finding]:
    if prefs.version is None:
        first = prefs.newest_version
        if first is None:
            yield Finding("warn", "schema", "none is known", "set schemas in prefcore.toml")
        else:
            yield Finding("ok", "schema", f"none in force yet; the store will start at {first}")
        return
    document = prefs.schema  # compares the store's with the configured one, and raises
    newest = prefs.newest_version
    if newest is not None and Version.parse(newest) < Version.parse(document.version):
        message = (
            f"{document.version} in force, newer than {newest}, the newest configured: values can "
            "be read, and changes are refused"
        )
        advice = f"get the newer schemas, or: prefcore migrate down --to {newest}"
        yield Finding("warn", "schema", message, advice)
    elif newest not in (None, document.version):
        advice = "see: prefcore migrate status"
        message = f"{document.version} in force, the configured schemas end at {newest}"
        yield Finding("warn", "schema", message, advice)
    else:
        yield Finding("ok", "schema", f"{document.version} in force, the newest known")


def _merging(prefs: Preferences[Schema]) -> Iterator[Finding]:
    for state, message, advice in merging_findings(prefs):
        yield Finding(state, "merging", message, advice)


def _values(prefs: Preferences[Schema]) -> Iterator[Finding]:
    if prefs.version is None:
        return
    declared = prefs.schema.preferences
    refused: list[str] = []
    unknown: list[str] = []
    for _, key, fault in prefs.faults():
        (refused if key in declared else unknown).append(fault)
    yield from _some("fail", refused, "if it is the value, set it anew or unset it")
    yield from _some("warn", unknown, "it is kept as it came; where nothing needs it, unset it")
    if not refused and not unknown:
        yield Finding("ok", "values", f"all valid under {prefs.version}")


def _some(state: str, faults: list[str], advice: str) -> Iterator[Finding]:
    for fault in faults[:_MOST]:
        yield Finding(state, "values", fault, advice)
    if len(faults) > _MOST:
        yield Finding(state, "values", f"{len(faults) - _MOST} more", "see: prefcore validate")


def _snapshots(session: Session) -> Iterator[Finding]:
    """Warn of snapshots that lie where they are written, and that migrations do not look at."""
    config = session.configuration
    folder = snapshot_folder(config)
    if not config.schemas or known_folder(config) is not None or not folder.is_dir():
        return
    found = sorted(one.name for one in folder.glob("*.json"))
    if found:
        told = f"{len(found)} in {folder}, which migrations do not know"
        named = os.path.relpath(folder, config.folder or ".")
        advice = f'to prefcore.toml, under [compatibility], add snapshots = "{named}"'
        yield Finding("warn", "snapshots", told, advice)


def _migrations(prefs: Preferences[Schema]) -> Iterator[Finding]:
    try:
        count = len(prefs.steps())
    except PolicyRefused as error:
        yield Finding("warn", "migrations", error.message, "until then nothing can be migrated")
        return
    changed = prefs.changed_steps()
    for one in changed:
        yield Finding("fail" if one.severity == "error" else "warn", "migrations", one.message)
    if not changed:
        told = f"{amount(count, 'step')} can be read" if count else "no steps"
        yield Finding("ok", "migrations", told)


def _keys(session: Session, store: Store | None) -> Iterator[Finding]:
    for state, message, advice in key_findings(session, store):
        yield Finding(state, "keys", message, advice)


def _signatures(prefs: Preferences[Schema]) -> Iterator[Finding]:
    found = prefs.audit.glance()
    if found is None:
        yield Finding("ok", "signatures", "there is no key ring to sign the log with")
        return
    for one in found.problems[:_MOST]:
        yield Finding(
            "fail", "signatures", f"{one.what} ({one.where})", "see: prefcore audit verify"
        )
    if found.last is None and not found.problems:
        told = f"the log is not signed, {_changesets(found.unsigned)}"
        yield Finding("warn", "signatures", told, "sign it: prefcore audit checkpoint")
    elif found.last is not None:
        since = f", {_changesets(found.unsigned)} came since" if found.unsigned else ""
        told = f"signed up to revision {found.last.revision}, {local_time(found.last.at)}{since}"
        yield Finding("ok", "signatures", told)


def _changesets(count: int) -> str:
    return f"{count:,} changeset{'' if count == 1 else 's'}"


def _targets(session: Session) -> list[str]:
    try:
        return sorted(session.targets)
    except PrefcoreError:
        return []  # what is wrong with the configuration was told before


def _backups(session: Session, target: str) -> Iterator[Finding]:
    check = f"backups in {target}"
    with opened(session, target) as backups:
        found = backups.list()
    for one in found.backups:
        if one.problem is not None:
            yield Finding("warn", check, one.problem.message)
    if found.foreign:
        advice = "give the target a folder of its own"
        told = f"{amount(len(found.foreign), 'file')} of something else"
        yield Finding("warn", check, told, advice)
    if not found.whole:
        yield Finding("warn", check, "none yet", "make one with: prefcore backup create")
        return
    newest = found.whole[-1]
    when, how = local_time(newest.created_at), told_encryption(newest)
    told = f"{len(found.whole)} whole, the newest of {when}, {how}"
    yield Finding("ok", check, told)


def _copies(prefs: Preferences[Schema]) -> Iterator[Finding]:
    found = prefs.copies()
    if not found:
        yield Finding("ok", "safety copies", "none yet; migrations make them")
        return
    newest = found[0]
    told = f"{len(found)}, the newest of {local_time(newest.made_at)} ({newest.reason})"
    yield Finding("ok", "safety copies", told)
