"""Updating: a person's plain file is made to hold what a set holds, and keeps all else in it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import attrs

from prefcore.errors import InvalidValue
from prefcore.model import PlanItem, PreferenceSet, Selection
from prefcore.schema import SchemaDocument
from prefcore.values import UNSET, Sealed, canonical_text

__all__ = ["Updated", "updated_values"]


@attrs.frozen
class Updated:
    """The values a plain file is to hold, as nested as they are in it, and what that changes.

    ``left_out`` are keys of the set that stay out of files: not portable, or sealed.
    """

    values: Mapping[str, object]
    items: tuple[PlanItem, ...]
    left_out: tuple[str, ...] = ()


def updated_values(
    held: Mapping[str, object],
    one: PreferenceSet,
    schema: SchemaDocument,
    known: Collection[str],
    selection: Selection,
) -> Updated:
    """Give what a plain file that holds ``held`` is to hold when it tells of a set.

    A key that the set holds is put in; one that it does not hold is taken out, if it is ``known``:
    declared, or held by some set at some time. Names that nobody knows, keys that are not selected
    and those that stay out of files are left as they are.
    """
    stays = {key for key, preference in schema.preferences.items() if not preference.portable}
    left_out = set()
    wanted: dict[str, object] = {}
    for entry in one.entries:
        if not selection.takes_key(entry.key):
            continue
        if entry.key in stays or isinstance(entry.value, Sealed):
            left_out.add(entry.key)
        else:
            wanted[entry.key] = entry.value
    ours = {key for key in {*known, *schema.preferences, *wanted} if selection.takes_key(key)}
    merging = _Merging(wanted, ours - stays - left_out)
    values = merging.walk("", held)
    for key in sorted(wanted.keys() - merging.met):
        merging.place(values, key)
    items = [attrs.evolve(item, scope=one.scope, owner=one.owner) for item in merging.items]
    return Updated(values, tuple(sorted(items, key=_key_of)), tuple(sorted(left_out)))


def _key_of(item: PlanItem) -> str:
    return item.key


class _Merging:
    """One file's values on their way to what a set holds."""

    def __init__(self, wanted: Mapping[str, object], ours: Collection[str]) -> None:
        self._wanted = wanted
        self._ours = ours
        self._sections = {
            key[:at] for key in ours for at, sign in enumerate(key) if sign == "." and at
        }
        self._walked: set[int] = set()
        self.met: set[str] = set()
        self.items: list[PlanItem] = []

    def walk(self, prefix: str, members: Mapping[str, object]) -> dict[str, object]:
        """Give an object of the file with its keys as wanted; those met need no place."""
        made: dict[str, object] = {}
        self._walked.add(id(made))
        for name, value in members.items():
            dotted = f"{prefix}.{name}" if prefix else name
            if dotted in self._ours:
                if dotted in self.met:
                    raise InvalidValue(f"{dotted} stands twice, by two spellings; keep one")
                self.met.add(dotted)
                if dotted in self._wanted:
                    made[name] = self._wanted[dotted]
                self._tell(dotted, value)
            elif isinstance(value, Mapping) and dotted in self._sections:
                made[name] = self.walk(dotted, value)
            else:
                made[name] = value
        return made

    def place(self, values: dict[str, object], key: str) -> None:
        """Put a key in that the file does not hold: where its section is an object, else flat."""
        members, rest = values, key
        while True:
            heads = (rest[:at] for at, sign in enumerate(rest) if sign == ".")
            head = next((one for one in heads if id(members.get(one)) in self._walked), None)
            if head is None:
                break
            inner = members[head]
            assert isinstance(inner, dict)  # walked
            members, rest = inner, rest[len(head) + 1 :]
        members[rest] = self._wanted[key]
        self._tell(key, UNSET)

    def _tell(self, key: str, before: object) -> None:
        after = self._wanted.get(key, UNSET)
        if before is UNSET:
            self.items.append(PlanItem("add", key, after=after))
        elif after is UNSET:
            self.items.append(PlanItem("remove", key, before=before))
        elif canonical_text(before) != canonical_text(after):
            self.items.append(PlanItem("change", key, before=before, after=after))
