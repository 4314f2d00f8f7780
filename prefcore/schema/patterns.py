r"""Regular expressions of schemas (ECMA-262, as JSON Schema asks) on Python's engine.

Dialect: ``$`` means the very end, ``\d``, ``\w`` and ``\b`` are ASCII, and a match may stand
anywhere in the text. What Python's engine can't read is reported by ``pattern_fault``.
"""

from __future__ import annotations

import re

__all__ = ["MAX_SUBJECT", "compile_pattern", "pattern_fault"]

#: Texts longer than this are refused where a pattern stands. Patterns come from schemas that others
#: wrote, and Python's engine backtracks: this bounds polynomial patterns, not exponential ones,
#: which need the linear-time engine that comes with the compatibility work.
MAX_SUBJECT = 10_000
_MAX_PATTERN = 2_000


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """Give the compiled pattern; raises ValueError, saying why, when it can't be read."""
    if len(pattern) > _MAX_PATTERN:
        raise ValueError(f"is longer than {_MAX_PATTERN} characters")
    try:
        return re.compile(_in_python(pattern), re.ASCII)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"can't be read by Python's engine: {error}") from error


def pattern_fault(pattern: str) -> str | None:
    """Give why a pattern can't be checked, or None."""
    try:
        compile_pattern(pattern)
    except ValueError as error:
        return str(error)
    return None


def _in_python(pattern: str) -> str:
    if "$" not in pattern and "[" not in pattern:
        return pattern
    written = []
    in_class = False
    signs = iter(pattern)
    before = ""
    for sign in signs:
        if sign == "\\":
            written.append(sign + next(signs, ""))
            before = ""
            continue
        if sign == "$" and not in_class:
            sign = r"\Z"  # Python's $ also matches before a final line end
        elif in_class and (sign in "[&|~" or sign == before == "-"):
            written.append("\\")  # Python warns that these may become set operations
        elif sign == "[":
            in_class = True
        if sign == "]" and in_class:
            in_class = False
        written.append(sign)
        before = sign
    return "".join(written)
