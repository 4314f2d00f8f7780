"""Looking at a plugin as its author should: whether it loads, and what it declares is fit for use.

What takes the conformance suite (``prefcore_testing``) is not done here: core never imports it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

import attrs

from prefcore.errors import PluginError
from prefcore.plugins.index import PluginEntry, requirements
from prefcore.plugins.manager import Plugins
from prefcore.plugins.problems import Problem, describe

__all__ = ["Finding", "findings_on"]

# What a shell, a URL and a file of settings take as one plain word.
_ID = {
    "formats": re.compile(r"[a-z][a-z0-9_-]*"),
    "merge_strategies": re.compile(r"[a-z][a-z0-9_-]*"),
    "backup_targets": re.compile(r"[a-z][a-z0-9+.-]*"),  # the scheme of a URL: RFC 3986
    "stores": re.compile(r"[a-z][a-z0-9+.-]*"),
    "key_providers": re.compile(r"[a-z][a-z0-9_-]*"),
    "watchers": re.compile(r"[a-z][a-z0-9_-]*"),
}


@attrs.frozen
class Finding:
    """What a look at a plugin found.

    ``check`` is what was looked at: a stage of loading (``metadata``, ``clash``, ``import``,
    ``hook-api``, ``signature``, ``call``, ``declaration``), ``policy``, ``load``, ``words``,
    ``requirements``, or ``suite``.
    """

    check: str
    state: Literal["ok", "warn", "fail"]
    message: str


def findings_on(plugins: Plugins, entry: PluginEntry) -> Iterator[Finding]:
    """Load a plugin and give what there is to say of it; at least one finding."""
    if entry.status == "denied":
        yield Finding("policy", "warn", f"not looked at: {entry.reason}")
        return
    if entry.status == "clash":
        yield Finding("clash", "fail", entry.reason)
        return
    before = len(plugins.problems)
    try:
        info = plugins.get(entry.kind, entry.id)
    except PluginError as error:
        stage = error.facts.get("stage")
        yield Finding(str(stage or "load"), "fail", error.message)
        return
    yield Finding("load", "ok", "imported, and its hook called")
    for problem in plugins.problems[before:]:
        yield Finding(problem.stage, "warn", _said(problem))
    yield from _words_of(entry, info)
    if entry.distribution and not entry.is_core:
        yield from _requirements_of(entry)


def _said(problem: Problem) -> str:
    what = describe(problem.exception)
    return f"{what}; {problem.hint}" if problem.hint else what


def _words_of(entry: PluginEntry, info: object) -> Iterator[Finding]:
    wanted = _ID.get(entry.kind)
    if wanted is not None and not wanted.fullmatch(entry.id):
        message = f"people cannot type the id {entry.id!r}: use lower-case letters, digits and '-'"
        yield Finding("words", "fail", message)
    summary = getattr(info, "summary", "")
    if not isinstance(summary, str) or not summary.strip() or "\n" in summary:
        yield Finding("words", "fail", "its summary is not one line of text")
    elif len(summary) > 100:
        yield Finding("words", "warn", f"its summary has {len(summary)} characters; 100 are enough")


def _requirements_of(entry: PluginEntry) -> Iterator[Finding]:
    if "prefcore" not in requirements(entry.distribution):
        message = "its distribution does not require prefcore: add it to the dependencies"
        yield Finding("requirements", "warn", message)
