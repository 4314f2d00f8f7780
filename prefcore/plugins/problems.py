"""What can be wrong with a plugin, as data: who, at which stage, what to do."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Literal

import attrs

from prefcore.errors import PluginError

__all__ = ["Problem", "Stage", "describe", "did_you_mean"]

Stage = Literal[
    "metadata", "clash", "import", "hook-api", "signature", "call", "declaration", "factory"
]


@attrs.frozen
class Problem:
    """Something wrong with a plugin; everything else works.

    ``stage`` is where it showed: reading metadata, a clash of ids, import, the declared range of
    HOOK_API, the signature of a hook, calling it, what it declares, or its factory. ``kind`` and
    ``id`` are empty where the problem concerns a distribution as a whole.
    """

    distribution: str
    version: str
    kind: str
    id: str
    stage: Stage
    exception: BaseException
    hint: str

    @property
    def message(self) -> str:
        """One sentence: which plugin, what is wrong, what to do."""
        who = f"{self.distribution} {self.version}".strip() or "the application"
        what = describe(self.exception)
        if self.stage != "clash":
            plugin = f"plugin {self.kind}.{self.id}" if self.id else "a plugin"
            what = f"{plugin} of {who} {_VERBS[self.stage]}: {what}"
        return f"{what}; {self.hint}" if self.hint else what

    @property
    def error(self) -> PluginError:
        """What to raise where this very plugin was asked for."""
        error = PluginError(
            self.message,
            kind=self.kind,
            id=self.id,
            distribution=self.distribution,
            version=self.version,
            stage=self.stage,
        )
        error.__cause__ = self.exception
        return error


_VERBS: dict[Stage, str] = {
    "metadata": "cannot be found through its metadata",
    "import": "cannot be imported",
    "hook-api": "does not fit this prefcore",
    "signature": "has a hook that does not fit",
    "call": "failed in its hook",
    "declaration": "declares something wrong",
    "factory": "failed in its factory",
}


def describe(error: BaseException) -> str:
    """Give an exception on one line, at most 300 characters."""
    text = " ".join(str(error).split())
    if not isinstance(error, PluginError):
        text = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return text if len(text) <= 300 else text[:299] + "…"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Give ``did you mean x?`` for the nearest known name, or the empty text."""
    near = get_close_matches(name, list(known), n=1)
    return f"did you mean {near[0]}?" if near else ""
