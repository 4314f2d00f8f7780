"""Reading what people write: a command line's text, and plain nested or dotted objects."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date, datetime, time

from prefcore.errors import InvalidValue
from prefcore.schema.keywords import KINDS
from prefcore.schema.problems import Check, wrong_type
from prefcore.schema.strict_json import NotJson, read_json
from prefcore.values import UNSET, from_tagged, kind_of, to_tagged

__all__ = ["flatten_values", "read_value", "sections_of", "spelled"]


def read_value(text: str, kinds: Collection[str], check: Check) -> object:
    """Give the value that a command line's text means, where values of ``kinds`` are allowed.

    Where only text is allowed, it is the text as it stands. Otherwise it is the first of these
    whose type is allowed, preferring one that ``check`` takes: JSON (with the tagged forms of
    ``values``); the text as it stands or, where text is not allowed, a date or time in ISO 8601, or
    bytes in base64. So where text and null are allowed, ``null`` means null and ``"null"`` the
    text. Raises ValueError, saying what is asked, when there is none; a list or object that strict
    JSON refuses is never text, nor is a number too large where a number is allowed.
    """
    if set(kinds) == {"string"}:
        return text
    found: object = text
    fault = ""
    candidates = []
    try:
        found = from_tagged(read_json(text))
    except NotJson as error:
        fault = str(error)
    except (ValueError, InvalidValue) as error:
        if _is_meant(text, kinds):
            raise ValueError(str(error)) from error
        fault = str(error)
    if not fault and kind_of(found) in kinds:
        candidates.append(found)
    if "string" in kinds:
        candidates.append(text)
    else:
        candidates += spelled(text, kinds)
    for value in candidates:
        if check(value) is None:
            return value
    if candidates:
        return candidates[0]
    wanted = wrong_type(found, [kind for kind in KINDS if kind in kinds]).message
    if set(kinds) <= {"boolean", "null"}:
        raise ValueError(wanted if isinstance(found, str) else f"{wanted}; write true or false")
    if set(kinds) <= {*_FORMS, "null"}:
        forms = [form for kind, form in _FORMS.items() if kind in kinds]
        raise ValueError(f"{wanted}; write {' or '.join(forms)}" if forms else wanted)
    raise ValueError(f"{wanted} ({fault})" if fault else wanted)


def _is_meant(text: str, kinds: Collection[str]) -> bool:
    """Say whether what strict JSON refuses was meant as JSON nevertheless."""
    begun = text.lstrip()[:2]
    if begun[:1] in ("{", "["):
        return True
    return begun.lstrip("-")[:1].isdigit() and not {"integer", "number"}.isdisjoint(kinds)


def _spelled(read: Callable[[str], object]) -> Callable[[str], object]:
    def value(text: str) -> object:
        try:
            value = read(text)
            to_tagged(value)
        except (ValueError, InvalidValue):  # another reading may fit; the caller tells when none
            return UNSET
        return value

    return value


_SPELLED = (
    ("datetime", _spelled(datetime.fromisoformat)),
    ("date", _spelled(date.fromisoformat)),
    ("time", _spelled(time.fromisoformat)),
    ("bytes", _spelled(lambda text: b64decode(text, validate=True))),
)


#: How values are written that JSON has no type for, by their kinds.
_FORMS = {
    "datetime": "a day and a time with its zone, such as 2026-01-31T12:00:00+00:00",
    "date": "a day that there is, such as 2026-01-31",
    "time": "a time of day without a zone, such as 12:00:00",
    "bytes": "them in base64, such as aGk=",
}


def spelled(text: str, kinds: Collection[str]) -> list[object]:
    """Give what a text means as a date or time in ISO 8601, or as bytes in base64, in that order.

    Only values of ``kinds`` count.
    """
    read = (read(text) for kind, read in _SPELLED if kind in kinds)
    return [value for value in read if value is not UNSET]


def sections_of(keys: Iterable[str]) -> frozenset[str]:
    """Give the dotted names that some key lies under."""
    sections = set()
    for key in keys:
        end = key.find(".")
        while end > 0:
            sections.add(key[:end])
            end = key.find(".", end + 1)
    return frozenset(sections)


def flatten_values(
    values: Mapping[str, object], names: Mapping[str, str], sections: Collection[str]
) -> tuple[dict[str, object], list[str]]:
    """Give the values by declared key, and the dotted names that no key takes, sorted.

    ``names`` are those that mean a key, with the key. Names may be nested, dotted, or both; going
    down stops at the first declared key, which takes its value whole. Raises InvalidValue when two
    spellings name the same key.
    """
    found: dict[str, object] = {}
    unknown: set[str] = set()

    def walk(prefix: str, members: Mapping[str, object]) -> None:
        for name, value in members.items():
            dotted = f"{prefix}.{name}" if prefix else name
            key = names.get(dotted)
            if key is not None:
                if key in found:
                    raise InvalidValue(f"{key} stands twice, by two spellings; keep one", key=key)
                found[key] = value
            elif isinstance(value, Mapping) and dotted in sections:
                walk(dotted, value)
            else:
                unknown.add(dotted)

    walk("", values)
    return found, sorted(unknown)
