"""Each rule: a pair of schemas that fires it, and one much like it that does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefcore.environment import variable_of
from prefcore.schema import Deprecation, SchemaDocument
from prefcore.schema.compatibility import RULES, Finding, Rule, compare
from prefcore.schema.compatibility.keys import environment_name
from prefcore.values import UNSET
from tests.schema.compatibility.world import declared, document, judge, shape

REFERENCE = Path(__file__).parents[3] / "docs/reference/compatibility.md"

TEXT = {"type": "string"}
OLD = Deprecation("use b")


class Pair(NamedTuple):
    """Two documents; ``sides`` are the verdicts' first letters: backward, forward, callers."""

    rule: str
    older: SchemaDocument
    newer: SchemaDocument
    sides: str = "ccc"
    bump: str = "minor"
    full: str = ""
    path: str = ""


def shapes(rule: str, older: object, newer: object, *more: str, **fields: str) -> Pair:
    """Give a pair of documents that differ in the shape of their key ``a``."""
    old = document(declared("a", older), dialect="json-schema")
    new = document(declared("a", newer), version="2.0.0", dialect="json-schema")
    return Pair(rule, old, new, *more, **fields)


def fields(rule: str, before: dict[str, Any], after: dict[str, Any], *more: str) -> Pair:
    """Give a pair of documents that differ in fields of their key ``a``, which is text."""
    old = document(declared("a", TEXT, **before), dialect="json-schema")
    new = document(declared("a", TEXT, **after), version="2.0.0", dialect="json-schema")
    return Pair(rule, old, new, *more)


A, B = declared("a", TEXT), declared("b", TEXT)
V2: dict[str, Any] = {"version": "2.0.0"}

FIRING = {
    "K01 optional": Pair("K01", document(A), document(A, B, **V2)),
    "K01 with default": Pair(
        "K01", document(A), document(A, declared("b", TEXT, default="x"), **V2)
    ),
    "K02": Pair(
        "K02", document(A), document(A, declared("b", TEXT, required=True), **V2), "icc", "major"
    ),
    "K03": Pair(
        "K03",
        document(A, declared("b", TEXT, deprecated=OLD)),
        document(A, reserved=["b"], **V2),
        "cii",
        "major",
    ),
    "K04": Pair("K04", document(A, B), document(A, reserved=["b"], **V2), "cii", "major"),
    "K05 removed": Pair("K05", document(A, B), document(A, **V2), "ccc", "patch", "patch"),
    "K05 dropped": Pair(
        "K05", document(A, reserved=["b"]), document(A, **V2), "ccc", "patch", "patch"
    ),
    "K06": Pair("K06", document(A, reserved=["b"]), document(A, B, **V2), "iii", "major"),
    "K07": Pair("K07", document(A), document(declared("b", TEXT, aliases=["a"]), **V2)),
    "K08 dropped": Pair(
        "K08", document(declared("a", TEXT, aliases=["old"])), document(A, **V2), "iii", "major"
    ),
    "K10 case": Pair(
        "K10", document(A), document(A, declared("A", TEXT), **V2), "cci", "patch", "patch"
    ),
    "K10 environment": Pair(
        "K10",
        document(declared("b-c", TEXT)),
        document(declared("b-c", TEXT), declared("b_c", TEXT), **V2),
        "cci",
        "patch",
        "patch",
    ),
    "K11 deprecated": fields("K11", {}, {"deprecated": OLD}),
    "K11 no longer": fields("K11", {"deprecated": OLD}, {}, "ccc", "patch", "patch"),
    "T01": shapes("T01", TEXT, {"type": ["string", "integer"]}, "cic", "minor", "major"),
    "T01 number": shapes("T01", {"type": "integer"}, {"type": "number"}, "cic", "minor", "major"),
    "T02": shapes("T02", {"type": ["string", "integer"]}, TEXT, "icc", "major"),
    "T02 number": shapes("T02", {"type": "number"}, {"type": "integer"}, "icc", "major"),
    "T03": shapes("T03", TEXT, {"type": "integer"}, "iii", "major"),
    "T03 enum": shapes("T03", {"enum": ["a"]}, {"enum": [1]}, "iii", "major"),
    "T04": shapes("T04", TEXT, {"type": "array", "items": TEXT}, "iii", "major"),
    "T04 back": shapes("T04", {"type": "array"}, TEXT, "iii", "major"),
    "T05 lost": shapes("T05", {"type": ["string", "null"]}, TEXT, "icc", "major"),
    "T05 gained": shapes("T05", TEXT, {"type": ["string", "null"]}, "cic", "minor", "major"),
    "T05 enum": shapes("T05", {"enum": ["a", None]}, {"enum": ["a"]}, "icc", "major"),
    "T06": shapes("T06", {**TEXT, "format": "date"}, {**TEXT, "format": "email"}, "iii", "major"),
    "T06 added": shapes("T06", TEXT, {**TEXT, "format": "ipv4"}, "icc", "major"),
    "T06 removed": shapes("T06", {**TEXT, "format": "uuid"}, TEXT, "cic", "minor", "major"),
    "T06 unknown": shapes("T06", {**TEXT, "format": "x"}, {**TEXT, "format": "y"}, "uui", "major"),
    "T07": fields("T07", {"unit": "s"}, {"unit": "ms"}, "iii", "major"),
    "N01 minimum": shapes(
        "N01", {"type": "integer", "minimum": 1}, {"type": "integer", "minimum": 5}, "icc", "major"
    ),
    "N01 new maximum": shapes(
        "N01", {"type": "number"}, {"type": "number", "maximum": 5}, "icc", "major"
    ),
    "N01 exclusive": shapes(
        "N01",
        {"type": "number", "minimum": 1},
        {"type": "number", "exclusiveMinimum": 1},
        "icc",
        "major",
    ),
    "N01 length": shapes("N01", {**TEXT, "maxLength": 9}, {**TEXT, "maxLength": 8}, "icc", "major"),
    "N01 items": shapes(
        "N01", {"type": "array", "maxItems": 3}, {"type": "array", "maxItems": 2}, "icc", "major"
    ),
    "N01 members": shapes(
        "N01", {"type": "object"}, {"type": "object", "minProperties": 1}, "icc", "major"
    ),
    "N01 unique": shapes(
        "N01", {"type": "array"}, {"type": "array", "uniqueItems": True}, "icc", "major"
    ),
    "N01 multiple": shapes(
        "N01",
        {"type": "integer", "multipleOf": 2},
        {"type": "integer", "multipleOf": 4},
        "icc",
        "major",
    ),
    "N02 minimum": shapes(
        "N02",
        {"type": "integer", "minimum": 5},
        {"type": "integer", "minimum": 1},
        "cic",
        "minor",
        "major",
    ),
    "N02 maximum gone": shapes(
        "N02", {"type": "number", "maximum": 5}, {"type": "number"}, "cic", "minor", "major"
    ),
    "N02 length": shapes("N02", {**TEXT, "minLength": 2}, TEXT, "cic", "minor", "major"),
    "N02 items": shapes(
        "N02",
        {"type": "array", "minItems": 3},
        {"type": "array", "minItems": 2},
        "cic",
        "minor",
        "major",
    ),
    "N02 unique": shapes(
        "N02", {"type": "array", "uniqueItems": True}, {"type": "array"}, "cic", "minor", "major"
    ),
    "N02 multiple": shapes(
        "N02",
        {"type": "number", "multipleOf": 1},
        {"type": "number", "multipleOf": 0.5},
        "cic",
        "minor",
        "major",
    ),
    "N03 added": shapes("N03", TEXT, {**TEXT, "pattern": "^a"}, "icc", "major"),
    "N03 removed": shapes("N03", {**TEXT, "pattern": "^a"}, TEXT, "cic", "minor", "major"),
    "N03 changed": shapes(
        "N03", {**TEXT, "pattern": "^[a-z]+$"}, {**TEXT, "pattern": "^[0-9]+$"}, "iic", "major"
    ),
    "N03 undecided": shapes(
        "N03", {**TEXT, "pattern": "^zq[a-c]+$"}, {**TEXT, "pattern": "^zq[a-d]+$"}, "uuc", "major"
    ),
    "N05": shapes(
        "N05", {"type": "integer"}, {"type": "integer", "minimum": 3, "maximum": 2}, "icc", "major"
    ),
    "E01": shapes("E01", {"enum": ["a"]}, {"enum": ["a", "b"]}, "cii", "minor", "major"),
    "E01 any": shapes("E01", {"enum": ["a"]}, TEXT, "cii", "minor", "major"),
    "E02": shapes("E02", {"enum": ["a", "b"]}, {"enum": ["a"]}, "ici", "major"),
    "E02 only": shapes("E02", TEXT, {"enum": ["a"]}, "ici", "major"),
    "E04": shapes("E04", {"enum": ["a", "b"]}, {"enum": ["b", "a"]}, "cci", "minor", "minor"),
    "D01": fields("D01", {"default": "x"}, {"default": "y"}, "cci"),
    "D01 gone": fields("D01", {"default": "x"}, {}, "cci"),
    "D01 came": fields("D01", {}, {"default": "x"}, "cci"),
    "D02 added": fields("D02", {"required": True}, {"required": True, "default": "x"}),
    "D02 removed": fields(
        "D02", {"required": True, "default": "x"}, {"required": True}, "ici", "major"
    ),
    "D03": fields("D03", {}, {"default": 5}, "ccc", "patch", "patch"),
    "D04 without default": fields("D04", {}, {"required": True}, "icc", "major"),
    "D04 with default": fields("D04", {"default": "x"}, {"default": "x", "required": True}),
    "D04 member": shapes(
        "D04",
        {"type": "object", "properties": {"x": TEXT}},
        {"type": "object", "properties": {"x": TEXT}, "required": ["x"]},
        "icc",
        "major",
    ),
    "D05": fields("D05", {"required": True}, {}, "cii", "minor"),
    "D05 member": shapes(
        "D05", {"type": "object", "required": ["x"]}, {"type": "object"}, "cii", "minor", "major"
    ),
    "O01 closed": shapes(
        "O01", {"type": "object"}, {"type": "object", "additionalProperties": False}, "icc", "major"
    ),
    "O01 opened": shapes(
        "O01",
        {"type": "object", "additionalProperties": False},
        {"type": "object"},
        "cic",
        "minor",
        "major",
    ),
    "O02 member": shapes(
        "O02",
        {"type": "object", "additionalProperties": False},
        {"type": "object", "additionalProperties": False, "properties": {"x": TEXT}},
        "cic",
        "minor",
        "major",
        path="x",
    ),
    "O02 declared": shapes(
        "O02",
        {"type": "object"},
        {"type": "object", "properties": {"x": TEXT}},
        "icc",
        "major",
        path="x",
    ),
    "O04 added": shapes(
        "O04",
        {"anyOf": [TEXT, {"type": "null"}]},
        {"anyOf": [TEXT, {"type": "null"}, {"type": "boolean"}]},
        "cic",
        "minor",
        "major",
    ),
    "O04 removed": shapes(
        "O04",
        {"oneOf": [TEXT, {"type": "array"}, {"type": "boolean"}]},
        {"oneOf": [TEXT, {"type": "boolean"}]},
        "icc",
        "major",
    ),
    "P01 removed": fields("P01", {}, {"scopes": ["user"]}, "ici", "major"),
    "P01 added": fields("P01", {"scopes": ["user"]}, {}),
    "P01 trusted": fields("P01", {}, {"trusted_only": True}, "ici", "major"),
    "P01 portable": fields("P01", {}, {"portable": False}),
    "P02": fields("P02", {}, {"locked": True}, "cii", "major"),
    "P02 no longer": fields("P02", {"locked": True}, {}),
    "P03": fields("P03", {}, {"sensitive": True}, "cic", "major"),
    "P03 no longer": fields("P03", {"sensitive": True}, {}, "ccc", "major"),
    "P04": fields("P04", {}, {"requires_role": "admin"}, "cci", "major"),
    "P04 lowered": fields("P04", {"requires_role": "admin"}, {}),
    "P05": fields("P05", {}, {"merge": "ours"}),
    "P06": fields("P06", {"env": "A"}, {"env": "B"}, "cci", "major"),
    "P06 added": fields("P06", {}, {"env": "A"}),
    "P07": fields("P07", {"sensitive": True}, {"sensitive": True, "audited": True}),
    "P07 no longer": fields("P07", {"sensitive": True, "audited": True}, {"sensitive": True}),
    "P08": fields("P08", {}, {"help": "x"}, "ccc", "patch", "patch"),
}

#: Of the M rules see test_judging, of K08 by steps see test_comparison: they need steps.
OTHERWISE = {"M01", "M02", "M04", "M06"}

NOT_FIRING = {
    "K01": Pair("K01", document(A), document(declared("b", TEXT, aliases=["a"]), **V2)),
    "K02": Pair(
        "K02", document(A), document(A, declared("b", TEXT, default="x", required=True), **V2)
    ),
    "K03": Pair("K03", document(A, B), document(A, reserved=["b"], **V2)),
    "K04": Pair("K04", document(A, declared("b", TEXT, deprecated=OLD)), document(A, **V2)),
    "K05": Pair("K05", document(A, B), document(A, reserved=["b"], **V2)),
    "K06": Pair(
        "K06", document(A, reserved=["b"]), document(A, declared("c", TEXT), reserved=["b"], **V2)
    ),
    "K07": Pair("K07", document(A), document(B, **V2)),
    "K08": Pair("K08", document(A), document(B, **V2)),
    "K10": Pair("K10", document(A), document(A, declared("ä", TEXT), **V2)),
    "K11": fields("K11", {"deprecated": OLD}, {"deprecated": OLD}),
    "T01": shapes("T01", {"type": "number"}, {"type": ["number", "integer"]}),
    "T02": shapes("T02", {"type": ["integer", "number"]}, {"type": "number"}),
    "T03": shapes("T03", TEXT, {"type": ["string", "integer"]}),
    "T04": shapes("T04", TEXT, {"anyOf": [TEXT, {"type": "array"}]}),
    "T05": shapes("T05", {"enum": ["null"]}, {"enum": ["null", "x"]}),
    "T06": shapes("T06", {**TEXT, "format": "date"}, {**TEXT, "format": "date", "maxLength": 9}),
    "T07": fields("T07", {"unit": "s"}, {"unit": "s", "help": "seconds"}),
    "N01": shapes(
        "N01", {"type": "integer", "minimum": 1}, {"type": "integer", "exclusiveMinimum": 0}
    ),
    "N02": shapes("N02", {"enum": [1, 2], "minimum": 1}, {"enum": [1, 2]}),
    "N03": shapes("N03", {"enum": ["a"]}, {"enum": ["a"], "pattern": "^a$"}),
    "N05": shapes("N05", {"type": "integer"}, {"type": "integer", "minimum": 2, "maximum": 2}),
    "E01": shapes("E01", {"enum": ["a", "b"]}, {"anyOf": [{"const": "a"}, {"const": "b"}]}),
    "E02": shapes("E02", {"enum": ["a", "b"]}, {"enum": ["a", "b", "c"]}),
    "E04": shapes("E04", {"enum": ["a", "b"]}, {"enum": ["a", "c", "b"]}),
    "D01": fields("D01", {"default": "x"}, {"default": "x"}),
    "D02": fields("D02", {"required": True, "default": "x"}, {"required": True, "default": "y"}),
    "D03": fields("D03", {"default": 5}, {"default": 6}),
    "D04": fields("D04", {"required": True}, {"required": True}),
    "D05": fields("D05", {}, {"required": True}),
    "O01": shapes(
        "O01",
        {"type": "object", "maxProperties": 0},
        {"type": "object", "maxProperties": 0, "additionalProperties": False},
    ),
    "O02": shapes("O02", {"type": "object", "properties": {"x": {}}}, {"type": "object"}),
    "O04": shapes("O04", {"anyOf": [TEXT, {"type": "null"}]}, {"type": ["string", "null"]}),
    "P01": fields("P01", {}, {"scopes": ["project", "system", "user"]}),
    "P02": fields("P02", {"locked": True}, {"locked": True}),
    "P03": fields("P03", {"sensitive": True}, {"sensitive": True, "help": "x"}),
    "P04": fields("P04", {"requires_role": "a"}, {"requires_role": "a"}),
    "P05": fields("P05", {"merge": "ours"}, {"merge": "ours"}),
    "P06": fields("P06", {"env": "A"}, {"env": "A", "aliases": ["x"]}),
    "P07": fields("P07", {"sensitive": True}, {"sensitive": True, "help": "x"}),
    "P08": fields("P08", {}, {"default": "x"}),
}


def sides(finding: Finding) -> str:
    return "".join(str(one)[0] for one in (finding.backward, finding.forward, finding.callers))


def found(pair: Pair) -> list[Finding]:
    return [one for one in compare(pair.older, pair.newer).findings if one.rule == pair.rule]


@pytest.mark.parametrize("pair", FIRING.values(), ids=FIRING)
def test_a_rule_fires_with_its_verdicts_and_bump(pair: Pair) -> None:
    finding = found(pair)[0]
    assert (sides(finding), finding.path) == (pair.sides, pair.path)
    assert finding.bump() == pair.bump
    assert finding.bump(forward=True) == (pair.full or _full(pair))
    assert finding.key
    assert finding.message.startswith(f"{finding.key}")
    assert finding.older == "1.0.0"


def _full(pair: Pair) -> str:
    """A table's bump holds in FULL too, but where old code meets new data."""
    return "major" if pair.sides[1] != "c" else pair.bump


@pytest.mark.parametrize("pair", NOT_FIRING.values(), ids=NOT_FIRING)
def test_a_rule_does_not_fire_where_it_does_not_apply(pair: Pair) -> None:
    assert found(pair) == []


def test_every_rule_has_a_pair_that_fires_it_and_one_that_does_not() -> None:
    assert {pair.rule for pair in FIRING.values()} == set(RULES) - OTHERWISE
    assert {pair.rule for pair in NOT_FIRING.values()} == set(RULES) - OTHERWISE


WITNESSED = {name: pair for name, pair in FIRING.items() if name[0] in "TNEO" or "member" in name}


@pytest.mark.parametrize("pair", WITNESSED.values(), ids=WITNESSED)
def test_a_witness_is_confirmed_by_an_independent_validator(pair: Pair) -> None:
    finding = found(pair)[0]
    if pair.rule == "E04":
        assert (finding.refused, finding.unknown) == (UNSET, UNSET)  # no value tells an order
        return
    formats = pair.rule == "T06"
    older = judge(pair.older, "a", formats=formats)
    newer = judge(pair.newer, "a", formats=formats)
    assert (finding.refused is not UNSET) == (pair.sides[0] == "i")
    assert (finding.unknown is not UNSET) == (pair.sides[1] == "i")
    for witness, one, other in (
        (finding.refused, older, newer),
        (finding.unknown, newer, older),
    ):
        if witness is not UNSET:
            assert one.is_valid(witness), witness
            # Of a unit that changed, the witness is a value that both take and that means another.
            assert other.is_valid(witness) == (pair.rule == "T07"), witness


def test_the_place_of_a_finding_is_a_pointer_into_the_document() -> None:
    pair = FIRING["N01 minimum"]
    (finding,) = found(pair)
    content: Any = pair.newer.as_document()
    for step in finding.place.split("/")[1:]:
        content = content[step]
    assert content == 5


@given(st.text("aA._-é", min_size=1, max_size=4), st.text("aA._-é", min_size=1, max_size=4))
def test_names_are_alike_in_the_environment_where_its_variables_are_one(
    one: str, other: str
) -> None:
    alike = environment_name(one) == environment_name(other)
    assert alike == (variable_of("acme", one) == variable_of("acme", other))


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_the_reference_names_every_rule_with_its_change(rule: Rule) -> None:
    assert f"| `{rule.id}` | {rule.change} |" in REFERENCE.read_text(encoding="utf-8")


def test_shapes_are_read_whole_here() -> None:
    with pytest.raises(AssertionError):
        shape({"not": {}})
