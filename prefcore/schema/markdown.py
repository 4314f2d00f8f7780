"""A settings reference in Markdown: what every preference of a schema may hold, ready to publish.

The dialect is that of GitHub (https://github.github.com/gfm/), whose anchors of headings the links
go to. Help texts may be Markdown themselves and are taken as such, made harmless.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import groupby

from prefcore.schema.declaration import SchemaDocument
from prefcore.schema.declared import SCOPES, Preference
from prefcore.schema.shape import Shape
from prefcore.schema.wording import RULES, type_words
from prefcore.values import UNSET, to_tagged

__all__ = ["to_markdown"]

_LONGEST = 100
_CODE = re.compile(r"(`+)(.+?)\1", re.DOTALL)
_GENERAL = "General"
#: A list in a help text that the facts would go on.
_BULLET = re.compile(r"^ *- ", re.MULTILINE)


def to_markdown(document: SchemaDocument) -> str:
    """Give the settings reference of a schema, grouped by category, else by section.

    Defaults and examples of sensitive preferences are left out.
    """
    groups = _groups(document)
    lines = [f"# Settings of {_text(document.app)}", "", f"Version {document.version}."]
    if document.description:
        lines += ["", _block(document.description)]
    if len(groups) > 1:
        lines.append("")
        lines += [f"- [{_text(name)}](#{_anchor(name)}) ({len(found)})" for name, found in groups]
    for name, found in groups:
        lines += ["", f"## {_text(name)}"]
        help = document.sections.get(name)
        lines += ["", _block(help)] if help else []
        for preference in found:
            lines += ["", *_preference(preference, document)]
    return "\n".join(lines) + "\n"


def _groups(document: SchemaDocument) -> list[tuple[str, list[Preference]]]:
    """Give the preferences by group: those outside of all first, then groups by name."""

    def place(one: Preference) -> tuple[bool, str]:
        name = one.category or (one.key.partition(".")[0] if "." in one.key else _GENERAL)
        return name != _GENERAL, name

    def rank(one: Preference) -> tuple[tuple[bool, str], bool, int, str]:
        return place(one), one.order is None, one.order or 0, one.key

    ordered = sorted(document.preferences.values(), key=rank)
    return [(name, list(found)) for (_, name), found in groupby(ordered, key=place)]


def _preference(preference: Preference, document: SchemaDocument) -> Iterator[str]:
    yield f"### {_code(preference.key)}"
    if preference.title.strip():
        yield ""
        yield f"**{_text(preference.title)}**"
    if preference.deprecated is not None:
        yield ""
        yield f"**Deprecated{_deprecation(preference, document)}**"
    if preference.help.strip():
        yield ""
        yield _block(preference.help)
    yield ""
    # Another bullet begins another list (CommonMark 5.3): help may end with one of its own.
    mark = "*" if _BULLET.search(preference.help) else "-"
    yield from (f"{mark} **{name}:** {words}" for name, words in _facts(preference, document))
    yield from _choices(_referred(preference.shape, document), mark)
    yield from _members(preference.shape, document, mark)
    yield from _long_default(preference, mark)


def _deprecation(preference: Preference, document: SchemaDocument) -> str:
    about = preference.deprecated
    assert about is not None  # asked before
    words = f" since {about.since}" if about.since else ""
    words += f", to be removed in {about.remove_in}" if about.remove_in else ""
    if about.use:
        link = f"[{_code(about.use)}](#{_anchor(about.use)})"
        words += f": use {link if about.use in document.preferences else _code(about.use)}"
    return f"{words}. {_line(about.message)}" if about.message else f"{words}."


def _facts(preference: Preference, document: SchemaDocument) -> Iterator[tuple[str, str]]:
    shape = _referred(preference.shape, document)
    unit = f" ({_text(preference.unit)})" if preference.unit else ""
    yield "Type", ", ".join([type_words(shape), *_rules(shape)]) + unit
    if preference.sensitive:
        recorded = "; each reading of it is recorded" if preference.audited else ""
        yield "Sensitive", f"the value is kept secret and never shown{recorded}"
    elif preference.default is UNSET:
        yield "Default", "none; a value is required" if preference.required else "none"
    elif len(_json(preference.default)) <= _LONGEST:
        yield "Default", _code(_json(preference.default))
    if preference.scopes != SCOPES:
        yield "Scopes", ", ".join(preference.scopes)
    if preference.locked:
        yield "Locked", "a value of the system wins over all others"
    if not preference.portable:
        yield "Portable", "no; the value belongs to one machine"
    if preference.trusted_only:
        yield "Trusted only", "a project's value counts only where the project is trusted"
    for name, words in (
        ("Environment", preference.env),
        ("Role needed", preference.requires_role),
        ("Merge", preference.merge),
    ):
        if words:
            yield name, _code(words)
    if preference.examples and not preference.sensitive:
        yield "Examples", ", ".join(_code(_json(one)) for one in preference.examples)


def _rules(shape: Shape) -> Iterator[str]:
    rules = shape.to_json()
    for word, ours in RULES.items():
        if word == "uniqueItems" and rules.get(word):
            yield ours
        elif word in rules:
            yield f"{ours} {_code(_json(rules[word]))}"


def _choices(shape: Shape, mark: str) -> Iterator[str]:
    values = shape.enum
    if values is None:
        return
    yield f"{mark} **Choices:**"
    for i, value in enumerate(values):
        help = shape.enum_help[i] if i < len(shape.enum_help) else ""
        yield f"  - {_code(_json(value))}" + (f": {_line(help)}" if help else "")


def _members(shape: Shape, document: SchemaDocument, mark: str) -> Iterator[str]:
    """Tell the members of an object, or of the objects in a list."""
    shape = _referred(shape, document)
    if shape.items is not None and not shape.properties:
        shape = _referred(shape.items, document)
    if not shape.properties:
        return
    yield f"{mark} **Members:**"
    for name, inner in shape.properties.items():
        inner = _referred(inner, document)
        words = ", ".join([type_words(inner), *_rules(inner)])
        if inner.enum is not None:
            words = "one of " + ", ".join(_code(_json(value)) for value in inner.enum)
        needed = ", required" if name in shape.required else ""
        help = inner.description or inner.title
        yield f"  - {_code(name)} ({words}{needed})" + (f": {_line(help)}" if help else "")


def _referred(shape: Shape, document: SchemaDocument) -> Shape:
    """Give what a shape refers to where it says nothing else itself."""
    seen: set[str] = set()
    while shape.ref is not None and not shape.kinds and shape.ref not in seen:
        seen.add(shape.ref)
        shape = document.definitions.get(shape.ref, Shape())
    return shape


def _long_default(preference: Preference, mark: str) -> Iterator[str]:
    if preference.default is UNSET or preference.sensitive:
        return
    if len(_json(preference.default)) <= _LONGEST:
        return
    text = json.dumps(to_tagged(preference.default), ensure_ascii=False, indent=2)
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    yield f"{mark} **Default:**"
    yield ""
    for line in (f"{fence}json", *text.split("\n"), fence):
        yield f"  {line}"


def _json(value: object) -> str:
    return json.dumps(to_tagged(value), ensure_ascii=False)


def _anchor(heading: str) -> str:
    """Give the anchor that GitHub makes of a heading."""
    kept = re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower())
    return kept.replace(" ", "-")


def _code(text: str) -> str:
    """Give a code span of any text (CommonMark 6.1)."""
    text = text.replace("\n", " ")
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    space = " " if longest or text[:1] == text[-1:] == " " else ""
    return f"{fence}{space}{text}{space}{fence}"


def _text(text: str) -> str:
    """Give text that is no Markdown."""
    return re.sub(r"([\\`*_\[\]<>#|~])", r"\\\1", " ".join(text.split()))


def _line(text: str) -> str:
    return " ".join(_harmless(text).split())


def _block(text: str) -> str:
    """Give help as paragraphs: no heading, rule or fence of its own may change the page."""
    return "\n".join(_harmless_lines(text.strip().split("\n")))


def _harmless_lines(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        line = _harmless(line.rstrip())
        yield re.sub(r"^(\s*)(#|=+\s*$|-+\s*$|```|~~~)", r"\1\\\2", line)


def _harmless(text: str) -> str:
    """Give Markdown in which no HTML stands; code spans stay as they are."""
    parts = []
    last = 0
    for span in _CODE.finditer(text):
        parts += [text[last : span.start()].replace("<", "\\<"), span[0]]
        last = span.end()
    parts.append(text[last:].replace("<", "\\<"))
    return "".join(parts)
