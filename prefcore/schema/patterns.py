r"""Regular expressions of schemas (ECMA-262, as JSON Schema asks), matched by RE2 in linear time.

Patterns come from schemas that others wrote, so none may make a check slow: what RE2 can't read
(look-around, back-references, repetitions above 1,000) is refused, never given to an engine that
backtracks. Dialect: ``$`` means the very end, ``\d``, ``\w``, ``\s`` and ``\b`` are ASCII, and a
match may stand anywhere in the text.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

__all__ = ["MAX_SUBJECT", "Pattern", "compile_pattern", "pattern_fault"]

#: Texts longer than this are refused where a pattern stands: linear time is not no time.
MAX_SUBJECT = 1_000_000
_MAX_PATTERN = 2_000
#: What RE2 may take for one compiled pattern.
_MAX_MEMORY = 4 << 20

# RE2 gives these a meaning that ECMA-262 does not know; \1 to \9 are back-references there.
_NOT_ECMA = frozenset("AzZQECaG123456789")
_HEX = frozenset("0123456789abcdefABCDEF")


class Pattern(Protocol):
    """A compiled pattern."""

    def search(self, text: str) -> object | None:
        """Give something where the pattern stands anywhere in the text, else None."""


def compile_pattern(pattern: str) -> Pattern:
    """Give the compiled pattern; raises ValueError, saying why, when it can't be read."""
    if len(pattern) > _MAX_PATTERN:
        raise ValueError(f"is longer than {_MAX_PATTERN} characters")
    # Late: 5 ms, and most schemas have no pattern.
    import re2  # type: ignore[import-untyped]  # it has no stubs

    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MAX_MEMORY
    try:
        made: Pattern = re2.compile("".join(_in_re2(pattern)), options)
    except re2.error as error:
        said = error.args[0] if error.args else error
        said = said.decode(errors="replace") if isinstance(said, bytes) else said
        raise ValueError(f"can't be read by RE2, which matches in linear time: {said}") from error
    except UnicodeEncodeError as error:
        raise ValueError("holds half of a surrogate pair") from error
    return made


def pattern_fault(pattern: str) -> str | None:
    """Give why a pattern can't be checked, or None."""
    try:
        compile_pattern(pattern)
    except ValueError as error:
        return str(error)
    return None


def _in_re2(pattern: str) -> Iterator[str]:
    """Give the pattern in RE2's spelling, where it differs from ECMA-262's."""
    in_class = False
    signs = iter(pattern)
    for sign in signs:
        if sign == "\\":
            yield _escape(next(signs, ""), signs, in_class=in_class)
        elif in_class and sign == "[":
            yield r"\["  # RE2 would look for a class of POSIX, such as [:alpha:]
        else:
            in_class = sign == "[" or (in_class and sign != "]")
            yield sign


def _escape(sign: str, rest: Iterator[str], *, in_class: bool) -> str:
    if sign in _NOT_ECMA:
        kind = "a back-reference" if sign.isdigit() else "no escape of ECMA-262"
        raise ValueError(f"can't be read by RE2, which matches in linear time: \\{sign} is {kind}")
    if sign == "s":  # RE2's lacks the vertical tab
        return r"\s\v" if in_class else r"[\s\v]"
    if sign == "S" and not in_class:
        return r"[^\s\v]"
    if sign == "c":
        return f"\\x{{{ord(next(rest, 'A')) % 32:x}}}"
    if sign != "u":
        return f"\\{sign}"
    digits = next(rest, "")
    if digits == "{":
        digits = "".join(iter(lambda: next(rest, "}"), "}"))
    else:
        digits += "".join(next(rest, "") for _ in range(3))
    if not digits or len(digits) > 8 or not set(digits) <= _HEX:
        raise ValueError(f"can't be read: \\u{digits[:8]} is no code point")
    return f"\\x{{{digits}}}"
