"""Mutants: copies of a package with one place of its source replaced, to prove what finds them.

A suite is worth what it finds. For each of its checks there should be a mutant of some plugin that
fails it; ``unproven`` gives those for which there is none.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import files
from types import ModuleType
from typing import Any, TypeVar

import attrs
from hypothesis import Phase, settings

from prefcore_testing.guard import Suite

__all__ = ["Fault", "mutant", "quick", "run_check", "unproven"]

_S = TypeVar("_S", bound=type[Suite])


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


@attrs.frozen
class Fault:
    """One place of a package's source, what stands there instead, and the checks that find it.

    ``module`` is the module's name inside the package; ``checks`` are names without ``test_``,
    separated by spaces.
    """

    name: str
    module: str
    old: str
    new: str
    checks: tuple[str, ...] = attrs.field(converter=_words)


@contextmanager
def mutant(
    package: ModuleType,
    modules: Iterable[str],
    fault: Fault | None,
    *,
    core: Mapping[str, str] = {},
) -> Iterator[Any]:
    """Give a copy of a package with a fault, imported under another name for the while.

    ``modules`` are the names of its modules, each importing only from those before it, with
    ``__init__`` at the end. ``core`` says which of them are copies of modules of core, so that a
    fault can stand there. Raises LookupError where the source no longer has the faulty place.
    """
    name = f"broken_{package.__name__}"
    made = {f"{name}.{module}".removesuffix(".__init__"): module for module in modules}
    try:
        for full, module in made.items():
            text = _source(core.get(module, f"{package.__name__}.{module}"))
            if fault is not None and module == fault.module:
                if fault.old not in text:
                    raise LookupError(f"{package.__name__}.{module} no longer has: {fault.old}")
                text = text.replace(fault.old, fault.new)
            sys.modules[full] = ModuleType(full)
            text = text.replace(package.__name__, name)
            for copied, original in core.items():
                text = text.replace(original, f"{name}.{copied}")
            code = compile(text, f"broken {module}.py", "exec")
            exec(code, vars(sys.modules[full]))  # noqa: S102  # the package's own source
        yield sys.modules[name]
    finally:
        for full in made:
            sys.modules.pop(full, None)


def _source(module: str) -> str:
    package, _, name = module.rpartition(".")
    return (files(package) / f"{name}.py").read_text("utf-8")


def quick(suite: _S) -> _S:
    """Give a subclass of a format suite that tries what hypothesis draws once, and keeps none."""

    class TestQuick(suite):  # type: ignore[misc, valid-type]  # the suite is a parameter
        def trials(self) -> settings:
            given = super().trials()
            return settings(given, database=None, derandomize=True, phases=[Phase.generate])

    return TestQuick  # type: ignore[return-value]  # a subclass of the same


def run_check(suite: Suite, name: str) -> None:
    """Run a check outside of pytest, with all its parameters."""
    check: Callable[..., None] = getattr(suite, name)
    marks = [mark for mark in getattr(check, "pytestmark", []) if mark.name == "parametrize"]
    for case in marks[0].args[1] if marks else [None]:
        check(*([] if case is None else [case]))


def unproven(suite: type[Suite], faults: Iterable[Fault], *others: str) -> set[str]:
    """Give the checks of a suite that no fault is for; ``others`` are proven in another way."""
    proven = {f"test_{check}" for fault in faults for check in fault.checks} | set(others)
    unknown = proven - set(suite.checks())
    if unknown:
        raise LookupError(f"{suite.__name__} has no check {', '.join(sorted(unknown))}")
    return set(suite.checks()) - proven
