"""A class is refused for what no store could use, when it is made and in one sentence."""

from __future__ import annotations

from typing import Any

import pytest

from prefcore.errors import InvalidSchema
from prefcore.schema import Preference, Schema, SchemaDocument, preference


def made(app: Any = "acme", version: Any = "1.0.0", **declared: Any) -> type[Schema]:
    """Give a class that declares integers under the names given."""
    body = {"__annotations__": dict.fromkeys(declared, int), "__module__": __name__, **declared}
    return type("Editor", (Schema,), body, app=app, version=version)


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        pytest.param({"F": 1, "f": 2}, "f: it differs from F in capitals alone", id="case"),
        pytest.param(
            {"a": preference(1, env="a b=c")}, "a: env 'a b=c' is no name of a variable", id="blank"
        ),
        pytest.param({"a": preference(1, env="")}, "a: env '' is no name", id="empty variable"),
        pytest.param({"a": preference(1, env="1A")}, "a: env '1A' is no name", id="digit first"),
        pytest.param(
            {"a": preference(1, env="A"), "b": preference(1, env="A")},
            "b: env A is the variable of a already",
            id="one variable twice",
        ),
        pytest.param(
            {"a": preference(1, env="PREFCORE_STORE")},
            "a: env PREFCORE_STORE configures prefcore itself",
            id="a variable of prefcore",
        ),
        pytest.param(
            {"a": preference(1, scopes=["user"], locked=True)},
            "a: it is locked for the system's value to win",
            id="a lock that can never act",
        ),
        pytest.param({"a": preference(1, ge=float("nan"))}, "minimum", id="a bound that is none"),
        pytest.param(
            {"version": "", "a": 1}, "version is empty; write one like 1.2.3", id="no version"
        ),
        pytest.param({"version": 1, "a": 1}, "version takes text, not int", id="version"),
        pytest.param({"app": 3, "a": 1}, "app takes text, not int", id="application"),
        pytest.param({"app": "a" * 101, "a": 1}, "app is longer than 100", id="long name"),
        pytest.param({"app": "../../trav", "a": 1}, "can't name a folder", id="a path"),
    ],
)
def test_a_class_that_cannot_work_is_refused_when_it_is_made(
    declared: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidSchema) as caught:
        made(**declared)
    assert said in caught.value.message


def test_what_is_declared_well_passes() -> None:
    document = made(
        app="acme-editor.beta",
        a=preference(1, env="ACME_A", scopes=["system", "user"], locked=True),
        ab=preference(1, env="_B2"),
    ).document()
    assert [one.env for one in document.preferences.values()] == ["ACME_A", "_B2"]


def test_a_document_of_an_earlier_class_with_such_a_fault_is_still_read() -> None:
    document = SchemaDocument("acme", "1.0.0", [Preference("F"), Preference("f", env="a b")])
    assert SchemaDocument.from_document(document.as_document()) == document
