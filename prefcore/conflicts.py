"""Conflicts of an import: written out for a person to decide, and what was decided, checked.

A conflict file says what each side holds, and a mark over it. What is taken back belongs to just
those conflicts: where a mark no longer fits, somebody edited the file or the state moved.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from hashlib import sha256

import attrs

from prefcore.errors import DamagedDocument, InvalidValue, PrefcoreError, StalePlan, UsageError
from prefcore.model import Conflict
from prefcore.model.sets import place
from prefcore.values import UNSET, Sealed, canonical_text, kind_of

__all__ = ["SIDES", "Choice", "Settlement", "conflict_values", "mark_of", "read_choices"]

#: What may be chosen.
SIDES = ("base", "ours", "theirs")

_HELP = (
    "Write ours, theirs or base into each choice, and change nothing else; a side that is not "
    "shown holds nothing, and choosing it unsets the key. Then import the same file with --resolve "
    "and the name of this one."
)
_FACTS = ("choice", "key", "scope", "owner", "mark")
_SHOWN = ("base", "ours", "theirs", "ours_at", "theirs_at", "sensitive")


def _checked_side(value: str) -> str:
    if value not in SIDES:
        raise UsageError(f"there is no side {value!r:.40} to take; known are {', '.join(SIDES)}")
    return value


@attrs.frozen
class Choice:
    """What somebody decided for one key of one set: ``ours``, ``theirs`` or ``base``.

    ``mark`` is that of the conflict it was decided on; empty, it holds for whatever is there.
    """

    scope: str
    owner: str
    key: str
    side: str = attrs.field(converter=_checked_side)
    mark: str = ""

    @property
    def about(self) -> tuple[str, str, str]:
        """Scope, owner and key."""
        return self.scope, self.owner, self.key


def mark_of(conflict: Conflict) -> str:
    """Give what tells a conflict from one with other values: 16 hexadecimal digits.

    Of a sensitive key only equality tags count, for a mark over a secret could be guessed at.
    """
    sides = [_marked(getattr(conflict, side), conflict.sensitive) for side in SIDES]
    text = canonical_text([conflict.scope, conflict.owner, conflict.key, *sides])
    return sha256(text.encode()).hexdigest()[:16]


def _marked(value: object, sensitive: bool) -> list[object]:
    if value is UNSET:
        return []
    if isinstance(value, Sealed):
        return ["sealed", value.tag]
    return ["hidden"] if sensitive else ["value", value]


# --------------------------------------------------------------------------------- the file


def conflict_values(conflicts: Iterable[Conflict], *, app: str, file: str) -> dict[str, object]:
    """Give what a conflict file holds, as the values of a plain file; secrets are not in it."""
    return {"app": app, "file": file, "help": _HELP, "conflicts": list(map(_told, conflicts))}


def _told(conflict: Conflict) -> dict[str, object]:
    told: dict[str, object] = {
        "choice": "",
        "key": conflict.key,
        "scope": conflict.scope,
        "owner": conflict.owner,
        "mark": mark_of(conflict),
    }
    if conflict.sensitive:
        return {**told, "sensitive": True}
    for side in SIDES:
        if (value := getattr(conflict, side)) is not UNSET:
            told[side] = value
    for side in ("ours_at", "theirs_at"):
        if (at := getattr(conflict, side)) is not None:
            told[side] = at.isoformat(timespec="microseconds").replace("+00:00", "Z")
    return told


def read_choices(values: Mapping[str, object], *, name: str, app: str) -> tuple[Choice, ...]:
    """Give what was chosen in a conflict file; what has no choice yet is left out.

    Raises InvalidValue for a choice that is none and for edited values, DamagedDocument where a
    fact is missing, UsageError for a file that is no conflict file, or of another application.
    """
    told = values.get("conflicts")
    if not isinstance(told, list) or not isinstance(values.get("app"), str):
        raise UsageError(f"{name} is no conflict file; `import --conflicts FILE` writes one")
    if values["app"] != app:
        raise UsageError(f"{name} holds conflicts of {values['app']}, not of {app}")
    found: dict[tuple[str, str, str], Choice] = {}
    for number, one in enumerate(told, 1):
        where = f"{name}, conflict {number}"
        if not isinstance(one, dict):
            raise DamagedDocument(f"{where}: an object should stand here, not {kind_of(one)}")
        about, side = _checked(one, where)
        if about in found:
            raise DamagedDocument(f"{where}: {_label(*about)} stands twice; remove one")
        if side:
            found[about] = Choice(*about, side, str(one["mark"]))
    return tuple(found.values())


def _checked(told: Mapping[str, object], where: str) -> tuple[tuple[str, str, str], str]:
    """Give what a conflict in a file is about, and its choice; raises where it was edited."""
    for name in told:
        if name not in _FACTS and name not in _SHOWN:
            raise DamagedDocument(f"{where}: there is no field '{name[:80]}'; remove it")
    for name in _FACTS:
        if not isinstance(told.get(name), str):
            raise DamagedDocument(f"{where}: the text '{name}' is missing; write the file anew")
    scope, owner, key = (str(told[name]) for name in ("scope", "owner", "key"))
    where = f"{where}, {_label(scope, owner, key)}"
    if told.get("sensitive") is not True:
        base, ours, theirs = (told.get(side, UNSET) for side in SIDES)
        shown = Conflict(scope, owner, key, base=base, ours=ours, theirs=theirs)
        if mark_of(shown) != told["mark"]:
            raise InvalidValue(
                f"{where}: something but the choice was edited; write the file anew", key=key
            )
    choice = str(told["choice"]).strip()
    if choice and choice not in SIDES:
        raise InvalidValue(
            f"{where}: there is no choice '{choice[:40]}'; write ours, theirs or base",
            key=key,
        )
    return (scope, owner, key), choice


def _label(scope: str, owner: str, key: str) -> str:
    return f"{place(scope, owner)} {key}"


# ----------------------------------------------------------------------------- what they do


class Settlement:
    """Knows which side was chosen for a conflict, and sees that every choice was about one."""

    def __init__(
        self, choices: Iterable[Choice] = (), take: Iterable[tuple[str, str]] = ()
    ) -> None:
        self._choices = {one.about: one for one in choices}
        self._waiting = dict(self._choices)
        self._take = [(glob, _checked_side(side), [False]) for glob, side in take]

    @property
    def is_empty(self) -> bool:
        """Whether nothing was chosen."""
        return not (self._choices or self._take)

    def side(self, conflict: Conflict) -> str | None:
        """Give the side chosen: by the first glob of ``take`` that matches, else by a choice.

        Raises StalePlan where the choice was made on other values, and InvalidValue where there
        is no base to go back to.
        """
        choice = self._waiting.pop((conflict.scope, conflict.owner, conflict.key), None)
        if choice is not None and choice.mark and choice.mark != mark_of(conflict):
            raise self._stale(choice, "holds something else by now")
        side = None if choice is None else choice.side
        for glob, taken, used in self._take:
            if fnmatchcase(conflict.key, glob):
                side, used[0] = taken, True
                break
        if side == "base" and conflict.base is UNSET:
            raise InvalidValue(
                f"{_label(conflict.scope, conflict.owner, conflict.key)} has no base to go back "
                "to; choose ours or theirs",
                key=conflict.key,
            )
        return side

    def unused(self) -> list[str]:
        """Give the globs of ``take`` that no conflict matched; raises StalePlan for a choice."""
        for choice in self._waiting.values():
            raise self._stale(choice, "is in no conflict any more")
        return [glob for glob, _, used in self._take if not used[0]]

    def _stale(self, choice: Choice, what: str) -> PrefcoreError:
        return StalePlan(
            f"{_label(*choice.about)} {what} since the choice was made; write the conflicts anew",
            key=choice.key,
        )
