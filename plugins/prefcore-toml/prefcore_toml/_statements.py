"""Statements: TOML text cut into its headers and pairs, bounded before a parser sees them.

``tomllib`` takes seconds for a key of many dots, recurses into brackets, and makes much of little
text. So each statement is measured first; what is within the limits is parsed in bounded time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from prefcore.errors import DamagedDocument, InvalidValue, PrefcoreError
from prefcore.interfaces import Limits
from prefcore.layout import located

__all__ = ["Statement", "Statements"]

_BLOCK = 1 << 16
# How deep a document nests around a value, and a tagged form inside it.
_AROUND_VALUES = 8
# What a statement costs the parser, measured: a pair takes as long as four brackets, commas or
# escapes, a header as twelve, and a dotted key the square of its dots. ``max_values`` counts keys
# and values, so a pair is two.
_LINE = _EQUALS = 2
_HEADER = 8
_COST_OF_VALUE = 2

_TOKEN = re.compile(r'"""|\'\'\'|"(?:[^"\\\n]++|\\[^\n])*+"|\'[^\'\n]*+\'|["\'#\[\]{}.=,]|[\\\n]')
_BASIC_END = re.compile(r'(?:[^"\\]++|\\.|"(?!""))*+"""', re.DOTALL)
_LITERAL_END = re.compile(r"(?:[^']++|'(?!''))*+'''")
_ENDS = {'"' * 3: _BASIC_END, "'" * 3: _LITERAL_END}


_KEY = re.compile(r"""(?:[A-Za-z0-9_\-. \t]++|"(?:[^"\\\n]++|\\[^\n])*+"|'[^'\n]*+')++(?==)""")


class Statement(NamedTuple):
    """A header, a pair, or a line without either: its text, and the line it begins on."""

    text: str
    line: int

    @property
    def is_header(self) -> bool:
        """Whether it is the header of a table."""
        return self.text.lstrip(" \t").startswith("[")

    @property
    def key_text(self) -> str:
        """What stands before the equals sign; nothing where there is none."""
        found = _KEY.match(self.text)
        return found[0] if found else ""


class Statements:
    """The statements of a source, one after the other; everything it raises is located."""

    def __init__(self, source: BinaryIO, limits: Limits) -> None:
        self.line = 1
        self._source = source
        self._limits = limits
        self._data = b""
        self._at = 0
        self._taken = 0
        self._ended = False
        self._held = self._cost = 0
        self._ahead: Statement | None = None

    def begin(self) -> None:
        """Count from here what is held at once."""
        self._held = self._cost = 0

    def peek(self) -> Statement | None:
        """Give the next statement without going on; None at the end."""
        if self._ahead is None:
            self._ahead = self._draw()
        return self._ahead

    def next(self) -> Statement | None:
        """Give the next statement; None at the end."""
        statement, self._ahead = self.peek(), None
        return statement

    def __iter__(self) -> Iterator[Statement]:
        while (statement := self.next()) is not None:
            yield statement

    # ------------------------------------------------------------------------- measuring

    def _draw(self) -> Statement | None:
        """Draw lines until a statement is whole."""
        start = self.line
        text = self._next_line()
        if text is None:
            return None
        if text.lstrip(" \t\r\n")[:1] in ("", "#"):
            self._spend(_LINE, start)
            return Statement(text, start)
        left = self._limits.max_values * _COST_OF_VALUE - self._cost
        measure = _Measure(self._limits.max_depth + _AROUND_VALUES, left)
        lines = [text]
        while not measure.takes(text):
            self._check(measure, start)
            more = self._next_line()
            if more is None:
                break  # the parser says what is missing
            text = more
            lines.append(text)
        self._check(measure, start)
        self._cost += measure.cost
        made = Statement("".join(lines), start)
        if made.is_header:
            self._spend(_HEADER, start)
        return made

    def _check(self, measure: _Measure, line: int) -> None:
        if measure.is_deep:
            message = "the text is nested too deep; values may have 64 levels"
            raise located(InvalidValue, message, line=line)
        if measure.is_much:
            self._spend(measure.cost, line)

    def _spend(self, cost: int, line: int) -> None:
        self._cost += cost
        if self._cost > self._limits.max_values * _COST_OF_VALUE:
            raise located(
                DamagedDocument,
                f"more than {self._limits.max_values} values have to be held at once (max_values); "
                "split the file, or raise the limit",
                line=line,
            )

    # --------------------------------------------------------------------------- reading

    def _next_line(self) -> str | None:
        while (end := self._data.find(b"\n", self._at)) < 0 and self._more():
            pass
        end = len(self._data) if end < 0 else end + 1
        raw, self._at = self._data[self._at : end], end
        if not raw:
            return None
        self._held += len(raw)
        if self._held > self._limits.max_whole_bytes:
            raise self._too_large("what has to be held as a whole", "max_whole_bytes")
        try:
            text = raw.decode()
        except UnicodeDecodeError as error:
            byte = self._taken - len(self._data) + end - len(raw) + error.start
            message = f"the file is not valid UTF-8 (byte {byte}); save it as UTF-8"
            raise located(DamagedDocument, message, line=self.line) from error
        self.line += 1
        return text

    def _more(self) -> bool:
        if self._ended:
            return False
        rest = self._data[self._at :]
        if len(rest) > self._limits.max_line_bytes:
            raise self._too_large("one line", "max_line_bytes")
        block = self._source.read(max(_BLOCK, len(rest)))
        if self._taken == 0:
            block = self._begun(block)
        self._ended = not block
        self._data, self._at = rest + block, 0
        self._taken += len(block)
        if self._taken > self._limits.max_bytes:
            raise self._too_large("the file", "max_bytes")
        return not self._ended

    def _begun(self, block: bytes) -> bytes:
        if not block:
            message = "the file is empty; a preferences file holds names and values"
            raise located(DamagedDocument, message, line=1)
        if block[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in block[:4]:
            message = "the file is not UTF-8 but UTF-16 or alike; save it as UTF-8"
            raise located(DamagedDocument, message, line=1)
        return block.removeprefix(b"\xef\xbb\xbf")

    def _too_large(self, what: str, limit: str) -> PrefcoreError:
        most = getattr(self._limits, limit)
        return located(
            DamagedDocument,
            f"{what} is larger than the limit of {most} bytes ({limit}); "
            "raise the limit if you trust the file",
            line=self.line,
        )


class _Measure:
    """How deep a statement nests and what it costs, taken in line by line."""

    def __init__(self, deepest: int, most: int) -> None:
        self.cost = 0
        self._most = most
        self.is_deep = False
        self._deepest = deepest
        self._open: re.Pattern[str] | None = None  # what ends the text that is open
        # Dots of the key at each level: a dotted key nests as tables do.
        self._dots = [0]
        self._depth = 0

    @property
    def is_much(self) -> bool:
        """Whether it costs more than it may."""
        return self.cost > self._most

    def takes(self, line: str) -> bool:
        """Take a line in; say whether the statement is whole with it."""
        self.cost += _LINE
        at = 0
        while not self.is_deep and self.cost <= self._most:
            if self._open is not None:
                end = self._open.match(line, at)
                stop = end.end() if end else len(line)
                self.cost += 1 + line.count("\\", at, stop) + line.count('"', at, stop)
                if end is None:
                    return False
                self._open, at = None, stop
            if (found := _TOKEN.search(line, at)) is None:
                break
            at = found.end()
            if not self._take(found[0]):
                # A comment, or a text that does not end, which the parser goes through as well.
                self.cost += 0 if found[0] == "#" else line.count("\\", at)
                break
        return self.is_deep or self.is_much or (self._open is None and len(self._dots) == 1)

    def _take(self, token: str) -> bool:
        """Take a token in; False where the rest of the line means nothing."""
        if token in _ENDS:
            self._open = _ENDS[token]
        elif token[0] in "\"'":
            self.cost += 1 + token.count("\\")
            return len(token) > 1
        elif token == "#":
            return False
        else:
            self.cost += _EQUALS if token == "=" else 1
            self._nest(token)
        return True

    def _nest(self, token: str) -> None:
        if token in "[{":
            self._dots.append(0)
            self._depth += 1
        elif token in "]}":
            if len(self._dots) > 1:
                self._depth -= 1 + self._dots.pop()
        elif token == ".":
            self._dots[-1] += 1
            self._depth += 1
            self.cost += self._dots[-1]
        elif token == ",":
            self._depth -= self._dots[-1]
            self._dots[-1] = 0
        self.is_deep = self.is_deep or self._depth > self._deepest
