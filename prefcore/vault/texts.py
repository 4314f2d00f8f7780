"""Texts of sealed values: what they begin with, what stands for one, and what errors call it."""

from __future__ import annotations

from collections.abc import Sequence

from prefcore.errors import DamagedValue
from prefcore.model import PreferenceSet
from prefcore.model.sets import place
from prefcore.security.places import Place
from prefcore.values import Sealed, canonical_text, from_text, is_sealed_text

__all__ = [
    "HIDDEN",
    "HIDDEN_TEXT",
    "SEALED_PREFIX",
    "WITHHELD_TEXT",
    "holds_secrets",
    "name_of",
    "sealed_of",
    "secrets_in",
]

#: Stands in plans for a value that was opened.
HIDDEN = Sealed("hidden", b"", b"")
HIDDEN_TEXT = canonical_text(HIDDEN)
#: Stands in memory for a secret that the steps are not given, and for what they would make of it.
WITHHELD_TEXT = canonical_text(Sealed("withheld", b"", b""))
SEALED_PREFIX = '{"$sealed":['


def holds_secrets(one: PreferenceSet) -> bool:
    """Say whether a sealed value may be in a set; where not, there is none to be looked for.

    Raises DamagedValue for what is no text.
    """
    return _may_hold(one, [row[1] for row in one.rows])


def secrets_in(one: PreferenceSet) -> Sequence[int]:
    """Give the numbers of a set's rows whose values are sealed; raises what ``holds_secrets`` does.

    Most rows of a set that holds a secret are none: a call for each would cost half of it all.
    """
    texts = [row[1] for row in one.rows]
    if not _may_hold(one, texts):
        return ()
    return [n for n, text in enumerate(texts) if SEALED_PREFIX in text and is_sealed_text(text)]


def _may_hold(one: PreferenceSet, texts: Sequence[str]) -> bool:
    # One search over all texts: a look at each would cost exports without secrets a tenth.
    try:
        return SEALED_PREFIX in "\n".join(texts)
    except TypeError as error:
        raise DamagedValue(f"a value stored for {one.place} is damaged: it is no text") from error


def sealed_of(text: str) -> Sealed:
    """Give the sealed value of a text that has the shape of one."""
    value = from_text(text)
    assert isinstance(value, Sealed), "its shape says that it is sealed"
    return value


def name_of(where: Place, key: str) -> str:
    """Give what errors call a value: its set and its key."""
    return f"{place(where.scope, where.owner)} {key}"
