"""The policy: what has to stay compatible, what remedies a break, and what is let pass how long."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from fnmatch import fnmatchcase

import attrs

from prefcore.errors import InvalidSchema, UsageError
from prefcore.schema.closest import did_you_mean
from prefcore.schema.compatibility.findings import Finding
from prefcore.schema.compatibility.rules import RULES
from prefcore.schema.ranges import Range

__all__ = ["LEVELS", "MODES", "REMEDIES", "Override", "Policy"]

_PLAIN = ("NONE", "BACKWARD", "FORWARD", "FULL")
#: What has to stay compatible, with the last version or with all.
MODES = (*_PLAIN, *(f"{name}_TRANSITIVE" for name in _PLAIN if name != "NONE"))
REMEDIES = ("strict", "migratable", "reversible")
LEVELS = ("note", "warning", "error")

_OVERRIDE_FIELDS = ("key", "reason", "expires", "rules", "level", "versions")


def _one_of(what: str, value: object, known: tuple[str, ...]) -> str:
    if value not in known:
        hint = did_you_mean(str(value), known)
        raise UsageError(f"there is no {what} {value!r:.40}; known are {', '.join(known)}{hint}")
    return str(value)


@attrs.frozen
class Override:
    """A decision on findings: they count as ``level`` until a day, for a reason.

    ``key`` is a glob of keys, ``rules`` the rules it is about (none: all), ``versions`` the
    declared versions that it is for, a range. A note or a warning asks for no version bump and
    fails nothing. From ``expires`` on the findings count again.
    """

    key: str
    reason: str
    expires: date
    rules: tuple[str, ...] = ()
    level: str = "note"
    versions: Range | None = None

    @classmethod
    def from_table(cls, table: Mapping[str, object]) -> Override:
        """Give the override that a table of prefcore.toml says; raises UsageError."""
        for name in table:
            _one_of("setting of an override", name, _OVERRIDE_FIELDS)
        rules = table.get("rules", [])
        if not isinstance(rules, list):
            raise UsageError("an override's rules are a list, such as ['E02']")
        texts = {name: table.get(name) for name in ("key", "reason")}
        for name, text in texts.items():
            if not isinstance(text, str) or not text.strip():
                raise UsageError(f'an override needs a {name}; write {name} = "…"')
        expires = table.get("expires")
        if type(expires) is not date:  # a datetime is a date too
            raise UsageError(
                "an override needs a day on which it expires, such as expires = 2027-01-31"
            )
        return cls(
            str(texts["key"]),
            str(texts["reason"]),
            expires,
            tuple(_one_of("rule", rule, tuple(RULES)) for rule in rules),
            _one_of("level", table.get("level", "note"), LEVELS),
            _versions(table.get("versions")),
        )

    def covers(self, finding: Finding, declared: str) -> bool:
        """Say whether it is about a finding on a declared version."""
        if self.versions is not None and declared not in self.versions:
            return False
        return fnmatchcase(finding.key, self.key) and (not self.rules or finding.rule in self.rules)


def _versions(text: object) -> Range | None:
    if text is None:
        return None
    if not isinstance(text, str):
        raise UsageError('an override\'s versions are a range, such as versions = "^2.1"')
    try:
        return Range.parse(text)
    except InvalidSchema as error:
        raise UsageError(f"an override's versions: {error.message}") from error


def _mode(name: object) -> str:
    return _one_of("mode", name, MODES)


def _remedy(name: object) -> str:
    return _one_of("remedy", name, REMEDIES)


def _overrides(given: Iterable[Override]) -> tuple[Override, ...]:
    return tuple(given)


@attrs.frozen
class Policy:
    """What a change is judged by; see docs/explanation/compatibility.md.

    ``mode`` says what has to stay compatible: new code with old data (BACKWARD), old code with new
    data (FORWARD), both (FULL) or neither; with the last version, or with every earlier one
    (``…_TRANSITIVE``). ``remedy`` says what makes a break of data bearable: nothing (``strict``), a
    step (``migratable``), or one that has a way back (``reversible``).
    """

    mode: str = attrs.field(default="BACKWARD_TRANSITIVE", converter=_mode)
    remedy: str = attrs.field(default="reversible", converter=_remedy)
    overrides: tuple[Override, ...] = attrs.field(default=(), converter=_overrides)

    @classmethod
    def from_table(cls, table: Mapping[str, object]) -> Policy:
        """Give the policy that ``[compatibility]`` of prefcore.toml says; raises UsageError.

        ``snapshots``, which says where they are, is no part of it.
        """
        for name in table:
            _one_of("setting of compatibility", name, ("mode", "remedy", "overrides", "snapshots"))
        overrides = table.get("overrides", [])
        if not isinstance(overrides, list) or not all(isinstance(one, dict) for one in overrides):
            raise UsageError("compatibility.overrides is a list of tables")
        fields = {name: table[name] for name in ("mode", "remedy") if name in table}
        return cls(**fields, overrides=map(Override.from_table, overrides))

    @property
    def backward(self) -> bool:
        """Whether new code has to read old data."""
        return self.mode.startswith(("BACKWARD", "FULL"))

    @property
    def forward(self) -> bool:
        """Whether old code has to read new data."""
        return self.mode.startswith(("FORWARD", "FULL"))

    @property
    def is_transitive(self) -> bool:
        """Whether that holds for every earlier version, not for the last alone."""
        return self.mode.endswith("_TRANSITIVE")
