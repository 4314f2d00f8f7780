"""The settings reference: every preference is told, and nothing in a help text breaks the page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from prefcore.schema import Deprecation, Preference, SchemaDocument, Shape, read_schema, to_markdown

ROOT = Path(__file__).parents[2]


def page_of(*preferences: Preference, **more: object) -> str:
    return to_markdown(SchemaDocument("acme-editor", "2.1.0", preferences, **more))  # type: ignore[arg-type]  # as named


def headings(page: str) -> list[str]:
    tokens = MarkdownIt("commonmark").parse(page)
    return [
        f"{token.tag} {tokens[i + 1].content}"
        for i, token in enumerate(tokens)
        if token.type == "heading_open"
    ]


def test_a_page_in_whole() -> None:
    page = page_of(
        Preference(
            "font.size",
            Shape(kinds=("integer",), minimum=6, maximum=72),
            default=12,
            unit="pt",
            help="Size of the *text*",
            scopes=("user",),
            env="FONT_SIZE",
            examples=(9, 10),
        ),
        Preference(
            "font.theme",
            Shape(kinds=("string",), enum=("a", "b"), enum_help=("Light", "")),
            default="a",
            deprecated=Deprecation(since="2.0.0", use="font.size", message="Gone soon"),
        ),
        Preference("token", Shape(kinds=("string",)), sensitive=True, default="x", required=True),
        sections={"font": "Letters"},
        description="Settings of the editor",
    )
    assert page == (
        "# Settings of acme-editor\n\nVersion 2.1.0.\n\nSettings of the editor\n\n"
        "- [General](#general) (1)\n- [font](#font) (2)\n\n"
        "## General\n\n### `token`\n\n"
        "- **Type:** string\n- **Sensitive:** the value is kept secret and never shown\n\n"
        "## font\n\nLetters\n\n### `font.size`\n\nSize of the *text*\n\n"
        "- **Type:** integer, at least `6`, at most `72` (pt)\n- **Default:** `12`\n"
        "- **Scopes:** user\n- **Environment:** `FONT_SIZE`\n- **Examples:** `9`, `10`\n\n"
        "### `font.theme`\n\n"
        "**Deprecated since 2.0.0: use [`font.size`](#fontsize). Gone soon**\n\n"
        '- **Type:** string\n- **Default:** `"a"`\n- **Choices:**\n'
        '  - `"a"`: Light\n  - `"b"`\n'
    )


def test_categories_come_before_sections_and_go_by_order() -> None:
    page = page_of(
        Preference("a.x", category="Look", order=2),
        Preference("b", category="Look", order=1),
        Preference("a.y"),
    )
    assert headings(page) == [
        "h1 Settings of acme-editor",
        "h2 Look",
        "h3 `b`",
        "h3 `a.x`",
        "h2 a",
        "h3 `a.y`",
    ]


def test_members_of_objects_and_long_defaults_are_told() -> None:
    port = Shape(kinds=("integer",), minimum=1, description="Where it listens")
    server = Shape(kinds=("object",), properties={"port": port}, required=("port",))
    long = [{"port": number} for number in range(1, 20)]
    page = page_of(Preference("servers", Shape(kinds=("array",), items=server), default=long))
    assert "  - `port` (integer, at least `1`, required): Where it listens\n" in page
    assert '- **Default:**\n\n  ```json\n  [\n    {\n      "port": 1\n    },\n' in page


@pytest.mark.parametrize(
    "help",
    ["# Title", "a\n=====", "a\n-----", "```\nopen", "~~~", "<script>x</script>", "<!-- "],
    ids=["heading", "underlined", "ruled", "fence", "tildes", "html", "comment"],
)
def test_help_cannot_change_the_page(help: str) -> None:
    page = page_of(Preference("a", help=help), Preference("b", help="after"))
    assert headings(page) == [
        "h1 Settings of acme-editor",
        "h2 General",
        "h3 `a`",
        "h3 `b`",
    ]
    assert "html" not in {token.type for token in MarkdownIt("commonmark").parse(page)}


@settings(deadline=None)
@given(st.text("#`<>*_-=~|[]()\\ \nab", max_size=30), st.text("`a ", min_size=1, max_size=5))
def test_no_help_default_or_key_changes_the_headings(help: str, key: str) -> None:
    page = page_of(
        Preference(f"k{key}k", default=help, help=help, title=help, examples=(help,)),
        Preference("z", help="after"),
    )
    assert [one[:2] for one in headings(page)] == ["h1", "h2", "h3", "h3"]
    html = {token.type for token in MarkdownIt("commonmark").parse(page)} & {"html_block"}
    assert not html


@pytest.mark.parametrize(
    ("path", "app", "count"),
    [
        ("tests/data/lazygit/0.64.0.schema.json", "lazygit", 298),
        ("docs/examples/first-upgrade/schemas/0.57.1.json", "golang.go", 67),
    ],
)
def test_every_preference_of_a_real_schema_has_its_heading(path: str, app: str, count: int) -> None:
    document = read_schema(ROOT / path, app=app)
    page = to_markdown(document)
    found = [one.removeprefix("h3 ").strip("`") for one in headings(page) if one[:2] == "h3"]
    assert sorted(found) == list(document.preferences)
    assert len(found) == count
    anchors = {re.sub(r"[^\w\- ]", "", one[3:].lower()).replace(" ", "-") for one in headings(page)}
    assert set(re.findall(r"\]\(#([^)]*)\)", page)) <= anchors


def test_a_list_in_a_help_text_and_the_facts_are_two_lists() -> None:
    page = page_of(Preference("a", Shape(kinds=("string",)), help="One of:\n- x\n- y"))
    html = MarkdownIt("commonmark").render(page)
    assert html.count("<ul>") == 2
    assert "<li><strong>Type:</strong> string</li>" in html


def test_nothing_of_a_sensitive_preference_is_shown() -> None:
    hidden = Preference("token", default="hush-1", examples=("hush-2",), sensitive=True)
    assert "hush" not in page_of(hidden)
