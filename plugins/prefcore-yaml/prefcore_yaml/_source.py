"""The source: what the parser of YAML is given to read, checked and bounded before it sees it."""

from __future__ import annotations

import codecs
import re
from typing import BinaryIO

from prefcore.errors import DamagedDocument, PrefcoreError
from prefcore.interfaces import Limits

__all__ = ["Source"]

# What YAML 1.2 calls printable (production 1); in a text the others stand as escapes.
_UNPRINTABLE = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BLOCK = 1 << 16
# The parser compares each directive with all before it.
_DIRECTIVES = 100


class Source:
    """A stream of UTF-8 for the parser.

    What is wrong with it stands in ``fault``, not in an exception: the parser is C code that
    reads ahead, and takes the end of the stream better than an error. It is a DamagedDocument
    with the line. ``ended`` says that all was read, ``characters`` how many were.
    """

    def __init__(self, source: BinaryIO, limits: Limits) -> None:
        self.fault: PrefcoreError | None = None
        self.ended = False
        self.characters = 0
        self._source = source
        self._limits = limits
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._line = 1
        self._begun = False
        self._directives = 0
        self._taken = 0  # bytes
        self._at_event = 0  # bytes when the parser last gave an event
        self._held_from: int | None = 0

    def read(self, size: int = -1) -> bytes:
        """Give the next bytes; none at the end, and where there is a fault."""
        if self.fault is not None or self.ended:
            return b""
        block = self._source.read(_BLOCK)
        is_first = self._taken == 0
        if is_first and not block:
            return self._refuse("the file is empty; a preferences file is one mapping")
        if is_first and (block[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in block[:4]):
            return self._refuse("the file is not UTF-8 but UTF-16 or alike; save it as UTF-8")
        self._taken += len(block)
        self.ended = not block
        try:
            text = self._decoder.decode(block, final=self.ended)
        except UnicodeDecodeError as error:
            self._line += error.object.count(b"\n", 0, error.start)
            byte = self._taken - len(error.object) + error.start
            return self._refuse(f"the file is not valid UTF-8 (byte {byte}); save it as UTF-8")
        self.characters += len(text)
        if sizes := self._beyond_limits():
            return self._refuse_size(*sizes)
        if found := _UNPRINTABLE.search(text):
            self._line += text.count("\n", 0, found.start())
            code = ord(found[0])
            escape = f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
            self._refuse(
                f"bare U+{code:04X}, which is not allowed in YAML; write {escape} in double quotes"
            )
            return b""
        self._line += text.count("\n")
        self._directives += 0 if self._begun else text.count("\n%")
        if self._directives > _DIRECTIVES:
            return self._refuse("too many lines begin with %; remove what is no YAML directive")
        return block.removeprefix(codecs.BOM_UTF8) if is_first else block

    def went_on(self) -> None:
        """Take in that the parser has given an event: the length of the next counts from here."""
        self._at_event = self._taken

    def begin(self) -> None:
        """Take in that the document has begun."""
        self._begun = True

    def hold(self) -> None:
        """Count from here what is held at once, up to ``max_whole_bytes``."""
        self._held_from = self._taken

    def let_go(self) -> None:
        """Hold nothing any more."""
        self._held_from = None

    def _beyond_limits(self) -> tuple[str, str, int] | None:
        """Give what is too large, by which limit, and the limit."""
        limits, taken = self._limits, self._taken
        if taken > limits.max_bytes:
            return "the file", "max_bytes", limits.max_bytes
        if taken - self._at_event > limits.max_line_bytes + _BLOCK:
            return "one text", "max_line_bytes", limits.max_line_bytes
        if self._held_from is not None and taken - self._held_from > limits.max_whole_bytes:
            return "what has to be held as a whole", "max_whole_bytes", limits.max_whole_bytes
        return None

    def _refuse_size(self, what: str, limit: str, most: int) -> bytes:
        return self._refuse(
            f"{what} is larger than the limit of {most} bytes ({limit}); "
            "raise the limit if you trust the file",
            limit=limit,
        )

    def _refuse(self, message: str, **facts: object) -> bytes:
        self.fault = DamagedDocument(f"line {self._line}: {message}", line=self._line, **facts)
        return b""
