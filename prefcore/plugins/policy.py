"""Which plugins may be used: allow and deny lists, versions pinned, clashes resolved; all pure.

This is trust, not a sandbox: the lists decide what is imported; a plugin that is imported can do
whatever this process can.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import attrs

from prefcore.errors import PluginError, UsageError
from prefcore.plugins.index import KINDS, PluginEntry, normal
from prefcore.plugins.problems import Problem, describe

__all__ = ["Policy", "Rule", "resolve"]


@attrs.frozen
class Rule:
    """One line of an allow or deny list.

    An id (``toml`` or ``formats.toml``) or a distribution, of any version or, as
    ``prefcore-toml==1.2``, of exactly that one; ``*`` is every plugin that is not core's own.
    """

    name: str
    version: str = ""

    @classmethod
    def parse(cls, text: str) -> Rule:
        """Read a rule; raises UsageError for anything but ``NAME`` or ``NAME==VERSION``."""
        name, pinned, version = (part.strip() for part in text.partition("=="))
        if not name or re.search(r"[\s<>=!~,;]", name + version) or (pinned and not version):
            raise UsageError(
                f"'{text}' is no rule for plugins; write an id (toml, formats.toml) or a"
                " distribution, with ==VERSION for that version alone",
                rule=text,
            )
        return cls(name, version)

    def covers(self, entry: PluginEntry) -> bool:
        """Say whether the rule speaks of this plugin, whatever its version."""
        if self.name == "*":
            return not entry.is_core
        return self.name in (entry.id, entry.name) or (
            entry.distribution != "" and normal(self.name) == normal(entry.distribution)
        )

    def matches(self, entry: PluginEntry) -> bool:
        """Say whether the rule speaks of this plugin in this version."""
        return self.covers(entry) and self.version in ("", entry.version)

    def __str__(self) -> str:
        return f"{self.name}=={self.version}" if self.version else self.name


@attrs.frozen
class Policy:
    """Which of the plugins that are there may be used.

    A plugin must be named by every allow list that is not empty, and by no rule of ``deny``.
    Allow lists judge what was discovered; core's own and what the application passes in need no
    permission. ``choose`` takes ``formats.toml`` from the one distribution named, never another.
    """

    allow: tuple[tuple[Rule, ...], ...] = ()
    deny: tuple[Rule, ...] = ()
    choose: Mapping[str, str] = attrs.field(factory=dict)

    @classmethod
    def of(
        cls, allow: Iterable[str] = (), deny: Iterable[str] = (), choose: Mapping[str, str] = {}
    ) -> Policy:
        """Read the lists as people write them; raises UsageError."""
        for name in choose:
            kind, _, id = name.partition(".")
            if kind not in KINDS or not id:
                raise UsageError(
                    f"'{name}' names no plugin to choose; write kind and id, such as"
                    f" formats.toml; kinds are {', '.join(KINDS)}",
                    name=name,
                )
        allowed = _rules(allow)
        return cls((allowed,) if allowed else (), _rules(deny), dict(choose))

    def narrowed(self, other: Policy) -> Policy:
        """Give the policy that lets through only what both let through."""
        return Policy(
            self.allow + other.allow, self.deny + other.deny, {**other.choose, **self.choose}
        )

    def refusal(self, entry: PluginEntry) -> str:
        """Say why a plugin may not be used, or the empty text."""
        for rule in self.deny:
            if rule.matches(entry):
                return f"denied by the rule '{rule}'"
        if not entry.is_core and entry.distribution:
            for rules in self.allow:
                if not any(rule.matches(entry) for rule in rules):
                    pins = ", ".join(str(rule) for rule in rules if rule.covers(entry))
                    return (
                        f"version {entry.version} is not the one allowed ({pins})"
                        if pins
                        else "not on the list of allowed plugins"
                    )
        chosen = self.choose.get(entry.name)
        if chosen and normal(chosen) not in (normal(entry.distribution), normal(entry.value)):
            return f"{entry.name} is to come from {chosen}"
        return ""


def _rules(texts: Iterable[str]) -> tuple[Rule, ...]:
    if isinstance(texts, str):  # would be read letter by letter
        raise UsageError(f"a list of plugin rules is due, not the text '{texts}'", rule=texts)
    return tuple(map(Rule.parse, texts))


def resolve(
    entries: Iterable[PluginEntry], policy: Policy
) -> tuple[list[PluginEntry], list[Problem]]:
    """Give the entries in their fixed order with what the policy and clashes make of them.

    Two sources of one id disable that id alone. Core's own keep theirs unless the other is
    chosen: installing something must not take the store away.
    """
    judged: list[PluginEntry] = []
    rivals: dict[str, list[PluginEntry]] = {}
    for entry in entries:
        reason = policy.refusal(entry)
        if reason:
            judged.append(attrs.evolve(entry, status="denied", reason=reason))
        else:
            rivals.setdefault(entry.name, []).append(entry)
    problems: list[Problem] = []
    for name in sorted(rivals):
        claims = sorted(rivals[name], key=_order)
        if len(claims) == 1:
            judged += claims
            continue
        problem = _clash(name, claims)
        problems.append(problem)
        reason = describe(problem.exception)
        judged += [
            claim if claim.is_core else attrs.evolve(claim, status="clash", reason=reason)
            for claim in claims
        ]
    return sorted(judged, key=_order), problems


def _order(entry: PluginEntry) -> tuple[str, str, str, str]:
    return entry.distribution, entry.id, entry.kind, entry.value


def _clash(name: str, claims: Sequence[PluginEntry]) -> Problem:
    origins = " and ".join(claim.origin for claim in claims)
    core = any(claim.is_core for claim in claims)
    outcome = "core's own is used" if core else "so it is disabled"
    other = next((claim for claim in claims if not claim.is_core), claims[0])
    return Problem(
        ", ".join(claim.distribution for claim in claims),
        ", ".join(claim.version for claim in claims),
        claims[0].kind,
        claims[0].id,
        "clash",
        PluginError(f"plugin {name} is offered by {origins}, {outcome}"),
        "uninstall one, or choose one in prefcore.toml: [plugins.choose]"
        f' "{name}" = "{other.distribution or other.value}"',
    )
