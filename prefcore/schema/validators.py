"""Validators: an application's own functions that judge values, one at a time or several together.

They stand beside a schema document, not in it: no text can hold a function. So they apply where the
application's code is at hand: in its own process, and at a command line that is configured with the
schema class.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import attrs

from prefcore.errors import InvalidSchema, ValidatorFailed
from prefcore.schema.problems import Check, Problem, shown

__all__ = ["NONE", "Rule", "Validators", "rule", "rules_in"]

F = TypeVar("F", bound=Callable[..., object])

_MARK = "__prefcore_rule__"


@attrs.frozen
class Rule:
    """A condition across keys: ``check`` takes their values in order, as declared types.

    It raises ValueError, saying what should be, where they do not go together.
    """

    name: str
    keys: tuple[str, ...]
    check: Callable[..., object]
    read: Callable[[str, object], object]

    def fault(self, values: Sequence[object], *, hidden: bool) -> str | None:
        """Give what the rule says against portable values of its keys, or None.

        Raises ValidatorFailed, which tells nothing of ``hidden`` values.
        """
        try:
            self.check(*(self.read(k, value) for k, value in zip(self.keys, values, strict=True)))
        except ValueError as error:
            return str(error) or f"the rule {self.name} is broken"
        except Exception as error:  # noqa: BLE001  # a rule's function may raise anything
            what = f"{', '.join(self.keys)}: the rule {self.name}"
            raise _failed(what, error) from (None if hidden else error)
        return None


@attrs.frozen
class Validators:
    """The validators of a schema: ``checks`` by key, taking portable values, and ``rules``."""

    checks: Mapping[str, Callable[[object], object]] = attrs.field(factory=dict)
    rules: tuple[Rule, ...] = ()

    def after(self, key: str, check: Check, *, hidden: bool) -> Check:
        """Give a key's check with its validator after it.

        The check raises ValidatorFailed, which tells nothing of a ``hidden`` value.
        """
        validator = self.checks.get(key)
        if validator is None:
            return check

        def checked(value: object) -> Problem | None:
            problem = check(value)
            if problem is not None:
                return problem
            try:
                validator(value)
            except ValueError as error:
                said = str(error) or "is refused"
                return Problem("check", "", f"{shown(value)} {said}", said)
            except Exception as error:  # noqa: BLE001  # a program's function may raise anything
                raise _failed(f"{key}: its check", error) from (None if hidden else error)
            return None

        return checked

    def only(self, keys: Collection[str]) -> Validators:
        """Give the validators of some keys, and the rules that need no others."""
        return Validators(
            {key: check for key, check in self.checks.items() if key in keys},
            tuple(one for one in self.rules if set(one.keys) <= set(keys)),
        )


def _failed(what: str, error: Exception) -> ValidatorFailed:
    return ValidatorFailed(
        f"{what} raised {type(error).__name__}; such a function raises ValueError where it refuses "
        "a value, and nothing else: mend the application"
    )


#: A schema without validators.
NONE = Validators()


def rule(*keys: str) -> Callable[[F], F]:
    """Mark a static method of a Schema as a rule across keys.

    It is called with their values, in that order, after one of them changed in a set; for a key
    that the set does not hold, with the default, and not at all where there is none. It raises
    ValueError, saying what should be, where they do not go together.
    """
    if not keys or not all(isinstance(key, str) for key in keys):
        raise InvalidSchema("a rule names the keys it is about: @rule('least', 'most')")

    def mark(function: F) -> F:
        setattr(function, _MARK, keys)
        return function

    return mark


def rules_in(
    members: Iterable[tuple[str, Any]], read: Callable[[str, object], object]
) -> tuple[Rule, ...]:
    """Give the rules among the members of a class; ``read`` makes a key's value its type."""
    found = []
    for name, member in members:
        function = member.__func__ if isinstance(member, staticmethod) else member
        keys = getattr(function, _MARK, None) if callable(function) else None
        if keys is None:
            continue
        if not isinstance(member, staticmethod):
            raise InvalidSchema(f"{name}: a rule is a static method; put @staticmethod above @rule")
        found.append(Rule(name, keys, function, read))
    return tuple(found)
