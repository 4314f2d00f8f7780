"""Typed classes declare preferences, and their instances are live, typed views of one set."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from enum import Enum, IntEnum
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, NewType, Optional

import pytest

from prefcore.errors import InvalidSchema, InvalidValue, NotFound
from prefcore.schema import Schema, SchemaDocument, Secret, Section, deprecated, preference
from prefcore.schema.declared import Deprecation, Preference
from prefcore.schema.shape import NOTHING, Shape
from prefcore.values import UNSET


class Theme(Enum):
    LIGHT = "light"
    DARK = "dark"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


UserId = NewType("UserId", str)
STRING, INTEGER, NULL = (Shape(kinds=(kind,)) for kind in ("string", "integer", "null"))


class Colours(Section):
    """How things look."""

    accent: str = preference("blue", pattern="^[a-z]+$")
    theme: Theme = Theme.LIGHT


class Editor(Schema, app="acme-editor", version="2.1.0", baseline="1.0.0", reserved=["old"]):
    """An editor's settings."""

    LIMIT: ClassVar[int] = 5
    _private: int = 5

    font_size: int = preference(12, ge=6, le=72, help="Points", unit="pt")
    theme: Literal["light", "dark", "system"] = "system"
    api_token: Secret[str] | None = preference(None)
    ratio: float = 1
    tags: set[str] = preference({"b", "a"}, max_length=3)
    home: Path = Path("/home")
    level: Level = preference(Level.LOW, scopes=["user"])
    when: datetime | date | None = None
    pair: tuple[int, Theme] = (1, Theme.DARK)
    keys: dict[str, list[str]] = preference({"save": ["ctrl+s"]}, key="key-map")
    mixed: list[Theme] | str = "none"
    name: str = preference(deprecated=deprecated(since="2.0.0", use="title"))
    colours: Colours
    print_colours: Colours = preference(key="print.colours")

    class Panel(Section):
        width: int = 80

    def shout(self) -> str:
        return self.theme.upper()


DOCUMENT = Editor.document()


class Memory:
    """A binding that holds one set in memory, validated as the core would."""

    def __init__(self) -> None:
        self.held: dict[str, object] = {}

    def get(self, key: str) -> object:
        return self.held.get(key, DOCUMENT.preference(key).default)

    def set(self, key: str, value: object) -> None:
        DOCUMENT.validate(key, value, scope="user", place="user/alice")
        self.held[key] = value

    def unset(self, key: str) -> None:
        self.held.pop(key, None)


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def alice(memory: Memory) -> Editor:
    return Editor.bound(memory)


# -- declaring ---------------------------------------------------------------------------------


def test_a_class_declares_one_schema_document() -> None:
    assert DOCUMENT is Editor.document()
    assert (DOCUMENT.app, DOCUMENT.version, DOCUMENT.baseline) == ("acme-editor", "2.1.0", "1.0.0")
    assert DOCUMENT.reserved == ("old",)
    assert DOCUMENT.description == "An editor's settings."
    assert DOCUMENT.sections == {"colours": "How things look.", "print.colours": "How things look."}
    assert SchemaDocument.from_document(DOCUMENT.as_document()) == DOCUMENT
    assert list(DOCUMENT.preferences) == [
        *("api_token", "colours.accent", "colours.theme", "font_size", "home", "key-map", "level"),
        *("mixed", "name", "pair", "panel.width", "print.colours.accent", "print.colours.theme"),
        *("ratio", "tags", "theme", "when"),
    ]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        pytest.param(
            "font_size",
            Preference(
                "font_size",
                Shape(kinds=("integer",), minimum=6, maximum=72),
                default=12,
                help="Points",
                unit="pt",
            ),
            id="bounds",
        ),
        pytest.param(
            "theme",
            Preference(
                "theme",
                Shape(kinds=("string",), enum=("light", "dark", "system")),
                default="system",
            ),
            id="choices and a plain default",
        ),
        pytest.param(
            "api_token",
            Preference("api_token", Shape(kinds=("null", "string")), default=None, sensitive=True),
            id="a secret is sensitive",
        ),
        pytest.param(
            "tags",
            Preference(
                "tags",
                Shape(kinds=("array",), items=STRING, unique=True, max_items=3),
                default=["a", "b"],
            ),
            id="a set is a list without repetition, its default sorted",
        ),
        pytest.param(
            "level",
            Preference(
                "level", Shape(kinds=("integer",), enum=(1, 2)), default=1, scopes=("user",)
            ),
            id="an enum is its values",
        ),
        pytest.param(
            "name",
            Preference(
                "name", STRING, required=True, deprecated=Deprecation(since="2.0.0", use="title")
            ),
            id="no default asks for a value",
        ),
        pytest.param(
            "colours.accent",
            Preference(
                "colours.accent", Shape(kinds=("string",), pattern="^[a-z]+$"), default="blue"
            ),
            id="in a section",
        ),
    ],
)
def test_an_attribute_declares_a_preference(key: str, expected: Preference) -> None:
    assert DOCUMENT.preferences[key] == expected


@pytest.mark.parametrize(
    ("hint", "shape"),
    [
        pytest.param(bool, Shape(kinds=("boolean",)), id="bool"),
        pytest.param(float, Shape(kinds=("number",)), id="float"),
        pytest.param(bytes, Shape(kinds=("bytes",)), id="bytes"),
        pytest.param(time, Shape(kinds=("time",)), id="time"),
        pytest.param(None, NULL, id="None"),
        pytest.param(Any, Shape(), id="anything"),
        pytest.param(object, Shape(), id="object"),
        pytest.param(Path, Shape(kinds=("string",), format="path"), id="Path"),
        pytest.param(
            Path | None, Shape(kinds=("null", "string"), format="path"), id="optional Path"
        ),
        pytest.param(Optional[int], Shape(kinds=("null", "integer")), id="Optional"),  # noqa: UP045
        pytest.param(int | float, Shape(kinds=("number",)), id="int or float"),
        pytest.param(int | Any, Shape(), id="or anything"),
        pytest.param(
            Theme | None, Shape(kinds=("null", "string"), enum=("light", "dark", None)), id="enum?"
        ),
        pytest.param(
            Literal[1, "a", None, Theme.DARK],
            Shape(kinds=("null", "integer", "string"), enum=(1, "a", None, "dark")),
            id="mixed choices",
        ),
        pytest.param(list, Shape(kinds=("array",)), id="bare list"),
        pytest.param(list[Any], Shape(kinds=("array",)), id="list of anything"),
        pytest.param(tuple[int, ...], Shape(kinds=("array",), items=INTEGER), id="open tuple"),
        pytest.param(
            tuple[int, str],
            Shape(
                kinds=("array",),
                prefix_items=(INTEGER, STRING),
                items=NOTHING,
                min_items=2,
                max_items=2,
            ),
            id="tuple",
        ),
        pytest.param(
            frozenset[int], Shape(kinds=("array",), items=INTEGER, unique=True), id="frozenset"
        ),
        pytest.param(dict[str, int], Shape(kinds=("object",), additional=INTEGER), id="dict"),
        pytest.param(UserId, STRING, id="NewType"),
        pytest.param(Annotated[int, "pt"], INTEGER, id="Annotated"),
        pytest.param(
            list[int] | str,
            Shape(any_of=(STRING, Shape(kinds=("array",), items=INTEGER))),
            id="list or text",
        ),
    ],
)
def test_an_annotation_declares_a_shape(hint: object, shape: Shape) -> None:
    class Made(Schema, app="a", version="1.0.0"):
        x: hint  # type: ignore[valid-type]  # a table's entry, evaluated in this function

    assert Made.document().preferences["x"].shape == shape


def _said(**fields: Any) -> object:
    return preference(1, **fields)


def class_with(hint: object, default: object = UNSET) -> Callable[[], object]:
    body: dict[str, object] = {"__annotations__": {"x": hint}, "__qualname__": "Made"}
    if default is not UNSET:
        body["x"] = default
    return lambda: type("Made", (Schema,), body, app="a", version="1.0.0")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        pytest.param(class_with(complex), "Made.x: complex is not supported; use bool", id="type"),
        pytest.param(class_with(list[complex]), "Made.x: complex is not supported", id="inside"),
        pytest.param(class_with(dict[int, str]), "a dict's keys must be str, not int", id="dict"),
        pytest.param(class_with("Nowhere"), "'Nowhere' can't be evaluated", id="unknown name"),
        pytest.param(class_with("1 +"), "Made.x: its annotation '1 +' can't be", id="syntax"),
        pytest.param(class_with(Literal[b"a"]), "the choice b'a' is not supported", id="choice"),
        pytest.param(
            class_with(str, preference("a", ge=5)), "Made.x: ge bounds integer", id="bound of text"
        ),
        pytest.param(
            class_with(int, preference(1, pattern="a")), "pattern bounds string", id="pattern"
        ),
        pytest.param(class_with(str, preference("a", pattern="(")), "can't be read", id="regex"),
        pytest.param(class_with(int, preference(1, multiple_of=0)), "above 0", id="multiple"),
        pytest.param(
            class_with(int, preference(99, le=9)), "x: its default does not fit", id="default"
        ),
        pytest.param(class_with(int, "a"), '"a" is a string, not an integer', id="default's type"),
        pytest.param(class_with(Any, {1j}), "is not a portable value", id="default not portable"),
        pytest.param(class_with(int, preference(1, scopes=["usr"])), "no scope 'usr'", id="scope"),
        pytest.param(class_with(int, preference(1, key="a..b")), "is no key", id="key"),
        *(
            pytest.param(class_with(int, _said(**{name: bad})), said, id=f"{name}={bad!r}")
            for name, bad, said in (
                ("help", 3, "Made.x: x: help takes text, not int"),
                ("unit", b"pt", "unit takes text, not bytes"),
                ("title", "\ud800", "lone surrogate"),
                ("category", ["a"], "category takes text, not list"),
                ("merge", 3, "merge takes text, not int"),
                ("requires_role", 3, "requires_role takes text, not int"),
                ("env", True, "env takes text, not bool"),
                ("order", 1.5, "order takes an integer, not float"),
                ("order", True, "order takes an integer, not bool"),
                ("order", 2**70, "Made.x: x: order: the integer of 71 bits does not fit"),
                ("sensitive", "yes", "sensitive takes True or False, not str"),
                ("locked", 1, "locked takes True or False, not int"),
                ("portable", None, "portable takes True or False, not NoneType"),
                ("deprecated", "soon", "deprecated takes what deprecated(…) gives, not str"),
                ("aliases", [3], "a key is text, not int"),
                ("examples", [1j], "is not a portable value"),
            )
        ),
        pytest.param(
            class_with(str, _said(min_length="b")), "takes a number, not a str", id="length"
        ),
        pytest.param(
            class_with(Secret[str], Secret("hunter2")), "Secret can have no default", id="secret"
        ),
    ],
)
def test_what_cannot_be_declared_is_refused_with_the_class_naming_the_attribute(
    make: Callable[[], object], message: str
) -> None:
    with pytest.raises(InvalidSchema) as caught:
        make()
    assert message in caught.value.message
    assert "hunter2" not in caught.value.message


def test_what_is_said_of_a_deprecation_is_text() -> None:
    with pytest.raises(InvalidSchema, match="message takes text, not int"):
        deprecated(message=3)  # type: ignore[arg-type]  # the point of this test


def test_a_name_that_views_need_is_refused_with_the_way_out() -> None:
    with pytest.raises(InvalidSchema, match=r"Bad\.bound: this name is taken; use another, with"):

        class Bad(Schema, app="a", version="1.0.0"):
            bound: int = 5  # type: ignore[assignment]  # the point of this test


def test_a_preference_without_an_annotation_is_refused() -> None:
    with pytest.raises(InvalidSchema, match=r"Bad\.x: it needs an annotation"):

        class Bad(Schema, app="a", version="1.0.0"):
            x = preference(5)


def test_a_schema_needs_both_app_and_version() -> None:
    with pytest.raises(InvalidSchema, match="needs both app= and version="):

        class Half(Schema, app="a"):
            pass

    class Base(Schema):
        x: int = 5

    with pytest.raises(InvalidSchema, match="Base has no app and version"):
        Base.document()

    class Whole(Base, app="a", version="1.0.0"):
        y: int = 6

    class Later(Whole, app="a", version="1.1.0"):
        x: int = 7

    assert list(Whole.document().preferences) == ["x", "y"]
    assert Later.document().preferences["x"].default == 7
    assert Whole.document().preferences["x"].default == 5


def test_annotations_may_name_what_is_defined_in_the_function_around() -> None:
    class Local(Enum):
        ON = "on"

    class Made(Schema, app="a", version="1.0.0"):
        x: Local = Local.ON

    assert Made.document().preferences["x"].default == "on"


def test_sections_nest() -> None:
    class Inner(Section):
        z: int = 1

    class Outer(Section):
        inner: Inner
        y: int = 2

    class Made(Schema, app="a", version="1.0.0"):
        outer: Outer

        class FileTree(Section):
            x: int = 3

    assert list(Made.document().preferences) == ["file_tree.x", "outer.inner.z", "outer.y"]


# -- views -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("read", "default"),
    [
        pytest.param(lambda me: me.font_size, 12, id="int"),
        pytest.param(lambda me: me.ratio, 1.0, id="float"),
        pytest.param(lambda me: me.api_token, None, id="None"),
        pytest.param(lambda me: me.tags, {"a", "b"}, id="set"),
        pytest.param(lambda me: me.home, Path("/home"), id="Path"),
        pytest.param(lambda me: me.level, Level.LOW, id="IntEnum"),
        pytest.param(lambda me: me.pair, (1, Theme.DARK), id="tuple"),
        pytest.param(lambda me: me.keys, {"save": ["ctrl+s"]}, id="dict"),
        pytest.param(lambda me: me.colours.theme, Theme.LIGHT, id="in a section"),
        pytest.param(lambda me: me.Panel.width, 80, id="in a nested class"),
    ],
)
def test_a_view_reads_the_declared_type(
    alice: Editor, read: Callable[[Editor], object], default: object
) -> None:
    found = read(alice)
    assert (found, type(found)) == (default, type(default))


@pytest.mark.parametrize(
    ("name", "value", "held"),
    [
        pytest.param("font_size", 14, 14, id="int"),
        pytest.param("ratio", 2.5, 2.5, id="float"),
        pytest.param("api_token", Secret("x"), "x", id="Secret"),
        pytest.param("tags", {"z", "y"}, ["y", "z"], id="set"),
        pytest.param("home", Path("/tmp"), "/tmp", id="Path"),
        pytest.param("level", Level.HIGH, 2, id="IntEnum"),
        pytest.param("when", date(2026, 1, 1), date(2026, 1, 1), id="date"),
        pytest.param(
            "when", datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC), id="moment"
        ),
        pytest.param("pair", (2, Theme.LIGHT), [2, "light"], id="tuple"),
        pytest.param("mixed", [Theme.DARK], ["dark"], id="union, list"),
        pytest.param("mixed", "text", "text", id="union, text"),
    ],
)
def test_what_is_assigned_is_held_portably_and_read_back(
    alice: Editor, memory: Memory, name: str, value: object, held: object
) -> None:
    setattr(alice, name, value)
    assert memory.held == {name: held}
    assert getattr(alice, name) == value
    assert type(getattr(alice, name)) is type(value)
    delattr(alice, name)
    assert memory.held == {}


def test_sections_write_under_their_keys(alice: Editor, memory: Memory) -> None:
    alice.colours.accent = "red"
    alice.print_colours.theme = Theme.DARK
    alice.Panel.width = 90
    alice.keys = {}
    assert memory.held == {
        "colours.accent": "red",
        "print.colours.theme": "dark",
        "panel.width": 90,
        "key-map": {},
    }
    assert alice.colours.theme is Theme.LIGHT


def test_two_views_of_one_class_are_independent(alice: Editor) -> None:
    bob = Editor.bound(Memory())
    bob.font_size = 20
    assert alice.font_size == 12


def test_views_keep_their_own_methods(alice: Editor) -> None:
    assert alice.shout() == "SYSTEM"
    assert Editor.LIMIT == 5


def test_a_value_that_does_not_fit_is_refused_by_the_binding(alice: Editor) -> None:
    with pytest.raises(InvalidValue, match="user/alice font_size: 200 is above the maximum 72"):
        alice.font_size = 200


def test_a_held_value_of_another_type_is_an_error_that_does_not_show_it(
    alice: Editor, memory: Memory
) -> None:
    memory.held |= {"level": 9, "ratio": "hunter2", "tags": 5, "home": None, "mixed": 5}
    for name in ("level", "ratio", "tags", "home", "mixed"):
        with pytest.raises(
            InvalidValue, match=f"{name}: the value held .* can't be read"
        ) as caught:
            getattr(alice, name)
        assert "hunter2" not in caught.value.message


def test_a_preference_without_value_and_default_is_not_found(alice: Editor) -> None:
    with pytest.raises(NotFound, match="name has no value and no default"):
        _ = alice.name


def test_an_unknown_attribute_is_refused_with_the_closest_known_one(alice: Editor) -> None:
    hint = "Editor declares no preference 'fontsize'; did you mean 'font_size'"
    with pytest.raises(AttributeError, match=hint):
        alice.fontsize = 5  # type: ignore[attr-defined]  # the point of this test
    with pytest.raises(AttributeError, match=hint):
        _ = alice.fontsize  # type: ignore[attr-defined]  # the same
    with pytest.raises(AttributeError, match=hint):
        del alice.fontsize  # type: ignore[attr-defined]  # the same
    with pytest.raises(AttributeError, match="Colours declares no preference 'acent'"):
        alice.colours.acent = "red"  # type: ignore[attr-defined]  # the same


def test_a_section_is_not_assigned_or_deleted_whole(alice: Editor) -> None:
    with pytest.raises(AttributeError, match="colours is a section; assign"):
        alice.colours = alice.print_colours
    with pytest.raises(AttributeError, match="colours is a section; delete"):
        del alice.colours


def test_a_view_is_not_made_by_calling_the_class() -> None:
    with pytest.raises(TypeError, match="Editor is a view of stored preferences"):
        Editor()


# -- secrets -----------------------------------------------------------------------------------


def test_a_secret_shows_itself_only_when_asked(alice: Editor) -> None:
    alice.api_token = Secret("hunter2")
    token = alice.api_token
    assert token is not None
    assert token.reveal() == "hunter2"
    assert token == Secret("hunter2") != Secret("hunter3")
    assert len({token, Secret("hunter2")}) == 1
    for shown in (
        repr(token),
        str(token),
        f"{token}",
        f"{[token]}",
        repr(alice),
        repr(vars(token) if hasattr(token, "__dict__") else ""),
    ):
        assert "hunter2" not in shown
    with pytest.raises(TypeError, match="can't be pickled"):
        pickle.dumps(token)
