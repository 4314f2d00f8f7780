"""Looking up: what value holds for a key, and why; the reading half of the facade.

All that `prefcore get` loads besides the store: no attrs, no schema package, no plugins. A key's
declaration comes from the store, as text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from prefcore.access.judging import Judge
from prefcore.access.key_names import KeyNames
from prefcore.environment import variable_of
from prefcore.errors import StoreMoved, UnknownKey
from prefcore.resolution import Declared, ExplainedLayer, Layer, explain, trusted, winner
from prefcore.values import UNSET, Sealed, from_text

if TYPE_CHECKING:
    from prefcore.access.policy import Access
    from prefcore.interfaces import Store

__all__ = ["Lookup"]


class Lookup:
    """Reads one application's values in a store, at the schema version in force when opened."""

    def __init__(
        self, store: Store, app: str, *, access: Callable[[], Access | None] = lambda: None
    ) -> None:
        self._store = store
        self._access_now = access
        self._judging: Judge | None = None
        self.app = app
        self._version, _ = store.declaration(app, "")
        self._declared: dict[str, Declared] = {}
        #: The environment, where it is a layer; its variables' texts mean what the schema says.
        self._environ: Mapping[str, str] = {}

    def permit(
        self,
        action: str,
        scope: str = "",
        owner: str = "",
        key: str = "",
        *,
        needed: str | None = None,
    ) -> None:
        """Raise NotPermitted where the actor may not do that, and record the denial.

        Each call of the facade passes here; a program does that beside it calls it too. ``needed``
        is the role that the key's declaration asks for.
        """
        judge = self._judge
        if judge is not None:
            with self._recorded():
                judge.check(action, scope, owner, key, needed=() if needed is None else (needed,))

    @property
    def _access(self) -> Access | None:
        """What the actor may do by the policies in force; None where there is none."""
        return self._access_now()

    @property
    def _judge(self) -> Judge | None:
        """What judges the keys of the store at the version worked at; None where nothing is asked.

        Names move with the version alone, and reading asks for that: so they are looked up once.
        """
        access = self._access
        if access is None:
            return None
        if self._judging is None or self._judging.access is not access:
            self._judging = Judge(access, self._key_names)
        return self._judging

    def _key_names(self) -> KeyNames:
        with self._store.snapshot() as view:
            return KeyNames(view.names(self.app))

    def _recorded(self) -> AbstractContextManager[None]:
        """Record a denial that is raised inside, where what records is at hand."""
        return nullcontext()

    @property
    def version(self) -> str | None:
        """The schema version worked at; None while the store records none."""
        return self._version

    def get(
        self,
        key: str,
        *,
        user: str | None = None,
        project: str | None = None,
        default: object = None,
        trust: bool = False,
    ) -> object:
        """Give the value that holds for a key.

        What the project says of a ``trusted_only`` key counts only with ``trust``.
        Without a value in any layer: the schema's default, else ``default``. What is stored
        encrypted comes as a ``Secret``. Raises UnknownKey, InvalidValue where a variable of the
        environment is refused, StoreMoved when another process migrated the store meanwhile, and
        WrongKey where a secret's key is not here.
        """
        declared = self._declared.get(key) or self.declared(key)
        if declared.deprecated is not None:
            self._used_deprecated(key, declared.deprecated)
            key = declared.key or key
        layers = self.layers(key, _sets(user, project))
        if declared.trusted_only and not trust and project is not None:
            given, layers = layers, trusted(declared, layers, trust=False)
            if len(layers) < len(given):
                self._not_trusted(key, project)
        if declared.variable in self._environ:
            layers += self._from_environment(key)
        if layers:
            layer = layers[0] if len(layers) == 1 else winner(declared, layers)
            if layer is not None:
                value = from_text(layer[2])
                if declared.sensitive and layer[0] == "environment":
                    return self._secret(value)
                return self._opened(key, layer, value) if type(value) is Sealed else value
        return default if declared.default is UNSET else declared.default

    def _opened(self, key: str, layer: Layer, value: Sealed) -> object:
        """Give a sealed value as it is: opening it needs what is slow to load."""
        return value

    def _secret(self, value: object) -> object:
        """Give a secret that does not show itself, where that is at hand."""
        return value

    def explain(
        self,
        key: str,
        *,
        user: str | None = None,
        project: str | None = None,
        trust: bool = False,
    ) -> list[ExplainedLayer]:
        """Give every layer that could hold a key's value, strongest first; one of them wins."""
        declared = self.declared(key)
        if declared.key and declared.deprecated is not None:
            self._used_deprecated(key, declared.deprecated)
        key = declared.key or key
        sets = _sets(user, project)
        given = self._from_environment(key)
        named = [(layer[0], layer[1]) for layer in given]
        layers = self.layers(key, sets) + given
        strange = self._strange(key, sets)
        found = explain(declared, layers, [*named, *sets], strange, trust=trust)
        if given and declared.sensitive:
            found = [
                one._replace(value=self._secret(one.value)) if one.source == "environment" else one
                for one in found
            ]
        return found

    def _used_deprecated(self, key: str, deprecation: Mapping[str, str]) -> None:
        """Take note that a program uses a deprecated key."""

    def _not_trusted(self, key: str, project: str) -> None:
        """Take note that a project's value was passed over, for nobody said to trust it."""

    def variable(self, key: str) -> str | None:
        """Give the environment variable that speaks for a key; None where none does."""
        return None

    def _from_environment(self, key: str) -> list[Layer]:
        """Give the layer that the environment holds for a key, if any; raises InvalidValue."""
        return []

    def _strange(self, key: str, sets: list[tuple[str, str]]) -> list[Layer]:
        """Give the layers that hold what this program does not understand."""
        return []

    def layers(self, key: str, sets: list[tuple[str, str]]) -> list[Layer]:
        """Give what each of these (scope, owner) sets holds for a key, where it holds anything."""
        if self._access is not None:
            for scope, owner in sets:
                self.permit("read", scope, owner, key)
            with self._recorded():
                return self._layers(key, sets)
        return self._layers(key, sets)

    def _layers(self, key: str, sets: list[tuple[str, str]]) -> list[Layer]:
        version = self._version
        try:
            return self._store.layers(self.app, version, key, sets)
        except StoreMoved as moved:
            self._meet_beginning(version, moved)
            return self._store.layers(self.app, self._version, key, sets)

    def _meet_beginning(self, version: str | None, moved: StoreMoved) -> None:
        """Go on where somebody else has begun a fresh store since; else raise ``moved``.

        Nothing was held while ``version`` was None, so nothing read before can be wrong.
        """
        if version is not None:
            raise moved
        self._work_at(self._store.declaration(self.app, "")[0])

    def _work_at(self, version: str | None) -> None:
        """Go on at a schema version, and drop all that was read of the one before."""
        self._version = version
        self._declared.clear()
        self._judging = None

    def _moved(self, found: str | None) -> StoreMoved:
        """Give the error for a store that is at another version than the one worked at."""
        return StoreMoved(
            f"{self._store.url}: {self.app} is at schema version {found or 'none'}, not "
            f"{self._version or 'none'} as when it was opened: it was migrated meanwhile; open it "
            "again, or call reopen()",
            expected=self._version,
            found=found,
        )

    def declared(self, key: str) -> Declared:
        """Give what resolving a key needs of its declaration; raises UnknownKey."""
        self.permit("inspect")
        if key not in self._declared:
            self._declared[key] = self._read_declaration(key)
        return self._declared[key]

    def _read_declaration(self, key: str) -> Declared:
        version, text = self._store.declaration(self.app, key)
        if version != self._version:
            raise self._moved(version)
        if text is None:
            return self._undeclared(key)
        declaration = from_text(text)
        fields = declaration["preference"] if isinstance(declaration, dict) else {}
        return Declared(
            fields.get("default", UNSET),
            bool(fields.get("locked", False)),
            bool(fields.get("sensitive", False)),
            fields.get("env") or variable_of(self.app, key),
            fields.get("deprecated"),
            trusted_only=bool(fields.get("trusted_only", False)),
            audited=bool(fields.get("audited", False)),
        )

    def _undeclared(self, key: str) -> Declared:
        """Answer for a key without a declaration; raises UnknownKey."""
        raise UnknownKey(
            f"{self.app} {self._version or ''} has no preference '{key}'".replace("  ", " "),
            key=key,
            app=self.app,
            version=self._version,
        )


def _sets(user: str | None, project: str | None) -> list[tuple[str, str]]:
    sets = [("system", "")]
    if user is not None:
        sets.append(("user", user))
    if project is not None:
        sets.append(("project", project))
    return sets
