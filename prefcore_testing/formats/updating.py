"""Checks that a format which updates plain files changes what changed, and nothing else."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import given

from prefcore.interfaces import Capability, Limits, UpdatingFormat
from prefcore.model import PlainDocument
from prefcore.values import canonical_text
from prefcore_testing.comparing import check_same
from prefcore_testing.formats.base import FormatChecks
from prefcore_testing.formats.pipes import Sink, Source
from prefcore_testing.values import portable_values

__all__ = ["UpdateChecks"]

_KEYS = st.sampled_from(["a", "b.c", "editor", "ß", "with space"])
_VALUES = st.dictionaries(_KEYS, portable_values(max_leaves=4), max_size=4)


class UpdateChecks(FormatChecks, kit=True):
    """An updated file reads as what it was updated to; one that held it already stays as it is."""

    def test_updates_plain_files_or_does_not_say_so(self) -> None:
        format = self.format()
        assert isinstance(format, UpdatingFormat) == self.can(Capability.UPDATES)
        if not isinstance(format, UpdatingFormat):
            return

        @self.trials()
        @given(_VALUES, _VALUES)
        def update(before: dict[str, object], after: dict[str, object]) -> None:
            written, updated, back = Sink(), Sink(), Sink()
            format.write_plain(before, written)
            format.update(written.taken(), before, back)
            check_same(back.taken(), written.taken(), "nothing was to change")
            format.update(written.taken(), after, updated)
            document = self.format().read(Source(updated.taken()), Limits())
            assert isinstance(document, PlainDocument)
            check_same(canonical_text(document.values), canonical_text(after))

        update()
