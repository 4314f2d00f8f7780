"""Updating: a plain file changed where its values changed; comments, order and layout stay.

What is removed goes with the rest of its line, so with the comment that follows it there. What is
new stands after the last member, laid out as that one is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from prefcore.layout import check_plain
from prefcore.values import canonical_text, to_tagged
from prefcore_json._comments import without_comments
from prefcore_json._places import Member, Members, members_of

__all__ = ["updated"]

#: A value that is no longer on one line stands on several.
_WIDE = 80


class _Edit(NamedTuple):
    start: int
    end: int
    text: str


def updated(text: str, held: Mapping[str, object], wanted: Mapping[str, object]) -> str:
    """Give a text that holds ``held`` with as few edits as make it hold ``wanted``."""
    check_plain(wanted)
    changing = _Changing(text)
    changing.change(changing.root, held, wanted)
    for edit in sorted(changing.edits, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


class _Changing:
    """The edits of one text; none overlaps another."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.bare = without_comments(text)
        self.root = members_of(self.bare)
        self.edits: list[_Edit] = []
        self._line_end = "\r\n" if "\r\n" in text else "\n"
        first = self.root.members[0].start if self.root.members else 0
        self._unit = self._indent(first) or "  "

    def change(
        self, here: Members, held: Mapping[str, object], wanted: Mapping[str, object]
    ) -> None:
        """Note the edits that make an object's members hold what is wanted."""
        kept = [member for member in here.members if member.key in wanted]
        for member in kept:
            before, after = held[member.key], wanted[member.key]
            if _same(before, after):
                continue
            if member.inner is not None and _is_plain(before) and _is_plain(after):
                assert isinstance(before, Mapping)  # as is said of both
                assert isinstance(after, Mapping)
                self.change(member.inner, before, after)
            else:
                value = self._value(after, self._indent(member.start))
                self.edits.append(_Edit(member.value, member.end, value))
        new = [key for key in wanted if key not in held]
        self._remove(here, kept[-1] if kept else None, wanted, adds=bool(new))
        if new:
            self._add(here, kept[-1] if kept else None, [(key, wanted[key]) for key in sorted(new)])

    # ------------------------------------------------------------------------- removing

    def _remove(
        self, here: Members, last: Member | None, wanted: Mapping[str, object], *, adds: bool
    ) -> None:
        for i, member in enumerate(here.members):
            if member.key not in wanted:
                following = here.members[i + 1].start if i + 1 < len(here.members) else here.end
                self.edits.append(self._cut(member, following))
        if last is not None and last.comma >= 0 and not here.is_closed and not adds:
            after = last.comma + 1
            gap = len(self.text[after:]) - len(self.text[after:].lstrip(" \t"))
            gap = 0 if self.text[after + gap : after + gap + 1] in ("/", "\r", "\n") else gap
            self.edits.append(_Edit(last.comma, after + gap, ""))

    def _cut(self, member: Member, following: int) -> _Edit:
        """Give the edit that takes a member out: with its line, where it has one of its own."""
        start = member.start
        end = member.end if member.comma < 0 else member.comma + 1
        begin = self.text.rfind("\n", 0, start) + 1
        stop = self._end_of_line(end)
        if stop is not None and not self.text[begin:start].strip():
            return _Edit(begin, min(stop + 1, len(self.text)), "")
        gap = self.text[end:following]
        return _Edit(start, end if gap.strip() or "\n" in gap else following, "")

    def _end_of_line(self, at: int) -> int | None:
        """Give where the line ends, if nothing but white space and a comment is left of it."""
        end = self.text.find("\n", at)
        end = len(self.text) if end < 0 else end
        rest = self.text[at:end]
        if self.bare[at:end].strip() or rest.rfind("/*") > rest.rfind("*/"):
            return None  # another member follows, or a comment that goes on below
        return end

    # --------------------------------------------------------------------------- adding

    def _add(self, here: Members, last: Member | None, new: Sequence[tuple[str, object]]) -> None:
        example = last or (here.members[0] if here.members else None)
        inside = self.text[here.start : here.end if example is None else example.start]
        if "\n" in inside or not here.members:
            self._add_lines(here, last, new)
            return
        texts = ", ".join(self._member(key, value, "") for key, value in new)
        end = "," if here.is_closed else ""
        if last is None:
            self.edits.append(_Edit(here.start, here.start, texts + end))
        elif last.comma < 0:
            self.edits.append(_Edit(last.end, last.end, f", {texts}"))
        else:
            self.edits.append(_Edit(last.comma + 1, last.comma + 1, f" {texts}{end}"))

    def _add_lines(
        self, here: Members, last: Member | None, new: Sequence[tuple[str, object]]
    ) -> None:
        outer = self._indent(here.start)
        example = last or (here.members[0] if here.members else None)
        indent = outer + self._unit if example is None else self._indent(example.start)
        texts = [
            f"{self._line_end}{indent}{self._member(key, value, indent)}" for key, value in new
        ]
        block = ",".join(texts) + ("," if here.is_closed else "")
        if last is None:
            if "\n" not in self.text[here.start : here.end]:
                block += self._line_end + outer
            self.edits.append(_Edit(here.start, here.start, block))
            return
        after = last.end if last.comma < 0 else last.comma + 1
        stop = self._end_of_line(after)
        at = after if stop is None else stop - (self.text[stop - 1 : stop] == "\r")
        if last.comma >= 0:
            self.edits.append(_Edit(at, at, block))
        else:  # the comma, and what follows it on its line, and then the block
            self.edits.append(_Edit(after, at, "," + self.text[after:at] + block))

    # -------------------------------------------------------------------------- writing

    def _indent(self, at: int) -> str:
        """Give the white space that the line of a place begins with."""
        begin = self.text.rfind("\n", 0, at) + 1
        line = self.text[begin : self.text.find("\n", begin) if "\n" in self.text[begin:] else None]
        return line[: len(line) - len(line.lstrip(" \t"))]

    def _member(self, key: str, value: object, indent: str) -> str:
        return f"{canonical_text(key)}: {self._value(value, indent)}"

    def _value(self, value: object, indent: str) -> str:
        tagged = to_tagged(value)
        text = json.dumps(tagged, ensure_ascii=False)
        if len(text) > _WIDE and isinstance(tagged, (list, dict)) and indent:
            text = json.dumps(tagged, ensure_ascii=False, indent=self._unit)
            text = text.replace("\n", self._line_end + indent)  # in texts, line ends are escaped
        return text


def _same(one: object, other: object) -> bool:
    return canonical_text(one) == canonical_text(other)


def _is_plain(value: object) -> bool:
    """Say whether a value is an object whose members stand in the file under the same names."""
    return isinstance(value, Mapping) and not any(name.startswith("$") for name in value)
