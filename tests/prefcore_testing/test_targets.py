"""Every check of the target suite fails some target that breaks what the check is about.

The broken targets are a small one, which stands here as a third party would write it, with one
place of its source replaced.
"""

from __future__ import annotations

import hashlib
import inspect
import sys
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from textwrap import dedent
from typing import Any, BinaryIO
from uuid import uuid4

import attrs
import pytest
from _pytest.outcomes import Failed
from hypothesis import Phase, settings

from prefcore.errors import NotFound, UsageError
from prefcore.interfaces import StoredObject, Target
from prefcore_testing.targets import TargetSuite


class Shelf:
    """A target in one flat folder: each file holds an object's name as a line, then its bytes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)

    def put(self, name: str, source: BinaryIO) -> StoredObject:
        self._check(name)
        self._refuse_twins(name)
        temporary = self.folder / f"{uuid4().hex}.new"
        try:
            with temporary.open("xb") as file:
                file.write(name.encode() + b"\n")
                while piece := source.read(1 << 16):
                    file.write(piece)
            stored = self._stored(name, temporary)
            temporary.replace(self._file(name))
        finally:
            temporary.unlink(missing_ok=True)
        return stored

    def get(self, name: str) -> BinaryIO:
        self._check(name)
        try:
            file = self._file(name).open("rb")
        except FileNotFoundError:
            raise NotFound(f"there is no object {name}") from None
        file.readline()
        return file

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        found = []
        for file in self.folder.iterdir():
            with suppress(FileNotFoundError):
                name = self._name(file)
                if not file.suffix and name.startswith(prefix):
                    found.append(self._stored(name, file))
        yield from sorted(found, key=lambda one: one.name)

    def delete(self, name: str) -> None:
        self._check(name)
        self._file(name).unlink(missing_ok=True)

    def close(self) -> None:
        pass

    def _file(self, name: str) -> Path:
        return self.folder / hashlib.sha256(name.encode()).hexdigest()

    def _name(self, file: Path) -> str:
        with file.open("rb") as lines:
            return lines.readline()[:-1].decode()

    def _stored(self, name: str, file: Path) -> StoredObject:
        status = file.stat()
        at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=status.st_mtime_ns // 1000)
        return StoredObject(name, status.st_size - len(name.encode()) - 1, at)

    def _check(self, name: str) -> None:
        parts = name.split("/")
        if (
            len(parts) > 32
            or not name.isprintable()
            or "\\" in name
            or any(not part or part[0] == "." or len(part.encode()) > 255 for part in parts)
            or len(name.encode()) > 1024
        ):
            raise UsageError(f"{name!r} cannot name an object")

    def _refuse_twins(self, name: str) -> None:
        for one in self.list():
            for own, other in zip(name.split("/"), one.name.split("/"), strict=False):
                if own != other:
                    if self._folded(own) == self._folded(other):
                        raise UsageError(f"'{own}' and '{other}' are too much alike")
                    break

    def _folded(self, part: str) -> str:
        return unicodedata.normalize("NFD", unicodedata.normalize("NFD", part).casefold())


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


@attrs.frozen
class Fault:
    """One place of the source, what stands there instead, and the checks that find it."""

    name: str
    old: str
    new: str
    checks: tuple[str, ...] = attrs.field(converter=_words)


_DRAWN = "while piece := source.read(1 << 16):\n                    file.write(piece)"
_TEMPORARY = 'temporary = self.folder / f"{uuid4().hex}.new"'

FAULTS = [
    Fault(
        "begins with a leftover",
        "folder.mkdir(exist_ok=True)",
        'folder.mkdir(exist_ok=True)\n        (folder / "x.new").write_bytes(b"x\\n")',
        "fresh_target_is_empty",
    ),
    Fault(
        "lists what it lacks",
        "found = []",
        'found = [StoredObject(".", 0, datetime.now(UTC))]',
        "fresh_target_is_empty listing_is_sorted_by_code_point",
    ),
    Fault(
        "writes text",
        "file.write(piece)",
        'file.write(piece.replace(b"\\r\\n", b"\\n"))',
        "object_comes_back_as_it_was_put",
    ),
    Fault(
        "writes one piece",
        "while piece := source.read(1 << 16):",
        "if piece := source.read(1 << 16):",
        "object_comes_back_as_it_was_put source_may_give_less_than_is_asked_for",
    ),
    Fault(
        "tells its own time",
        "stored = self._stored(name, temporary)",
        "stored = attrs.evolve(self._stored(name, temporary), modified_at=datetime.now(UTC))",
        "put_tells_what_a_listing_tells",
    ),
    Fault(
        "tells local time",
        "datetime(1970, 1, 1, tzinfo=UTC)",
        "datetime(1970, 1, 1, tzinfo=__import__('datetime').timezone(timedelta(hours=1)))",
        "put_tells_what_a_listing_tells",
    ),
    Fault(
        "keeps the first",
        "temporary.replace(self._file(name))",
        "self._file(name).exists() or temporary.replace(self._file(name))",
        "put_replaces_what_is_there random_stories_leave_what_they_leave_in_a_dict",
    ),
    Fault(
        "lets the system's error through",
        "except FileNotFoundError:",
        "except ZeroDivisionError:",
        "what_is_not_there_is_not_found",
    ),
    Fault(
        "finds the first of a folder",
        "self._check(name)\n        try:",
        "self._check(name)\n        name = next((o.name for o in self.list(name)), name)\n"
        "        try:",
        "what_is_not_there_is_not_found",
    ),
    Fault(
        "deletes what begins so",
        "        self._file(name).unlink(missing_ok=True)",
        "        for one in self.list(name):\n            self._file(one.name).unlink()",
        "deleted_object_is_gone_and_its_neighbours_are_not deleting_what_is_not_there_is_no_error",
    ),
    Fault(
        "deletes only what is there",
        "self._file(name).unlink(missing_ok=True)",
        "self._file(name).unlink()",
        "deleting_what_is_not_there_is_no_error puts_and_deletes_of_one_name_do_not_fail",
    ),
    Fault(
        "shares one reader",
        'file = self._file(name).open("rb")',
        'file = vars(self).setdefault("reader", self._file(name).open("rb"))',
        "readers_read_by_pieces_and_apart",
    ),
    Fault(
        "writes in place",
        f'{_TEMPORARY}\n        try:\n            with temporary.open("xb")',
        'temporary = self._file(name)\n        try:\n            with temporary.open("wb", 0)',
        "reader_reads_one_object_though_it_is_replaced object_is_unseen_until_it_is_whole"
        " source_that_fails_leaves_the_old_object",
    ),
    Fault(
        "leaves temporaries",
        "temporary.unlink(missing_ok=True)",
        "pass",
        "source_that_fails_leaves_the_old_object",
    ),
    Fault(
        "takes a failing source for its end",
        _DRAWN,
        "with suppress(Exception):\n                    " + _DRAWN.replace("\n", "\n    "),
        "source_that_fails_leaves_the_old_object random_stories_leave_what_they_leave_in_a_dict",
    ),
    Fault(
        "closes once",
        "        pass",
        "        del self.folder",
        "closing_twice_is_no_error",
    ),
    Fault(
        "begins anew",
        "folder.mkdir(exist_ok=True)",
        "folder.mkdir(exist_ok=True)\n        [file.unlink() for file in folder.iterdir()]",
        "what_was_put_is_there_when_opened_again",
    ),
    Fault(
        "sorts folders first",
        "key=lambda one: one.name",
        "key=lambda one: one.name.split('/')",
        "listing_is_sorted_by_code_point",
    ),
    Fault(
        "sorts as UTF-16",
        "key=lambda one: one.name",
        "key=lambda one: one.name.encode('utf-16-be')",
        "listing_is_sorted_by_code_point",
    ),
    Fault(
        "prefix is a pattern",
        "name.startswith(prefix)",
        "__import__('fnmatch').fnmatchcase(name, prefix + '*')",
        "prefix_is_the_beginning_of_names",
    ),
    Fault(
        "prefix is a folder",
        "name.startswith(prefix)",
        "f'{name}/'.startswith(prefix.rstrip('/') + '/' if prefix else '')",
        "prefix_is_the_beginning_of_names",
    ),
    Fault(
        "lists one page",
        "key=lambda one: one.name)",
        "key=lambda one: one.name)[:200]",
        "long_listing_holds_every_object_once",
    ),
    Fault(
        "fails when an object goes",
        "yield from sorted(found, key=lambda one: one.name)",
        "for one in sorted(found, key=lambda one: one.name):\n"
        "            yield self._stored(one.name, self._file(one.name))",
        "listing_is_drawn_while_objects_come_and_go",
    ),
    Fault(
        "decodes percents",
        "self._check(name)\n        self._refuse",
        "name = __import__('urllib.parse').parse.unquote(name)\n        self._refuse",
        "name_is_taken_as_it_is",
    ),
    Fault(
        "strips names",
        "        parts = ",
        "        name != name.strip() and self.folder.unlink()\n        parts = ",
        "name_is_taken_as_it_is",
    ),
    *(
        Fault(
            f"does not look for {what}",
            old,
            new,
            "name_is_refused_before_anything_is_done",
        )
        for what, old, new in [
            ("depth", "len(parts) > 32", "False"),
            ("control characters", "not name.isprintable()", "not name.encode()"),
            ("backslashes", '"\\\\" in name', "False"),
            ("empty parts", "not part or part[0]", "part[:1]"),
            ("dots", 'part[0] == "."', "False"),
            ("the length of parts", "len(part.encode()) > 255", "False"),
            ("bytes", "len(part.encode()) > 255", "len(part) > 255"),
            ("the length of names", "len(name.encode()) > 1024", "False"),
        ]
    ),
    Fault(
        "checks names only when it writes",
        "def delete(self, name: str) -> None:\n        self._check(name)",
        "def delete(self, name: str) -> None:",
        "name_is_refused_before_anything_is_done",
    ),
    Fault(
        "checks names when it has read",
        "self._check(name)\n        self._refuse_twins(name)",
        "source.read(1)\n        self._check(name)\n        self._refuse_twins(name)",
        "name_is_refused_before_anything_is_done name_equal_but_for_case_or_composition_is_refused",
    ),
    Fault(
        "knows no twins",
        "self._refuse_twins(name)",
        "pass",
        "name_equal_but_for_case_or_composition_is_refused",
    ),
    Fault(
        "knows no twins but of case",
        'unicodedata.normalize("NFD", unicodedata.normalize("NFD", part).casefold())',
        "part.casefold()",
        "name_equal_but_for_case_or_composition_is_refused",
    ),
    Fault(
        "asks for everything",
        "while piece := source.read(1 << 16):",
        "if piece := source.read():",
        "large_object_is_put_and_got_in_little_memory",
    ),
    Fault(
        "gathers the pieces",
        _DRAWN,
        'file.write(b"".join(iter(lambda: source.read(1 << 16), b"")))',
        "large_object_is_put_and_got_in_little_memory",
    ),
    Fault(
        "reads all before it gives",
        "        return file",
        "        return __import__('io').BytesIO(file.read())",
        "large_object_is_put_and_got_in_little_memory",
    ),
    Fault(
        "takes a short piece for the end",
        "while piece := source.read(1 << 16):\n",
        "piece = bytes(1 << 16)\n                while len(piece) == 1 << 16:\n"
        "                    piece = source.read(1 << 16)\n",
        "source_may_give_less_than_is_asked_for",
    ),
    Fault(
        "closes the source",
        "return stored",
        "source.close()\n        return stored",
        "source_is_left_open_and_at_its_end",
    ),
    Fault(
        "lists what is being written",
        "if not file.suffix and name",
        "if name",
        "object_is_unseen_until_it_is_whole",
    ),
    Fault(
        "one temporary for each name",
        f'{_TEMPORARY}\n        try:\n            with temporary.open("xb")',
        'temporary = self._file(name).with_suffix(".new")\n        try:\n'
        '            with temporary.open("wb")',
        "puts_of_one_name_end_with_one_whole_object",
    ),
    Fault(
        "one temporary for all",
        f'{_TEMPORARY}\n        try:\n            with temporary.open("xb")',
        'temporary = self.folder / "one.new"\n        try:\n            with temporary.open("wb")',
        "puts_of_different_names_lose_nothing",
    ),
]


def _shelf_with(fault: Fault | None) -> Callable[[Path], Target]:
    """Give the shelf, with a fault."""
    if fault is None:
        return Shelf
    source = dedent(inspect.getsource(Shelf))
    assert fault.old in source, f"the shelf no longer has: {fault.old}"
    names = dict(vars(sys.modules[__name__]))
    code = compile(source.replace(fault.old, fault.new), "a broken shelf", "exec")
    exec(code, names)  # noqa: S102  # our own source
    broken: Any = names["Shelf"]
    return broken  # type: ignore[no-any-return]  # a class made of text


def _suite_on(kind: Callable[[Path], Target]) -> type[TargetSuite]:
    class TestShelf(TargetSuite):
        persistent = True
        many = 210
        stories = settings(
            TargetSuite.stories,
            max_examples=15,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
        )

        def make(self, tmp_path: Path) -> Target:
            return kind(tmp_path / "shelf")

        def raw(self, target: Target) -> Mapping[str, bytes]:
            folder: Path = vars(target)["folder"]
            files = {
                file: file.read_bytes().partition(b"\n") for file in folder.iterdir()
            }  # fmt: skip
            return {file.suffix + name.decode(): data for file, (name, _, data) in files.items()}

        def reopen(self, target: Target) -> Target:
            folder: Path = vars(target)["folder"]
            target.close()
            return kind(folder)

    return TestShelf


def _arguments(check: Callable[..., None]) -> Iterator[dict[str, object]]:
    """Give the arguments of each case of a check, as its parametrize mark has them."""
    marks = [mark for mark in getattr(check, "pytestmark", []) if mark.name == "parametrize"]
    if not marks:
        yield {}
    for mark in marks:
        names, cases = mark.args
        for case in cases:
            yield {names: case} if isinstance(names, str) else dict(zip(names, case, strict=True))


def _run(suite: TargetSuite, name: str, tmp_path: Path) -> None:
    """Run all cases of a check, each on a fresh target."""
    check = getattr(suite, name)
    for number, arguments in zip(count(), _arguments(check), strict=False):
        folder = tmp_path / f"{name} {number}"
        folder.mkdir()
        if "target" in inspect.signature(check).parameters:
            check(target=suite.make(folder), **arguments)
        else:
            check(tmp_path=folder, **arguments)


# A broken target may leave its files to the garbage collector.
@pytest.mark.filterwarnings("ignore:Exception ignored:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_fault_is_found(fault: Fault, tmp_path: Path) -> None:
    suite = _suite_on(_shelf_with(fault))
    for name in fault.checks:
        with pytest.raises((Exception, Failed)):
            _run(suite(), f"test_{name}", tmp_path)


def test_heavy_import_is_found(tmp_path: Path) -> None:
    suite = _suite_on(_shelf_with(None))()
    suite.module = "hypothesis"  # type: ignore[misc]  # on this one only
    with pytest.raises(AssertionError, match="do it later"):
        _run(suite, "test_importing_the_plugin_is_light", tmp_path)


def test_every_check_finds_a_fault() -> None:
    found = {f"test_{name}" for fault in FAULTS for name in fault.checks}
    found |= {"test_importing_the_plugin_is_light"}
    assert found == set(TargetSuite.checks())


@pytest.mark.parametrize("name", TargetSuite.checks())
def test_shelf_without_a_fault_passes(name: str, tmp_path: Path) -> None:
    _run(_suite_on(_shelf_with(None))(), name, tmp_path)
