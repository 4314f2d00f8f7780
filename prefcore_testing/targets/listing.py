"""Checks of listings: every object once, by name, and by the beginning of its name."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest

from prefcore.interfaces import Target
from prefcore_testing.targets.base import TargetChecks, listed, put

__all__ = ["ListingChecks"]

#: Sorted by code point, in which a slash counts as any other character; folders first, UTF-16,
#: case folding and locales get it wrong.
_ORDER = sorted(
    ["Z", "a b", "a!", "a-b", "a.b", "a/b", "a/c/d", "a/c.d", "a0", "b", "é", "\uffe6", "𝒳"]
)


class ListingChecks(TargetChecks, kit=True):
    """What ``list`` gives."""

    def test_listing_is_sorted_by_code_point(self, target: Target) -> None:
        for name in reversed(_ORDER):
            put(target, name)
        assert listed(target) == _ORDER
        assert sorted(self.raw(target)) == _ORDER

    @pytest.mark.parametrize(
        ("prefix", "names"),
        [
            ("", ["a-b", "a/b", "a/c/d", "a/c/e", "ab/c", "b*"]),
            ("a", ["a-b", "a/b", "a/c/d", "a/c/e", "ab/c"]),
            ("a/", ["a/b", "a/c/d", "a/c/e"]),
            ("a/c", ["a/c/d", "a/c/e"]),
            ("a/c/d", ["a/c/d"]),
            ("a/c/d/", []),
            ("b", ["b*"]),
            ("b*", ["b*"]),
            ("*", []),
            ("A", []),
            ("c", []),
            ("/", []),
            ("../", []),
            (".", []),
        ],
    )
    def test_prefix_is_the_beginning_of_names(
        self, target: Target, prefix: str, names: list[str]
    ) -> None:
        for name in ("a-b", "a/b", "a/c/d", "a/c/e", "ab/c", "b*"):
            put(target, name)
        assert listed(target, prefix) == names

    def test_long_listing_holds_every_object_once(self, target: Target) -> None:
        names = [f"{'fg'[n % 2]}/{n:05}" for n in range(self.many)]
        for name in names:
            put(target, name, name.encode())
        found = list(target.list())
        assert [one.name for one in found] == sorted(names)
        assert {one.size for one in found} == {7}
        assert listed(target, "g/") == sorted(names[1::2])

    def test_listing_is_drawn_while_objects_come_and_go(self, target: Target) -> None:
        names = [f"f{n}/{m}" for n in range(3) for m in range(5)]
        for name in names:
            put(target, name)
        listing = target.list()
        assert isinstance(listing, Iterator)
        found = [next(listing).name]
        for name in ("f0/3", "f2/0", "f2/1", "f2/2", "f2/3", "f2/4"):
            target.delete(name)
        target.put("f1/new", io.BytesIO(b"new"))
        found += [one.name for one in listing]
        assert found == sorted(set(found))
        assert {name for name in names if name[:2] != "f2" and name != "f0/3"} <= set(found)
        assert set(found) <= {*names, "f1/new"}
