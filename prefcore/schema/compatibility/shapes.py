"""Comparing the shapes of one key: each difference confirmed by a witness, proven away, or open."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import chain, islice

import attrs

from prefcore.errors import InvalidValue
from prefcore.schema.checks import Check, compile_check
from prefcore.schema.compatibility.difference import Difference
from prefcore.schema.compatibility.differences import differences
from prefcore.schema.compatibility.findings import Finding, Verdict
from prefcore.schema.compatibility.formats import telling_text
from prefcore.schema.compatibility.inclusion import Inclusion
from prefcore.schema.compatibility.places import ROOT, Place, pointer
from prefcore.schema.declaration import SchemaDocument
from prefcore.schema.problems import Problem, join_path, shown
from prefcore.schema.shape import Shape
from prefcore.schema.witnesses import affordable, allowed
from prefcore.values import UNSET, canonical_text

__all__ = ["ShapeComparison"]

_MOST_TRIED = 400
#: Differences told of one key; more are summed up.
_MOST_TOLD = 60

#: Shapes inside the two of one key; larger ones are not compared.
_LARGEST = 10_000

# The rule that a broken rule of a check belongs to, where no difference explains a witness.
_RULE_OF_PROBLEM: Mapping[str, str] = {
    "type": "T02",
    "enum": "E02",
    "pattern": "N03",
    "required": "D04",
    "additional": "O01",
    "any_of": "O04",
    "one_of": "O04",
    "ref": "O02",
}


@attrs.frozen
class _Side:
    """One side of a comparison: what breaks is a value that ``yes`` takes and ``no`` refuses.

    ``tries`` is how many values may be tried to show it.
    """

    yes: Check
    no: Check
    is_proven: bool
    inclusion: Inclusion
    samples: Callable[[], Iterator[object]]
    tries: int


class ShapeComparison:
    """Compares the shapes of keys of two documents."""

    def __init__(self, older: SchemaDocument, newer: SchemaDocument) -> None:
        self._older, self._newer = older, newer
        self._backward = Inclusion(older.definitions, newer.definitions)
        self._forward = Inclusion(newer.definitions, older.definitions)

    def same(self, key: str, to: str) -> bool:
        """Say whether the two shapes have the same rules, with all that they refer to."""
        older, newer = self._older.preferences[key].shape, self._newer.preferences[to].shape
        return (older is newer and not older.references()) or self._backward.same(older, newer)

    def findings(self, key: str, to: str) -> Iterator[Finding]:
        """Give what differs between the older shape of ``key`` and the newer of ``to``."""
        older, newer = self._older.preferences[key].shape, self._newer.preferences[to].shape
        if sum(1 for shape in (older, newer) for _ in shape.walk()) > _LARGEST:
            yield _too_large(to)
            return
        backward, forward = self._sides(key, to)
        hidden = self._newer.preferences[to].sensitive or self._older.preferences[key].sensitive
        told = _Telling(to, hidden, backward, forward)
        yield from told.impossible(older, newer)
        found = []
        definitions = (self._older.definitions, self._newer.definitions)
        for one in islice(differences(older, newer, definitions, self._backward.same), _MOST_TOLD):
            finding = told.finding(one)
            if finding is not None:
                found.append(finding)
        yield from found
        for finding in told.unexplained(found):
            found.append(finding)
            yield finding
        if not found:
            yield Finding(
                rule="P08",
                key=to,
                message=f"{to}: its shape is written otherwise and allows the same values",
                place=pointer("preferences", to, "shape"),
            )

    def _sides(self, key: str, to: str) -> tuple[_Side, _Side]:
        older, newer = self._older.preferences[key].shape, self._newer.preferences[to].shape
        tries = affordable(older, newer, most=_MOST_TRIED)
        # By the shapes alone: an application's functions are in no snapshot.
        before = compile_check(older, self._older.definitions)
        after = compile_check(newer, self._newer.definitions)
        return (
            _Side(
                before,
                after,
                self._backward.proves(older, newer),
                self._backward,
                lambda: allowed(older, self._older.definitions),
                tries,
            ),
            _Side(
                after,
                before,
                self._forward.proves(newer, older),
                self._forward,
                lambda: allowed(newer, self._newer.definitions),
                tries,
            ),
        )


@attrs.frozen
class _Telling:
    """Makes findings of one key's differences."""

    key: str
    hidden: bool
    backward: _Side
    forward: _Side

    def impossible(self, older: Shape, newer: Shape) -> Iterator[Finding]:
        """Give N05 where the newer shape allows nothing and the older allowed something."""
        if not self.forward.inclusion.is_empty(newer) or self.backward.inclusion.is_empty(older):
            return
        witness = next(self.backward.samples(), UNSET)
        verdict = Verdict.UNDECIDED if witness is UNSET else Verdict.INCOMPATIBLE
        yield Finding(
            rule="N05",
            key=self.key,
            message=f"{self.key}: no value fits its constraints any more; mend them",
            backward=verdict,
            refused=witness,
            place=pointer("preferences", self.key, "shape"),
        )

    def finding(self, one: Difference) -> Finding | None:
        """Give the finding of a difference; None where it breaks nothing and says nothing."""
        if one.rule == "T06":
            return self._of_format(one)
        backward, refused = self._verdict(one, self.backward, one.refused, one.local)
        forward, unknown = self._verdict(one, self.forward, one.unknown, one.local[::-1])
        if (backward, forward) == (Verdict.COMPATIBLE,) * 2 and one.rule != "E04":
            return None
        # Programs that read the key meet other types, lose a value they wrote, or meet a new one.
        breaks = one.rule in ("T03", "T04", "E01", "E02", "E04", "D05")
        return self._made(one, backward, forward, refused, unknown, breaks=breaks)

    def _of_format(self, one: Difference) -> Finding:
        before, after = one.local[0].format, one.local[1].format
        values: dict[str, object] = {"refused": UNSET, "unknown": UNSET}
        verdicts = []
        pairs = (
            ("refused", before, after, one.place.older, self.backward.yes),
            ("unknown", after, before, one.place.newer, self.forward.yes),
        )
        for name, this, other, around, check in pairs:
            text = telling_text(this, other)
            value = UNSET if text is None else around(text)
            if other is None:
                verdicts.append(Verdict.COMPATIBLE)
            elif value is not UNSET and check(value) is None:
                values[name] = value
                verdicts.append(Verdict.INCOMPATIBLE)
            else:
                verdicts.append(Verdict.UNDECIDED)
        return self._made(
            one,
            verdicts[0],
            verdicts[1],
            values["refused"],
            values["unknown"],
            breaks=bool(before and after),
        )

    def _verdict(
        self,
        one: Difference,
        side: _Side,
        values: Iterator[object] | None,
        local: tuple[Shape, Shape],
    ) -> tuple[Verdict, object]:
        if values is None or side.is_proven:
            return Verdict.COMPATIBLE, UNSET
        if one.place != ROOT and side.inclusion.proves(*local):
            return Verdict.COMPATIBLE, UNSET
        witness = _witness(side, chain(values, side.samples()), one.place)
        return (Verdict.UNDECIDED if witness is UNSET else Verdict.INCOMPATIBLE), witness

    def _made(
        self,
        one: Difference,
        backward: Verdict,
        forward: Verdict,
        refused: object,
        unknown: object,
        *,
        breaks: bool,
    ) -> Finding:
        return Finding(
            rule=one.rule,
            key=self.key,
            path=one.place.path,
            message=self._sentence(one, backward, forward, refused, unknown),
            backward=backward,
            forward=forward,
            callers=Verdict.INCOMPATIBLE if breaks else Verdict.COMPATIBLE,
            refused=refused,
            unknown=unknown,
            place=pointer("preferences", self.key, "shape", *one.steps),
        )

    def _sentence(
        self,
        one: Difference,
        backward: Verdict,
        forward: Verdict,
        refused: object,
        unknown: object,
    ) -> str:
        said = [f"{join_path(self.key, one.place.path)}: {one.what}"]
        if refused is not UNSET and one.rule not in ("E02", "T05"):
            said.append(f"{self._shown(refused)} was allowed and is refused now")
        if unknown is not UNSET and one.rule not in ("E01", "T05"):
            said.append(f"{self._shown(unknown)} is allowed now, which older versions refuse")
        if one.rule == "T06" and Verdict.INCOMPATIBLE in (backward, forward):
            del said[1:]
            example = refused if refused is not UNSET else unknown
            said.append(f"{self._shown(example)} follows only one of them")
        elif Verdict.UNDECIDED in (backward, forward):
            who = (
                "values held now still fit"
                if backward is Verdict.UNDECIDED
                else ("older versions take all new values")
            )
            said.append(f"whether {who} can't be decided")
        return "; ".join(said)

    def _shown(self, value: object) -> str:
        if self.hidden:
            return "a value"
        try:
            text = canonical_text(value)
        except InvalidValue:
            return shown(value)
        return text if len(text) <= 80 else shown(value) if len(text) > 400 else text[:79] + "…"

    def unexplained(self, found: list[Finding]) -> Iterator[Finding]:
        """Give what no difference explains: a side that is not proven, and that none breaks."""
        for name, side in (("backward", self.backward), ("forward", self.forward)):
            broken = [one for one in found if getattr(one, name) is not Verdict.COMPATIBLE]
            if side.is_proven or broken:
                continue
            witness = _witness(side, side.samples(), None)
            problem = None if witness is UNSET else side.no(witness)
            verdict = Verdict.INCOMPATIBLE if problem is not None else Verdict.UNDECIDED
            finding = Finding(
                rule=_rule_of(problem, backward=name == "backward"),
                key=self.key,
                path=_normal(problem.path) if problem is not None else "",
                message=f"{self.key}: {self._unexplained(problem, witness, name)}",
                place=pointer("preferences", self.key, "shape"),
                level="warning" if problem is None else "note",
            )
            if name == "backward":
                yield attrs.evolve(finding, backward=verdict, refused=witness)
            else:
                yield attrs.evolve(finding, forward=verdict, unknown=witness)

    def _unexplained(self, problem: Problem | None, witness: object, side: str) -> str:
        whose = (
            "values held now still fit"
            if side == "backward"
            else ("older versions take all new values")
        )
        if problem is None:
            return f"its shape changed, and whether {whose} can't be decided"
        said = problem.requirement if self.hidden else f"{self._shown(witness)}: {problem.message}"
        when = "is refused now" if side == "backward" else "is refused by older versions"
        return f"its shape changed, and a value {when} ({said})"


def _too_large(key: str) -> Finding:
    return Finding(
        rule="O02",
        key=key,
        message=f"{key}: its shape changed, and is too large for what it breaks to be decided",
        backward=Verdict.UNDECIDED,
        forward=Verdict.UNDECIDED,
        place=pointer("preferences", key, "shape"),
    )


def _rule_of(problem: Problem | None, *, backward: bool) -> str:
    if problem is None:
        return "O02"
    rule = _RULE_OF_PROBLEM.get(problem.rule, "N01")
    if backward:
        return rule
    return {"T02": "T01", "E02": "E01", "N01": "N02", "D04": "D05"}.get(rule, rule)


def _witness(side: _Side, values: Iterator[object], place: Place | None) -> object:
    """Give the first value that shows the break, checked against both whole shapes."""
    for value in islice(values, side.tries):
        try:
            canonical_text(value)
        except InvalidValue:
            continue
        if side.yes(value) is None:
            problem = side.no(value)
            if problem is not None and (place is None or _concerns(problem, place)):
                return value
    return UNSET


def _concerns(problem: Problem, place: Place) -> bool:
    """Say whether a problem is told of a place: at it, inside it, or around alternatives."""
    if place.loose:
        return True
    wanted, told = _steps(place.path), _steps(problem.path)
    if problem.rule in ("additional", "any_of", "one_of") and len(told) < len(wanted):
        wanted = wanted[: len(told)]
    return len(told) >= len(wanted) and all(
        one in ("*", other) or (one == "[]" and other.startswith("["))
        for one, other in zip(wanted, told, strict=False)
    )


def _steps(path: str) -> list[str]:
    return re.findall(r"\[\d*\]|[^.\[\]]+", path)


def _normal(path: str) -> str:
    return re.sub(r"\[\d+\]", "[]", path)
