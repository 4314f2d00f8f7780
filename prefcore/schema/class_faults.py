"""What a class may not declare, although a document that says so can still be read.

Stores may hold versions that earlier releases let pass; they have to open, so that a mended class
can take them on. New ones are refused where they are written: in the class.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from prefcore.schema.declared import Preference

__all__ = ["class_faults", "name_fault"]

#: An application's name becomes a folder's, and part of variables.
MAX_APP_LENGTH = 100

# POSIX.1-2024, 3.216 Name: what shells can set.
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
#: What begins so configures prefcore itself.
_OWN_VARIABLES = "PREFCORE_"


def name_fault(app: object, version: object) -> str | None:
    """Give one sentence on what is wrong with an application's name or version as such, if any."""
    for field, given in (("app", app), ("version", version)):
        if not isinstance(given, str):
            return f"{field} takes text, not {type(given).__name__}"
    assert isinstance(app, str)
    if not version:
        return "version is empty; write one like 1.2.3"
    if len(app) > MAX_APP_LENGTH:
        return f"app is longer than {MAX_APP_LENGTH} characters"
    if any(mark in app for mark in "/\\:") or app.startswith("."):
        return (
            f"app {app!r} can't name a folder: no slash and no colon, and no dot at its beginning"
        )
    return None


def class_faults(preferences: Mapping[str, Preference]) -> Iterator[str]:
    """Give one sentence for each fault of a class's preferences, by themselves or together."""
    yield from _alike_but_for_case(preferences)
    yield from _in_variables(preferences.values())
    for key, preference in preferences.items():
        if preference.locked and "system" not in preference.scopes:
            yield f"{key}: it is locked for the system's value to win, and may not stand there"


def _alike_but_for_case(keys: Iterable[str]) -> Iterator[str]:
    seen: dict[str, str] = {}
    for key in keys:
        other = seen.setdefault(key.casefold(), key)
        if other != key:
            yield f"{key}: it differs from {other} in capitals alone; rename one of them"


def _in_variables(preferences: Iterable[Preference]) -> Iterator[str]:
    owners: dict[str, str] = {}
    for preference in preferences:
        key, name = preference.key, preference.env
        if name is None:
            continue
        if not _VARIABLE.fullmatch(name):
            yield (
                f"{key}: env {name[:80]!r} is no name of a variable; take letters, digits and "
                "underscores, and no digit first"
            )
        elif name.startswith(_OWN_VARIABLES):
            yield f"{key}: env {name} configures prefcore itself; take a name of the application's"
        elif owners.setdefault(name, key) != key:
            yield f"{key}: env {name} is the variable of {owners[name]} already"
