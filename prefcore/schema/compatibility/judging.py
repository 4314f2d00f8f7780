"""Judging: which findings count under a policy, and the smallest version that may carry them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

import attrs

from prefcore.schema.compatibility.bridge import NO_BRIDGE, Bridge
from prefcore.schema.compatibility.bumps import bump_between, is_enough, smallest_version
from prefcore.schema.compatibility.comparison import Comparison
from prefcore.schema.compatibility.findings import Finding, Verdict, highest
from prefcore.schema.compatibility.places import pointer
from prefcore.schema.compatibility.policy import Override, Policy

__all__ = ["Judged", "Judgement", "judge"]

_OK = Verdict.COMPATIBLE


@attrs.frozen(kw_only=True)
class Judged:
    """A finding under a policy: its level there, the bump it asks for, and why.

    ``remedied`` says that a step takes care of it. ``override`` is the one that decided, or that
    expired.
    """

    finding: Finding
    level: str
    bump: str
    remedied: bool = False
    override: Override | None = None
    is_expired: bool = False

    def as_document(self) -> dict[str, object]:
        """Give it as a portable object, for programs."""
        document = self.finding.as_document() | {"level": self.level, "bump": self.bump}
        if self.remedied:
            document["remedied"] = True
        if self.override is not None:
            document["override"] = {
                "key": self.override.key,
                "reason": self.override.reason,
                "expires": self.override.expires.isoformat(),
                "expired": self.is_expired,
            }
        return document


@attrs.frozen(kw_only=True)
class Judgement:
    """What a change needs: every finding as it counts, the bump, and the smallest version.

    ``declared`` is the version that the newer schema says; ``is_allowed`` whether it may.
    """

    last: str
    declared: str
    policy: Policy
    items: tuple[Judged, ...]
    bump: str
    smallest: str
    is_allowed: bool

    @property
    def errors(self) -> tuple[Judged, ...]:
        """What stands in the way, whatever the version."""
        return tuple(one for one in self.items if one.level == "error")

    @property
    def is_good(self) -> bool:
        """Whether the declared version may be released as it is."""
        return self.is_allowed and not self.errors


def judge(
    comparison: Comparison,
    policy: Policy,
    *,
    today: date,
    bridge: Bridge = NO_BRIDGE,
    earlier: Iterable[Finding] = (),
) -> Judgement:
    """Judge a comparison with the last version under a policy.

    ``bridge`` is what steps do between the two, ``earlier`` the findings against still older
    versions (``history.breaks_of_earlier``). M01, M02 and M04 are added where they apply.
    """
    findings = [*comparison.findings, *earlier]
    last, declared = comparison.older.version, comparison.newer.version
    judged = [_judged(one, policy, bridge, today, declared) for one in findings]
    bump = highest(*(one.bump for one in judged))
    allowed = is_enough(last, declared, bump)
    smallest = smallest_version(last, bump)
    edge = f"Step('{last}', '{declared if allowed else smallest}', …)"
    added = [*_of_steps(judged, policy, bridge, edge)]
    if not allowed:
        added.append(_too_small(last, declared, bump, smallest))
    judged += [_judged(one, policy, bridge, today, declared) for one in added]
    return Judgement(
        last=last,
        declared=declared,
        policy=policy,
        items=tuple(judged),
        bump=bump,
        smallest=smallest,
        is_allowed=allowed,
    )


def _judged(finding: Finding, policy: Policy, bridge: Bridge, today: date, declared: str) -> Judged:
    covering = (one for one in policy.overrides if one.covers(finding, declared))
    override = next(covering, None)
    bump = finding.bump(backward=policy.backward, forward=policy.forward)
    level = finding.level
    guarded = _guarded_breaks(finding, policy)
    remedied = bool(guarded) and _is_remedied(finding, policy, bridge)
    if guarded and not remedied and (policy.remedy == "strict" or not _has_remedy(guarded, policy)):
        level = "error"
    if finding.rule == "T07" and remedied:
        level = "note"
    if override is None:
        return Judged(finding=finding, level=level, bump=bump, remedied=remedied)
    if override.expires <= today:
        return Judged(
            finding=finding,
            level=level,
            bump=bump,
            remedied=remedied,
            override=override,
            is_expired=True,
        )
    if override.level != "error":
        bump = "patch"
    return Judged(
        finding=finding, level=override.level, bump=bump, remedied=remedied, override=override
    )


def _guarded_breaks(finding: Finding, policy: Policy) -> list[str]:
    """Give the sides that a finding breaks, or may break, and that the policy guards."""
    sides = (
        ("backward", policy.backward, finding.backward),
        ("forward", policy.forward, finding.forward),
    )
    return [name for name, guards, verdict in sides if guards and verdict is not _OK]


def _has_remedy(guarded: Sequence[str], policy: Policy) -> bool:
    """Say whether a step could remedy the breaks; M01 then says that there is none."""
    return "forward" not in guarded or policy.remedy == "reversible"


def _is_remedied(finding: Finding, policy: Policy, bridge: Bridge) -> bool:
    guarded = _guarded_breaks(finding, policy)
    return (
        policy.remedy != "strict"
        and _has_remedy(guarded, policy)
        and bridge.remedies(finding.key, reversibly=policy.remedy == "reversible")
    )


def _of_steps(
    judged: Iterable[Judged], policy: Policy, bridge: Bridge, edge: str
) -> Iterator[Finding]:
    """Give M01 for each key that breaks and that no step takes care of, and M02 for faults."""
    open_keys: dict[str, list[Judged]] = {}
    for one in judged:
        settled = one.remedied or (one.override is not None and not one.is_expired)
        guarded = _guarded_breaks(one.finding, policy)
        if guarded and not settled and policy.remedy != "strict" and _has_remedy(guarded, policy):
            open_keys.setdefault(one.finding.key, []).append(one)
    for key, items in open_keys.items():
        yield _without_step(key, items, bridge, edge)
    for fault in bridge.faults:
        yield Finding(
            rule="M02",
            key=fault.key,
            message=fault.message,
            refused=fault.witness,
            place=pointer("preferences", fault.key) if fault.key else "",
        )


def _without_step(key: str, items: Sequence[Judged], bridge: Bridge, edge: str) -> Finding:
    rules = ", ".join(dict.fromkeys(one.finding.rule for one in items))
    undecided = all(
        Verdict.INCOMPATIBLE not in (one.finding.backward, one.finding.forward) for one in items
    )
    what = "may break held values" if undecided else "breaks held values"
    if key in bridge.one_way:
        message = f"{key}: {rules} {what}, and its step has no way back; give it a down function"
    else:
        message = f"{key}: {rules} {what}, and no step says what becomes of them; write {edge}"
    return Finding(rule="M01", key=key, message=message, place=pointer("preferences", key))


def _too_small(last: str, declared: str, bump: str, smallest: str) -> Finding:
    if declared == last:
        message = f"the schema changed and is still called {last}; call it {smallest}"
    elif not bump_between(last, declared):
        message = f"{declared} is lower than {last}, which was released; call it {smallest}"
    else:
        message = (
            f"{declared} is too small a step from {last} for a {bump} change; "
            f"call it {smallest} or higher"
        )
    return Finding(rule="M04", key="", message=message, place="/version", older=last)
