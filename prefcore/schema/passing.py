"""Passing: which texts of a set's rows a schema takes, found fast where there are very many."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

from prefcore.model import Row
from prefcore.schema.checks import Check
from prefcore.schema.declaration import SchemaDocument
from prefcore.values import from_texts

__all__ = ["Passing"]

#: Of each key, so many texts that passed are remembered, if they are short: others rarely repeat.
_REMEMBERED, _SHORT = 1000, 80


class Passing:
    """Finds the rows that a schema may refuse, a set at a time.

    Of a key for which ``forgets`` says so, such as a secret, no text is remembered.
    """

    def __init__(self, schema: SchemaDocument, forgets: Callable[[str], bool]) -> None:
        self._schema = schema
        self._forgets = forgets
        # By scope and key: what passed, and the check (None: the key may not stand there).
        self._passed: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        self._checks: dict[str, dict[str, Check | None]] = defaultdict(dict)

    def doubtful(self, scope: str, rows: Sequence[Row]) -> list[Row]:
        """Give the rows of which ``SchemaDocument.validate`` has to say what is wrong, if anything.

        It takes all others.
        """
        passed, checks = self._passed[scope], self._checks[scope]
        unseen = [row for row in rows if row[1] not in passed[row[0]]]
        doubtful = []
        for row, value in zip(unseen, from_texts([row[1] for row in unseen]), strict=True):
            key, text = row[:2]
            if key not in checks:
                checks[key] = self._check(scope, key)
            check = checks[key]
            if check is None or check(value) is not None:
                doubtful.append(row)
            elif len(text) <= _SHORT and not self._forgets(key):
                texts = passed[key]
                if len(texts) >= _REMEMBERED:
                    texts.clear()
                texts.add(text)
        return doubtful

    def _check(self, scope: str, key: str) -> Check | None:
        preference = self._schema.preferences.get(key)
        if preference is None or (scope not in preference.scopes and scope != "template"):
            return None
        return self._schema.check_of(key)
