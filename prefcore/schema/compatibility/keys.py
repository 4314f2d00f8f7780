"""Comparing the keys of two schemas: what came, went, was renamed, or is called alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from prefcore.schema.compatibility.findings import Finding, Verdict
from prefcore.schema.compatibility.places import pointer
from prefcore.schema.declaration import SchemaDocument
from prefcore.values import UNSET

__all__ = ["environment_name", "key_findings", "name_findings", "paired_keys"]

_NO = Verdict.INCOMPATIBLE
#: Where more could be renamed, nobody is asked.
_MOST_PAIRS = 10_000


def paired_keys(
    older: SchemaDocument, newer: SchemaDocument, renames: Mapping[str, str]
) -> dict[str, str]:
    """Give, for each older key that is still there, its newer name.

    Renames are those that steps (``renames``) or aliases tell; none is guessed.
    """
    pairs = {key: key for key in older.preferences if key in newer.preferences}
    for key, to in renames.items():
        if key in older.preferences and key not in pairs and to in newer.preferences:
            pairs[key] = to
    for to, preference in newer.preferences.items():
        for alias in preference.aliases:
            if alias in older.preferences and alias not in pairs:
                pairs[alias] = to
    return pairs


def key_findings(
    older: SchemaDocument,
    newer: SchemaDocument,
    pairs: Mapping[str, str],
    *,
    earlier: Mapping[str, str],
) -> Iterator[Finding]:
    """Give what came, went and was renamed; ``pairs`` are those of ``paired_keys``.

    ``earlier`` gives, for keys of still older versions, the last that had them.
    """
    removed = [key for key in older.preferences if key not in pairs]
    told = set(pairs.values())
    added = [key for key in newer.preferences if key not in told and key not in older.preferences]
    for key, to in pairs.items():
        if key != to:
            yield from _renamed(key, to, newer)
    likely = _likely_renames(removed, added, older, newer)
    for key in removed:
        yield _removed(key, older, likely.get(key))
    for key in added:
        yield _added(key, newer, earlier.get(key))


def name_findings(
    older: SchemaDocument, newer: SchemaDocument, pairs: Mapping[str, str]
) -> Iterator[Finding]:
    """Give what is wrong with names: not reserved, reserved and used again, or called alike."""
    gone = [key for key in older.preferences if pairs.get(key) != key]
    yield from _reserved(older, newer, gone)
    if newer.preferences.keys() - older.preferences.keys() or any(
        older.preferences[key].env != newer.preferences[to].env for key, to in pairs.items()
    ):
        yield from _alike(older, newer)


def _renamed(key: str, to: str, newer: SchemaDocument) -> Iterator[Finding]:
    place = pointer("preferences", to)
    if key in newer.preferences[to].aliases:
        message = f"{to}: it was called {key}, which still leads to it"
        yield Finding(rule="K07", key=to, message=message, place=place)
        return
    message = (
        f"{to}: it was called {key}, and programs that use that name find nothing; "
        f"keep it for a while by aliases=['{key}']"
    )
    yield Finding(
        rule="K08", key=to, message=message, place=place, backward=_NO, forward=_NO, callers=_NO
    )


def _removed(key: str, older: SchemaDocument, likely: str | None) -> Finding:
    was_deprecated = older.preferences[key].deprecated is not None
    message = f"{key}: it is gone" + (", as its deprecation said" if was_deprecated else "")
    if not was_deprecated:
        message += "; deprecate a key in one version before removing it in a later one"
    if likely is not None:
        message += (
            f". If it became {likely}, say so: aliases=['{key}'] there, or a step with "
            f"rename('{key}', '{likely}')"
        )
    return Finding(
        rule="K03" if was_deprecated else "K04",
        key=key,
        message=message,
        forward=_NO,
        callers=_NO,
        place=pointer("preferences", key),
    )


def _likely_renames(
    removed: Sequence[str], added: Sequence[str], older: SchemaDocument, newer: SchemaDocument
) -> dict[str, str]:
    """Give pairs worth asking about: in one section, of the same rules, and no other is like them.

    They are only asked about: nothing takes a key for renamed that nobody said was.
    """
    if len(removed) * len(added) > _MOST_PAIRS:
        return {}
    like = [
        (key, to)
        for key in removed
        for to in added
        if key.rpartition(".")[0] == to.rpartition(".")[0]
        and older.preferences[key].shape.same_rules(newer.preferences[to].shape)
    ]
    keys, names = Counter(key for key, _ in like), Counter(to for _, to in like)
    return {key: to for key, to in like if keys[key] == names[to] == 1}


def _added(key: str, newer: SchemaDocument, before: str | None) -> Finding:
    preference = newer.preferences[key]
    place = pointer("preferences", key)
    message = f"{key}: it is new" if before is None else f"{key}: it is back; {before} had it too"
    if preference.required and preference.default is UNSET:
        message += (
            ", a value is required, and there is no default; give it one, or add a value by a step"
        )
        return Finding(rule="K02", key=key, message=message, backward=_NO, place=place)
    return Finding(rule="K01", key=key, message=message, place=place)


def _reserved(
    older: SchemaDocument, newer: SchemaDocument, gone: Iterable[str]
) -> Iterator[Finding]:
    for key in newer.preferences:
        if key in older.reserved and key not in older.preferences:
            message = (
                f"{key}: this name is reserved, because an earlier version used it otherwise; "
                "choose another"
            )
            yield Finding(
                rule="K06",
                key=key,
                message=message,
                backward=_NO,
                forward=_NO,
                callers=_NO,
                place=pointer("preferences", key),
            )
    for name in sorted({*gone, *older.reserved}):
        if name not in newer.reserved and name not in newer.preferences:
            message = (
                f"{name}: the name is no longer used and not reserved; add it to `reserved`, so "
                "that no later version gives it another meaning"
            )
            yield Finding(rule="K05", key=name, message=message, place="/reserved")


def _alike(older: SchemaDocument, newer: SchemaDocument) -> Iterator[Finding]:
    for what, names in (("but for case", _folded), ("in the environment", _in_environment)):
        before = {frozenset(keys) for keys in names(older).values() if len(keys) > 1}
        for keys in names(newer).values():
            if len(keys) > 1 and frozenset(keys) not in before:
                message = f"{keys[1]}: its name is that of {keys[0]} {what}; choose another"
                place = pointer("preferences", keys[1])
                yield Finding(rule="K10", key=keys[1], message=message, callers=_NO, place=place)


def _folded(document: SchemaDocument) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key in document.preferences:
        found.setdefault(key.casefold(), []).append(key)
    return found


def _in_environment(document: SchemaDocument) -> dict[str, list[str]]:
    """Give keys by their environment variable: the declared one, else from the key's own name."""
    found: dict[str, list[str]] = {}
    folded = _folded(document)
    for key, preference in document.preferences.items():
        if preference.env is None and len(folded[key.casefold()]) > 1:
            continue  # told already
        name = preference.env or environment_name(key)
        found.setdefault(name, []).append(key)
    return found


def environment_name(key: str) -> str:
    """Give what the environment's variable of a key is called, but for the application before it.

    Two keys of one name have no variable (``prefcore.environment``, which stands above schemas).
    """
    return "".join(
        "__" if sign == "." else sign.upper() if sign.isascii() and sign.isalnum() else "_"
        for sign in key
    )
