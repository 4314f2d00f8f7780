"""The files of a new format."""

from __future__ import annotations

__all__ = ["FILES"]

FILES = {
    "<PACKAGE>/__init__.py": '''
"""The plugin <DISTRIBUTION>: declares the format <NAME>; what it does is in _format.py."""

from prefcore.hookspecs import hookimpl
from prefcore.interfaces import Format, FormatInfo, Likeness

#: The versions of the hooks that this plugin is written for.
prefcore_hook_api = ">=1,<2"


@hookimpl
def prefcore_formats() -> list[FormatInfo]:
    return [
        FormatInfo(
            id="<NAME>",
            summary="<NAME> files",
            suffixes=(".<NAME>",),
            media_type="text/plain",
            # What it can do beyond documents of one application that are held at once:
            # Capability.STREAMS, Capability.FULL_STATE, Capability.PLAIN. The suite believes it.
            capabilities=frozenset(),
            detect=_detect,
            factory=_factory,
        )
    ]


def _detect(head: bytes) -> Likeness:
    """Say how sure it is that a file with this beginning (4 KiB) is of this format."""
    return Likeness.NO


def _factory() -> Format:
    # Imported late: a plugin is imported to be listed too, and that has to be quick.
    from <PACKAGE>._format import <CLASS>Format

    return <CLASS>Format()
''',
    "<PACKAGE>/_format.py": '''
"""The format <NAME>: what prefcore calls to write and to read."""

from collections.abc import Mapping
from typing import BinaryIO

from prefcore.interfaces import Limits
from prefcore.model import Document, PlainDocument


class <CLASS>Format:
    """Documents as <NAME> (``prefcore.interfaces.Format``)."""

    def write(self, document: Document, out: BinaryIO) -> None:
        # Write document.header, draw document.sets and then document.records, then write
        # document.trailer(). prefcore.layout gives them as plain data.
        raise NotImplementedError("write a document")

    def write_plain(self, values: Mapping[str, object], out: BinaryIO) -> None:
        # Without Capability.PLAIN, raise prefcore.errors.UsageError here.
        raise NotImplementedError("write names and values as people do, or refuse to")

    def read(self, source: BinaryIO, limits: Limits) -> Document | PlainDocument:
        # The file is a stranger's: refuse what is beyond `limits`, and whatever is wrong, with
        # DamagedDocument, TruncatedDocument, InvalidValue or NewerFormat, naming the line or byte.
        raise NotImplementedError("read a document")
''',
    "tests/test_<MODULE>_format.py": '''
"""The format <NAME> passes the suite that all formats pass."""

from <PACKAGE> import prefcore_formats
from prefcore_testing.formats import FormatSuite


class Test<CLASS>(FormatSuite):
    (info,) = prefcore_formats()
''',
}
