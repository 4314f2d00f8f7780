"""Problems: what is wrong with a value, in words, made only once something is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import attrs

from prefcore.errors import InvalidValue
from prefcore.schema.closest import closest
from prefcore.values import canonical_text, kind_of

__all__ = [
    "Check",
    "Problem",
    "join_path",
    "not_listed",
    "shown",
    "unknown_member",
    "wrong_type",
]


@attrs.frozen
class Problem:
    """What is wrong with a value.

    ``rule`` is the field of Shape that is broken (``type`` for its kinds), ``path`` where inside
    the value, such as ``[2].name`` (empty: the value itself). ``message`` says what was found and
    what is asked; ``requirement`` only what is asked, for values that must not be shown.
    """

    rule: str
    path: str
    message: str
    requirement: str

    def inside(self, step: str) -> Problem:
        """Give the same problem as seen from around: ``step`` is ``[2]`` or a member's name."""
        return attrs.evolve(self, path=join_path(step, self.path))


#: Takes a portable value; gives what is wrong with it, or None.
Check = Callable[[object], Problem | None]

_MOST_SHOWN = 8


def join_path(outer: str, inner: str) -> str:
    """Give the path of what stands at ``inner`` inside ``outer``."""
    return f"{outer}.{inner}" if outer and inner and inner[0] != "[" else outer + inner


def shown(value: object) -> str:
    """Give a value as messages show it: its canonical text, cut short; lists and objects by name.

    The value must not be sensitive.
    """
    kind = kind_of(value)
    if kind in ("array", "object"):
        return _a(kind)
    try:
        text = canonical_text(value)
    except InvalidValue:
        return f"{_a(kind)} that is not portable"
    return text if len(text) <= 60 else text[:57] + '…"' * text.startswith('"')


def wrong_type(value: object, kinds: Sequence[str]) -> Problem:
    """Give the problem of a value whose type is none of ``kinds``."""
    kind, wanted = kind_of(value), _listed(list(map(_a, kinds)))
    found = shown(value)
    # "null is null" and "an array is an array" say nothing.
    said = found if kind in ("null", "array", "object") else f"{found} is {_a(kind)},"
    middle = "is not" if said == found else "not"
    # People write yes and "true" for what JSON has two words of.
    form = "; write true or false" if kind == "string" and {*kinds} <= {"boolean", "null"} else ""
    return Problem("type", "", f"{said} {middle} {wanted}{form}", f"must be {wanted}")


def not_listed(value: object, allowed: tuple[object, ...]) -> Problem:
    """Give the problem of a value that is none of the ``allowed`` ones."""
    if not allowed:
        return Problem("enum", "", "no value is allowed here", "must not be there")
    names = [shown(item) for item in allowed[:_MOST_SHOWN]]
    more = len(allowed) - len(names)
    choice = _listed(names) if not more else f"{', '.join(names)} … ({more} more)"
    hint = None
    if isinstance(value, str):
        hint = closest(value, [item for item in allowed if isinstance(item, str)])
    meant = f"; did you mean {shown(hint)}?" if hint is not None else ""
    message = f"{shown(value)} is not one of the allowed values {choice}{meant}"
    return Problem("enum", "", message, f"must be one of {choice}")


def unknown_member(name: str, known: Iterable[str]) -> Problem:
    """Give the problem of an object's member that is none of the ``known`` ones."""
    hint = closest(name, known)
    meant = f"; did you mean '{hint}'?" if hint is not None else ""
    asked = f"must have no members but {_listed(list(known)) or 'none'}"
    return Problem("additional", "", f"the member '{name}' is not allowed{meant}", asked)


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else "".join(names)


def _a(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeio" else f"a {kind}" if kind != "null" else kind
