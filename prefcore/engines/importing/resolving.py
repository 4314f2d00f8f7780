"""Which strategy merges a key, and what it makes of both sides."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from fnmatch import fnmatchcase

from prefcore.engines.importing.request import ImportRequest
from prefcore.errors import UsageError
from prefcore.interfaces import CONFLICT, MergeStrategyInfo, Sides
from prefcore.merge import Side, Undecided
from prefcore.model import Row
from prefcore.schema import SchemaDocument
from prefcore.values import UNSET, canonical_text

__all__ = ["Resolvers", "missing_strategies"]


def missing_strategies(schema: SchemaDocument, known: Collection[str]) -> dict[str, list[str]]:
    """Give the strategies that a schema names and that are not known, each with its keys."""
    missing: dict[str, list[str]] = {}
    for key, preference in schema.preferences.items():
        if preference.merge is not None and preference.merge not in known:
            missing.setdefault(preference.merge, []).append(key)
    return missing


class Resolvers:
    """The strategies of one import, looked up once for each key."""

    def __init__(
        self,
        request: ImportRequest,
        schema: SchemaDocument,
        strategies: Mapping[str, MergeStrategyInfo],
        *,
        at: int,
        actor: str,
    ) -> None:
        self._request = request
        self._schema = schema
        self._strategies = strategies
        self._at = at
        self._actor = actor
        self._made: dict[str, Callable[[Side], Row | None]] = {}

    def resolve(self, side: Side) -> Row | None:
        """Give the merged row, None for none; raises Undecided and UsageError."""
        resolver = self._made.get(side.key)
        if resolver is None:
            resolver = self._made[side.key] = self._resolver(side.key)
        return resolver(side)

    def strategy_of(self, key: str) -> str:
        """Give the id of the strategy that merges a key."""
        chosen = next((id for glob, id in self._request.merge if fnmatchcase(key, glob)), None)
        preference = self._schema.preferences.get(key)
        return chosen or (preference.merge if preference else None) or self._request.strategy

    def _resolver(self, key: str) -> Callable[[Side], Row | None]:
        chosen = self.strategy_of(key)
        strategy = self._strategies.get(chosen)
        if strategy is None:
            raise UsageError(
                f"schema {self._schema.version} merges {key} by '{chosen}', and there is no such "
                f"strategy; known are {', '.join(sorted(self._strategies))}: install its plugin, "
                f"or give another (--merge '{key}=STRATEGY')",
                strategy=chosen,
                key=key,
            )

        def resolve(side: Side) -> Row | None:
            merged = strategy.resolve(Sides(**side.values()))  # type: ignore[arg-type]  # by name
            if merged is CONFLICT:
                raise Undecided
            if merged is UNSET:
                return None
            text = canonical_text(merged, path=side.key)
            for row in (side.ours, side.theirs, side.base):
                if row is not None and row[1] == text:
                    return row
            return (side.key, text, self._at, "import", self._actor)

        return resolve
