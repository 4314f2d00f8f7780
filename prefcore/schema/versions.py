"""Versions of schemas: Semantic Versioning 2.0.0 (https://semver.org), read, written and ordered.

Precedence is the specification's clause 11 and ignores build metadata. Two versions are *equal*
only when their texts are; versions of the same precedence are ordered by their build text, so that
``<`` and ``==`` agree and sorting has one result.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import attrs

from prefcore.errors import InvalidSchema

__all__ = ["Version", "sorted_versions"]

#: Longer texts are refused before anything is made of them.
MAX_LENGTH = 255

_NUMBER = r"0|[1-9][0-9]*"
_PART = rf"(?:{_NUMBER}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_VERSION = re.compile(
    rf"({_NUMBER})\.({_NUMBER})\.({_NUMBER})"
    rf"(?:-({_PART}(?:\.{_PART})*))?"
    r"(?:\+([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?"
)
_Precedence = tuple[int, int, int, tuple[tuple[int, int, str], ...]]

# A release stands above all its pre-releases, whose first identifier has kind 0 or 1.
_RELEASE = ((2, 0, ""),)


@attrs.frozen(order=True)
class Version:
    """One version: ``major.minor.patch``, perhaps ``-prerelease`` and ``+build``.

    ``precedence`` compares as SemVer 2.0.0 clause 11 says (build metadata left out).
    """

    precedence: _Precedence = attrs.field(repr=False)
    build: str
    major: int = attrs.field(eq=False, order=False)
    minor: int = attrs.field(eq=False, order=False)
    patch: int = attrs.field(eq=False, order=False)
    prerelease: str = attrs.field(eq=False, order=False)

    @classmethod
    def parse(cls, text: str) -> Version:
        """Give the version that the text spells.

        Raises InvalidSchema, saying what is wrong, when it is not SemVer 2.0.0.
        """
        match = _VERSION.fullmatch(text) if len(text) <= MAX_LENGTH else None
        if match is None:
            raise InvalidSchema(
                f"the version {text[:60]!r} is not SemVer 2.0: {_fault(text)}", version=text
            )
        major, minor, patch = int(match[1]), int(match[2]), int(match[3])
        prerelease, build = match[4] or "", match[5] or ""
        rank = tuple(map(_rank, prerelease.split("."))) if prerelease else _RELEASE
        return cls((major, minor, patch, rank), build, major, minor, patch, prerelease)

    def __str__(self) -> str:
        text = f"{self.major}.{self.minor}.{self.patch}"
        if self.prerelease:
            text += f"-{self.prerelease}"
        return f"{text}+{self.build}" if self.build else text


def sorted_versions(texts: Iterable[str]) -> list[str]:
    """Give the version texts in ascending order; raises InvalidSchema for one that is none."""
    return sorted(texts, key=Version.parse)


def _rank(identifier: str) -> tuple[int, int, str]:
    # Numeric identifiers stand below alphanumeric ones, which compare by their ASCII codes.
    return (0, int(identifier), "") if identifier.isdigit() else (1, 0, identifier)


def _fault(text: str) -> str:
    if not text:
        return "it is empty; write one like 1.2.3"
    if len(text) > MAX_LENGTH:
        return f"it is longer than {MAX_LENGTH} characters"
    if text != text.strip():
        return "it has white space around it"
    if text[0] in "vV=":
        return f"leave out the leading {text[0]!r}"
    core, plus, build = text.partition("+")
    core, dash, prerelease = core.partition("-")
    numbers = core.split(".")
    if len(numbers) != 3:
        return f"it has {len(numbers)} numbers where three belong; write one like 1.2.3"
    groups = [(number, re.compile(r"[0-9]+"), "is not a number") for number in numbers]
    signs = (re.compile(r"[0-9A-Za-z-]+"), "is no identifier of ASCII letters, digits and hyphens")
    groups += [(part, *signs) for part in (prerelease.split(".") if dash else ())]
    for part, allowed, fault in groups:
        if not allowed.fullmatch(part):
            return f"{part!r} {fault}"
        if re.fullmatch(r"0[0-9]+", part):
            return f"{part!r} has a leading zero"
    bad = next(part for part in (build.split(".") if plus else ()) if not signs[0].fullmatch(part))
    return f"{bad!r} {signs[1]}"
