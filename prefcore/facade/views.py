"""Live views: how an instance of a schema class reads and changes one set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from prefcore.errors import UsageError
from prefcore.schema.secret import Secret
from prefcore.values import UNSET

if TYPE_CHECKING:
    from prefcore.facade.changing import Changer

__all__ = ["Buffered", "Live", "Resolved"]


class Live:
    """Binds a typed view to one set: reading resolves for its owner, assigning is durable."""

    def __init__(
        self,
        prefs: Changer[Any],
        scope: str,
        owner: str,
        who: Mapping[str, str | None],
        *,
        trust: bool = False,
    ) -> None:
        self._prefs = prefs
        self._trust = trust
        self._set = (scope, owner)
        self._who = who

    def get(self, key: str) -> object:
        value = self._prefs.get(key, default=UNSET, trust=self._trust, **self._who)
        # The view gives what is declared: a Secret where that is one, and makes it itself.
        return value.reveal() if isinstance(value, Secret) else value

    def set(self, key: str, value: object) -> None:
        self._prefs.set_many(*self._set, {key: value})

    def unset(self, key: str) -> None:
        self._prefs.set_many(*self._set, {}, unset=[key])


class Resolved(Live):
    """Binds a typed view for reading."""

    def __init__(
        self, prefs: Changer[Any], who: Mapping[str, str | None], *, trust: bool = False
    ) -> None:
        super().__init__(prefs, "", "", who, trust=trust)

    def set(self, key: str, value: object) -> None:
        raise UsageError(
            f"{key}: a resolved view is for reading; assign through user(), project() or system"
        )

    def unset(self, key: str) -> None:
        self.set(key, None)


class Buffered(Live):
    """Binds a typed view whose assignments wait for the end of a ``change`` block."""

    def __init__(
        self, prefs: Changer[Any], scope: str, owner: str, who: Mapping[str, str | None]
    ) -> None:
        super().__init__(prefs, scope, owner, who)
        self.values: dict[str, object] = {}
        self.unset_keys: list[str] = []
        self.ended = False

    def get(self, key: str) -> object:
        return self.values[key] if key in self.values and not self.ended else super().get(key)

    def set(self, key: str, value: object) -> None:
        self._refuse_if_ended(key)
        self._prefs.check(*self._set, key, value)
        self.values[key] = value
        self.unset_keys = [one for one in self.unset_keys if one != key]

    def unset(self, key: str) -> None:
        self._refuse_if_ended(key)
        self.values.pop(key, None)
        self.unset_keys.append(key)

    def _refuse_if_ended(self, key: str) -> None:
        if self.ended:
            raise UsageError(f"{key}: this change() block has ended; begin another one")
