"""Which of the coming rows a schema takes; the others are told, each with its reason."""

from __future__ import annotations

from collections.abc import Callable, Collection

from prefcore.engines.importing.request import ImportRequest
from prefcore.errors import InvalidValue, PolicyRefused, PrefcoreError, UnknownKey
from prefcore.model import PlanItem, PreferenceSet, Row
from prefcore.model.sets import place
from prefcore.planning import PlanBuilder
from prefcore.schema import Passing, SchemaDocument
from prefcore.values import from_text

__all__ = ["Checks"]


class Checks:
    """The checks of one import against the store's schema.

    Of a key that ``hides`` names no text is remembered.
    """

    def __init__(
        self,
        request: ImportRequest,
        schema: SchemaDocument,
        builder: PlanBuilder,
        hides: Callable[[str], bool],
    ) -> None:
        self._request = request
        self._schema = schema
        self._builder = builder
        self._texts = Passing(schema, hides)

    def passing(
        self,
        one: PreferenceSet,
        rows: tuple[Row, ...],
        held: tuple[Row, ...],
        secrets: Collection[str],
    ) -> tuple[Row, ...]:
        """Give the rows that the store has just so, or the schema takes; tell of the others.

        What is told of ``secrets`` does not tell their values.
        """
        known = {*held}
        coming = [row for row in rows if row not in known] if known else rows
        doubtful = self._texts.doubtful(one.scope, coming)
        refused = {row for row in doubtful if not self._passes(one, row, row[0] in secrets)}
        return tuple(row for row in rows if row not in refused) if refused else rows

    def _passes(self, one: PreferenceSet, row: Row, is_secret: bool) -> bool:
        """Check a row; tell of a refusal."""
        fault = self._fault(one, *row[:2])
        if fault is None:
            return True
        if is_secret and isinstance(fault, InvalidValue):
            where = f"{place(one.scope, one.owner)} {row[0]}"
            said = f"{where}: the sealed value is refused by schema {self._schema.version}"
            fault = InvalidValue(said, key=row[0])
        item = PlanItem("refuse", row[0], one.scope, one.owner, reason=fault.message)
        self._builder.refuse(item, fault)
        return False

    def _fault(self, one: PreferenceSet, key: str, text: str) -> PrefcoreError | None:
        where = place(one.scope, one.owner)
        try:
            if key not in self._schema.preferences:
                if not self._request.keep_unknown:
                    self._schema.preference(key)
                return None
            self._schema.validate(key, from_text(text), scope=one.scope, place=where)
        except UnknownKey as error:
            return UnknownKey(
                f"{where}: {error.message}; --unknown keep takes keys the schema does not declare",
                key=key,
            )
        except (InvalidValue, PolicyRefused) as error:
            return error
        return None
