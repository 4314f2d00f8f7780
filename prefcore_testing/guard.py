"""The guard: what makes a conformance suite hard to weaken, for all suites of the kit.

A suite is a class whose checks are its ``test_*`` methods. An author subclasses it, gives what it
requires, and may neither replace a check nor leave one out: a check that cannot pass yet stands in
``expected_failures`` with its reason, is reported as such, and fails once it passes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import getattr_static
from types import FunctionType
from typing import Any, ClassVar

import pytest

__all__ = ["Suite"]

_AVOIDING = frozenset({"skip", "skipif", "xfail"})


class Suite:
    """The base of the kit's suites (declared with ``kit=True``) and so of every author's subclass.

    Everything wrong with a subclass is a TypeError where it is defined, never a check that
    silently does not run.
    """

    #: Names of checks that fail as yet, each with the reason.
    expected_failures: ClassVar[Mapping[str, str]] = {}
    #: What a subclass has to define.
    required: ClassVar[tuple[str, ...]] = ()
    _checks: ClassVar[Mapping[str, Callable[..., None]]] = {}

    def __init_subclass__(cls, *, kit: bool = False, **others: Any) -> None:
        super().__init_subclass__(**others)
        if kit:
            names = (name for name in dir(cls) if name.startswith("test_"))
            cls._checks = {name: getattr_static(cls, name) for name in names}
        else:
            _refuse_what_is_missing(cls)
            _refuse_what_avoids_checks(cls)
            for name, check in cls._checks.items():
                reason = cls.expected_failures.get(name)
                setattr(cls, name, check if reason is None else _expected_to_fail(check, reason))

    @classmethod
    def checks(cls) -> tuple[str, ...]:
        """Give the names of the checks, sorted."""
        return tuple(sorted(cls._checks))


def _refuse_what_is_missing(cls: type[Suite]) -> None:
    if not cls.__name__.startswith("Test"):
        raise TypeError(f"{cls.__name__}: pytest runs it only when its name begins with Test")
    kit = next(base for base in cls.__mro__ if "_checks" in vars(base))
    for name in cls.required:
        if getattr_static(cls, name, None) is getattr_static(kit, name, None):
            raise TypeError(f"{cls.__name__} has to define '{name}'; see {kit.__name__}")


def _refuse_what_avoids_checks(cls: type[Suite]) -> None:
    for name, check in cls._checks.items():
        found = getattr_static(cls, name)
        if found is not check and getattr(found, "expected_of", None) is not check:
            raise TypeError(
                f"{cls.__name__}.{name} replaces a check of the kit; add a test of another name, "
                "or give the reason why it fails in expected_failures"
            )
    for name, reason in cls.expected_failures.items():
        if name not in cls._checks:
            raise TypeError(f"{cls.__name__}.expected_failures: there is no check '{name}'")
        if not reason.strip():
            raise TypeError(f"{cls.__name__}.expected_failures: '{name}' has no reason")
    marks = getattr(cls, "pytestmark", ())
    for mark in marks if isinstance(marks, (list, tuple)) else (marks,):
        if mark.name in _AVOIDING:
            raise TypeError(f"{cls.__name__}: '{mark.name}' on the class would leave out checks")


def _expected_to_fail(check: Callable[..., None], reason: str) -> Callable[..., None]:
    """Give a copy of a check that is reported as expected to fail, and fails when it passes."""
    if not isinstance(check, FunctionType):
        raise TypeError(f"{check!r} is no plain function")
    # A copy, not a wrapper: pytest and hypothesis look at the function's own attributes.
    copy = FunctionType(
        check.__code__, check.__globals__, check.__name__, check.__defaults__, check.__closure__
    )
    copy.__kwdefaults__ = check.__kwdefaults__
    copy.__dict__.update(vars(check), expected_of=check)
    marked: Callable[..., None] = pytest.mark.xfail(reason=reason, strict=True)(copy)
    return marked
