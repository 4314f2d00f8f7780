"""Takes one plugin from its entry point's value to what it declares, each stage guarded alone.

A plugin's module may say which versions of the contract it supports, ``prefcore_hook_api =
">=1,<2"``: comparisons (``>= > <= < ==``) with MAJOR or MAJOR.MINOR, all of which must hold.
"""

from __future__ import annotations

import operator
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import wraps
from importlib import import_module
from typing import Any

import attrs

from prefcore.errors import PluginError, PrefcoreError
from prefcore.plugins.problems import Stage, did_you_mean

__all__ = [
    "Broken",
    "Declared",
    "check_hook_api",
    "declared_by",
    "doubts_about",
    "guard",
    "guarded",
    "import_value",
    "supports",
]

#: Id and declaration, in the order declared.
Declared = tuple[tuple[str, object], ...]

_BOUND = re.compile(r"\s*(>=|<=|==|>|<)\s*(\d+)(?:\.(\d+))?\s*")
_COMPARE: dict[str, Callable[[tuple[int, int], tuple[int, int]], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
}


class Broken(Exception):
    """A plugin failed at a stage; the manager makes it a Problem."""

    def __init__(self, stage: Stage, cause: BaseException | str, hint: str = "") -> None:
        super().__init__(stage)
        self.stage = stage
        self.cause = PluginError(cause) if isinstance(cause, str) else cause
        self.hint = hint


@contextmanager
def guard(stage: Stage, hint: str = "") -> Iterator[None]:
    """Turn whatever a plugin raises into Broken, except what ends the process on purpose.

    A SystemExit is the plugin's (a script imported as a plugin raises it), a KeyboardInterrupt
    the user's.
    """
    try:
        yield
    except Broken:
        raise
    except (Exception, SystemExit) as error:
        raise Broken(stage, error, hint) from error


def guarded(
    info: Any,
    around: Callable[[], AbstractContextManager[object]],
    told: Callable[[Broken], PluginError],
) -> object:
    """Give a declaration whose factory runs in ``around`` and raises what ``told`` makes of Broken.

    What is an error of prefcore, such as a URL that is refused, passes.
    """
    for name in ("factory", "open"):
        make = getattr(info, name, None)
        if make is None or not any(one.name == name for one in attrs.fields(type(info))):
            continue

        @wraps(make)
        def made(*arguments: object, _make: Callable[..., object] = make, **more: object) -> object:
            try:
                with around(), guard("factory"):
                    return _make(*arguments, **more)
            except Broken as broken:
                if isinstance(broken.cause, PrefcoreError):
                    raise broken.cause from broken.cause.__cause__
                raise told(broken) from broken.cause

        info = attrs.evolve(info, **{name: made})
    return info


def import_value(value: str) -> object:
    """Import ``module`` or ``module:object``, as an entry point's value names it."""
    with guard("import", "reinstall or update it, or deny it in prefcore.toml"):
        module, _, path = value.partition("[")[0].partition(":")  # extras in brackets are obsolete
        found: object = import_module(module.strip())
        for name in filter(None, path.strip().split(".")):
            found = getattr(found, name)
        return found


def supports(bounds: str, version: str) -> bool:
    """Say whether a range such as ``>=1,<2`` holds a version; raises ValueError if it is none."""
    major, _, minor = version.partition(".")
    present = (int(major), int(minor or 0))
    met = True
    for bound in bounds.split(","):
        match = _BOUND.fullmatch(bound)
        if match is None:
            raise ValueError(f"'{bounds}' is no range of versions, such as '>=1,<2'")
        met &= _COMPARE[match[1]](present, (int(match[2]), int(match[3] or 0)))
    return met


def check_hook_api(plugin: object, value: str, present: str) -> None:
    """Raise Broken where a plugin, or the module it stands in, excludes the present HOOK_API."""
    with guard("declaration", "see prefcore_hook_api in the guide for plugins"):
        bounds = getattr(plugin, "prefcore_hook_api", None)
        if bounds is None:
            module = sys.modules.get(value.partition(":")[0].strip())
            bounds = getattr(module, "prefcore_hook_api", ">=0")
        if not isinstance(bounds, str):
            raise TypeError(f"prefcore_hook_api is a text such as '>=1,<2', not {bounds!r}")
        fits = supports(bounds, present)
    if not fits:
        raise Broken(
            "hook-api",
            f"it supports hook API {bounds}, and this is {present}",
            "install versions of it and of prefcore that go together",
        )


def doubts_about(
    plugin: object, marks: Callable[[str], Mapping[str, object] | None], hooks: Iterable[str]
) -> list[Broken]:
    """Give what looks like a hook of ours and is none; raises Broken for hooks that wrap others'.

    ``marks`` gives what ``@hookimpl`` left on an attribute. pluggy itself takes any name.
    """
    hooks = tuple(hooks)
    doubts = []
    for name in dir(plugin):
        mark = marks(name)
        if mark is None:
            found = getattr(plugin, name, None) if name in hooks else None
            if callable(found) and not hasattr(found, "prefcore_spec"):
                doubts.append(Broken("signature", f"{name} is no hook yet", "mark it @hookimpl"))
            continue
        hook = str(mark.get("specname") or name)
        if hook not in hooks and not mark.get("optionalhook"):
            hint = did_you_mean(hook, hooks) or f"hooks are {', '.join(hooks)}"
            doubts.append(Broken("signature", f"there is no hook {hook}", hint))
        elif mark.get("wrapper") or mark.get("hookwrapper"):
            raise Broken("signature", f"{hook} declares plugins and cannot be a wrapper")
    return doubts


def declared_by(functions: Iterable[Callable[[], object]], hook: str, due: type) -> Declared:
    """Call one plugin's implementations of a hook and give what they declare, all of it checked."""
    hint = f"{hook} gives a list of {due.__name__}"
    declared: list[tuple[str, object]] = []
    for function in functions:
        with guard("call"):
            result = function()
        if not isinstance(result, Iterable) or isinstance(result, str | bytes | Mapping):
            raise Broken("declaration", f"{hook} gave {_kind_of(result)}", hint)
        with guard("call"):
            infos = list(result)  # a generator raises here, and not where nobody knows whose it is
        for info in infos:
            if not isinstance(info, due):
                raise Broken("declaration", f"{hook} gave {_kind_of(info)} in its list", hint)
            id = getattr(info, "app" if hook == "prefcore_migrations" else "id", None)
            if not isinstance(id, str) or not id:
                raise Broken("declaration", f"{hook} gave the id {id!r}", "an id is a text")
            declared.append((id, info))
    return tuple(declared)


def _kind_of(value: object) -> str:
    return "None" if value is None else f"a {type(value).__name__}"
