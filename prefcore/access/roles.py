"""Roles: what may be done, who may do it where, and what a role contains; tables, and no decision.

On the way of ``prefcore get``, so it imports next to nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["ACTIONS", "GRANTS", "OF_SETS", "PLACES", "ROLES", "TAKES", "held_with"]

#: What may be done with the values of a set: it is asked for place and key.
OF_SETS = {
    "read": "see values",
    "reveal": "open secrets",
    "write": "set, unset, import, undo and restore values",
}
#: Everything that may be done, with what it means.
ACTIONS = {
    **OF_SETS,
    "inspect": "see schema versions, declarations, steps and the state of the store",
    "history": "see the log: who changed which keys, when and why, without the values",
    "register": "record schema versions, and describe them",
    "apply": "put a schema version in force: migrate up and down, undo a migration",
    "prune": "remove from the history what stood before old changes",
    "deprecate": "say that a version is to be left, or what it is compatible with",
    "backup": "make, look at and restore backups",
    "keys": "encrypt the secrets of the store anew, and sign its log",
    "act_as": "act under another name than one's own",
    "store": "use the store itself, beside every rule",
}
#: What an act takes besides, because it looks at declarations, or at values.
TAKES = {
    "read": ("inspect",),
    "reveal": ("inspect", "read"),
    "write": ("inspect",),
    "deprecate": ("inspect",),
}
#: Where a set may be: ``own`` is the user's set whose id is the actor's.
PLACES = ("system", "own", "user", "project", "template")

#: The roles there are, each with those that it contains.
ROLES: Mapping[str, tuple[str, ...]] = {
    "viewer": (),
    "user": ("viewer",),
    "project_admin": ("user",),
    "admin": ("project_admin",),
    "security_admin": ("viewer",),
}
#: What each role may do besides what it contains: an action, or an action at a place.
GRANTS: Mapping[str, tuple[str, ...]] = {
    "viewer": (
        *("inspect", "history"),
        *("read system", "read own", "read project", "read template"),
    ),
    "user": ("write own", "reveal system", "reveal own", "reveal project"),
    "project_admin": ("write project",),
    "admin": (
        *("read user", "write system", "write user", "write template", "reveal template"),
        *("register", "backup", "prune"),
    ),
    "security_admin": (
        *("read user", "apply", "deprecate", "backup", "keys", "act_as", "store"),
        *(f"reveal {place}" for place in PLACES),
    ),
}


def held_with(role: str) -> frozenset[str]:
    """Give a role with all that it contains; one that is not built in contains none."""
    found = {role}
    for inner in ROLES.get(role, ()):
        found |= held_with(inner)
    return frozenset(found)
