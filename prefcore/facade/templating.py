"""Templates: named sets to make others from, and the acts on them as plans."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from prefcore.errors import NotFound, UnknownKey, UsageError
from prefcore.model import Plan, PreferenceSet, Scope, Selection
from prefcore.model.sets import place
from prefcore.resolution import untrusted

if TYPE_CHECKING:
    from prefcore.preferences import Preferences

__all__ = ["Templates"]


class Templates:
    """The templates of one application: sets that hold values for others and for nobody's use.

    They are stored like an owner's, with history; ``Preferences.apply`` carries the plans out.
    """

    def __init__(self, prefs: Preferences[Any]) -> None:
        self._prefs = prefs

    def __iter__(self) -> Iterator[PreferenceSet]:
        """Give each template, sorted by name."""
        return self._prefs.sets(Selection(scopes=(Scope.TEMPLATE,)))

    def named(self, name: str) -> PreferenceSet:
        """Give what a template holds; raises NotFound where there is none of that name."""
        held = self._prefs.read_set(Scope.TEMPLATE, name)
        if not held.rows:
            raise NotFound(
                f"there is no template '{name}'; `prefcore template list` shows those there are",
                template=name,
            )
        return held

    def plan_save(
        self, name: str, scope: str, owner: str, *, keys: str = "*", reason: str = ""
    ) -> Plan:
        """Say what making a template from a set's own values would do; it then holds just these.

        ``keys`` is a glob. Sensitive values stay where they are, and those of keys that the schema
        does not declare, which is told. Raises NotFound where nothing is to be saved, and what
        ``set_many`` raises.
        """
        if scope == Scope.TEMPLATE and owner == name:
            raise UsageError(f"template '{name}' is that set already; save it under another name")
        held = [
            one for one in self._prefs.read_set(scope, owner).entries if fnmatchcase(one.key, keys)
        ]
        unknown = [one.key for one in held if not self._is_declared(one.key)]
        held = [one for one in held if one.key not in unknown]
        values = {one.key: one.value for one in held if not self._is_secret(one.key)}
        if not values:
            which = "" if keys == "*" else f" that matches {keys}"
            where = f"{place(scope, owner)} holds"
            if held:
                raise NotFound(f"{where} only secrets{which}, and a template takes none of those")
            declared = " declared" if unknown else ""
            raise NotFound(f"{where} nothing{declared}{which} to save as a template")
        before = self._prefs.read_set(Scope.TEMPLATE, name)
        gone = [row[0] for row in before.rows if row[0] not in values]
        return self._prefs.plan_set(
            Scope.TEMPLATE,
            name,
            values,
            unset=gone,
            source="manual",
            reason=reason,
            left_out=[_undeclared(key, place(scope, owner)) for key in unknown],
            summary=f"save template {name} from {place(scope, owner)}",
        )

    def _is_declared(self, key: str) -> bool:
        try:
            self._prefs.schema.preference(key)
        except UnknownKey:
            return False
        return True

    def _is_secret(self, key: str) -> bool:
        return self._prefs.declared(key).sensitive

    def plan_apply(
        self, name: str, scope: str, owner: str, *, trust: bool = False, reason: str = ""
    ) -> Plan:
        """Say what giving a set the template's values would do; its other values stay.

        Those of ``trusted_only`` keys are left out, and told, but for ``trust``. Raises NotFound,
        and what ``set_many`` raises, as where a key may not stand in the scope.
        """
        if scope == Scope.TEMPLATE:
            raise UsageError("a template is applied to a user, a project or the system")
        values = self._prefs.values_of(self.named(name))
        left_out = [] if trust else [key for key in values if self._asks_for_trust(key)]
        return self._prefs.plan_set(
            scope,
            owner,
            {key: value for key, value in values.items() if key not in left_out},
            source="template",
            reason=reason or f"template {name}",
            left_out=[untrusted(key, f"template/{name}") for key in left_out],
            summary=f"apply template {name} to {place(scope, owner)}",
        )

    def _asks_for_trust(self, key: str) -> bool:
        return self._prefs.declared(key).trusted_only

    def plan_delete(self, name: str, *, reason: str = "") -> Plan:
        """Say what deleting a template would do; sets made from it keep their values."""
        keys = [row[0] for row in self.named(name).rows]
        summary = f"delete template {name}"
        return self._prefs.plan_set(
            Scope.TEMPLATE, name, {}, unset=keys, reason=reason, summary=summary
        )


def _undeclared(key: str, where: str) -> str:
    return f"{where} {key}: the schema does not declare the key, so it was left out of the template"
