"""What every part of the format suite stands on: the author's declaration, and ways to use it."""

from __future__ import annotations

from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings

from prefcore.errors import DamagedDocument, InvalidValue, NewerFormat, PrefcoreError
from prefcore.interfaces import Capability, Format, FormatInfo, Limits
from prefcore.model import Document, PlainDocument, Trailer
from prefcore_testing.comparing import check_same
from prefcore_testing.documents import Contents
from prefcore_testing.formats.pipes import Sink, Source
from prefcore_testing.guard import Suite
from prefcore_testing.imports import IMPORT_BUDGET

__all__ = ["FormatChecks", "Outcome"]

#: What comes of reading some bytes.
Outcome = PrefcoreError | PlainDocument | tuple[Contents, Trailer | None]

_TYPED = (DamagedDocument, InvalidValue, NewerFormat)
_LIMITS = Limits()


class FormatChecks(Suite, kit=True):
    """The author's side of the suite; see ``FormatSuite``."""

    required: ClassVar[tuple[str, ...]] = ("info",)
    #: The format as the plugin declares it.
    info: ClassVar[FormatInfo]
    #: The plugin module; by default the package in which ``info.factory`` is defined.
    module: ClassVar[str] = ""
    #: The most milliseconds that importing the plugin module may add to prefcore's own.
    import_budget: ClassVar[float] = IMPORT_BUDGET
    #: How many random documents are tried.
    examples: ClassVar[int] = 50
    #: The most seconds that refusing a hostile file may take.
    patience: ClassVar[float] = 2.0

    def format(self) -> Format:
        """Make a format."""
        return self.info.factory()

    def can(self, capability: str) -> bool:
        """Say whether the format declares a capability."""
        return capability in self.info.capabilities

    def trials(self) -> settings:
        """Give how hypothesis tries random documents and bytes."""
        return settings(
            max_examples=self.examples, deadline=None, suppress_health_check=list(HealthCheck)
        )

    @property
    def full_state(self) -> bool:
        """Whether documents may carry records."""
        return self.can(Capability.FULL_STATE)

    def written(self, contents: Contents) -> bytes:
        """Give a document's bytes."""
        sink = Sink()
        self.format().write(contents.document(), sink)
        return sink.taken()

    def read(self, data: bytes, limits: Limits = _LIMITS) -> tuple[Contents, Trailer | None]:
        """Read a document whole."""
        document = self.format().read(Source(data), limits)
        assert isinstance(document, Document), "a document was read as a plain file"
        return Contents.drawn_from(document)

    def assert_round_trip(self, contents: Contents) -> None:
        """Check that a document is read as it was written, digest and all."""
        held, trailer = self.read(self.written(contents))
        check_same(held.texts(), contents.texts())
        check_same(held, contents)
        assert trailer == contents.trailer()
        assert held.trailer() == trailer

    def outcome(self, data: bytes, limits: Limits = _LIMITS) -> Outcome:
        """Read bytes of whatever kind: what came of them, or the typed error; else the test fails.

        An error of damage has to be one sentence that names the line or byte.
        """
        try:
            read = self.format().read(Source(data), limits)
            return read if isinstance(read, PlainDocument) else Contents.drawn_from(read)
        except PrefcoreError as error:
            _check_error(error)
            return error
        except Exception as error:  # noqa: BLE001  # the very thing that is checked
            shown = data if len(data) < 200 else data[:200] + b"..."
            pytest.fail(f"{type(error).__name__} instead of a typed error, on {shown!r}: {error}")


def _check_error(error: PrefcoreError) -> None:
    assert isinstance(error, _TYPED), f"not an error of reading: {error!r}"
    assert error.message.strip(), "the error says nothing"
    assert "\n" not in error.message, f"the error is not one sentence: {error.message!r}"
    if isinstance(error, DamagedDocument):
        assert {"line", "byte"} & set(error.facts), f"the error names no place: {error}"
