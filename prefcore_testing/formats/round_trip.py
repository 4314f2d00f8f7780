"""Checks that nothing is lost: what is read is what was written, to the last bit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import attrs
import pytest
from hypothesis import given

from prefcore.errors import PrefcoreError
from prefcore.interfaces import Capability, Limits
from prefcore.model import (
    AppHeader,
    Header,
    PlainDocument,
    PreferenceSet,
    Record,
    Selection,
    to_micros,
)
from prefcore.values import Sealed, canonical_text
from prefcore_testing.comparing import check_same
from prefcore_testing.documents import AT, STATE_RECORDS, Contents, documents, set_of
from prefcore_testing.formats.base import FormatChecks
from prefcore_testing.formats.pipes import Sink, Source
from prefcore_testing.values import KEYS, VALUES

__all__ = ["RoundTripChecks"]

_HEADER = Header("org.example.editor", "1.0.0")


class RoundTripChecks(FormatChecks, kit=True):
    """Values, metadata, header, records and plain files survive."""

    @pytest.mark.parametrize("name", VALUES)
    def test_carries_value(self, name: str) -> None:
        self.assert_round_trip(Contents(_HEADER, (set_of({"key": VALUES[name]}),)))

    def test_carries_all_values_in_one_set(self) -> None:
        self.assert_round_trip(Contents(_HEADER, (set_of(dict(VALUES)),)))

    def test_carries_keys(self) -> None:
        together = set_of(dict.fromkeys(KEYS, 1))
        alone = [set_of({key: 1}, owner=f"owner{i:03}") for i, key in enumerate(KEYS)]
        self.assert_round_trip(Contents(_HEADER, (together, *alone)))

    def test_carries_sealed_value(self) -> None:
        sealed = Sealed("key-1", b"\0cipher\xff", b"tag")
        self.assert_round_trip(Contents(_HEADER, (set_of({"token": sealed}),)))

    def test_carries_metadata_of_entries(self) -> None:
        moments = [datetime.min, datetime(1969, 12, 31, 23, 59, 59, 999_999), datetime.max]  # noqa: DTZ001, DTZ901  # made aware below
        micros = [to_micros(moment.replace(tzinfo=UTC)) for moment in moments]
        sources = ["manual", "template", "import", "migration", "restore", "api"]
        rows = [(f"a{i}", "1", at, "manual", "alice") for i, at in enumerate(micros)]
        rows += [(f"b{source}", "1", 0, source, "") for source in sources]
        rows += [(f"c{i}", "1", 0, "api", key) for i, key in enumerate(KEYS)]
        self.assert_round_trip(Contents(_HEADER, (PreferenceSet("user", "alice", sorted(rows)),)))

    def test_carries_owners_of_every_scope(self) -> None:
        one = {"editor.font_size": 14}
        owners = ["", "Zoë", 'a "b" \\ c', "a\nb", "alice", "é", "\U0001f600"]
        sets = [
            *(set_of(one, scope="project", owner=owner) for owner in sorted(owners)),
            set_of(one, scope="system", owner=""),
            set_of(one, scope="template", owner="default"),
            *(set_of(one, scope="user", owner=owner) for owner in sorted(owners)),
        ]
        self.assert_round_trip(Contents(_HEADER, tuple(sets)))

    def test_carries_header(self) -> None:
        selection = Selection(scopes=("user",), owners=("alice", "Zoë"), keys=("editor.*", "*"))
        header = Header(
            app='app with "quotes"',
            schema="2.1.0-rc.1+build",
            created_at=AT.astimezone(timezone(timedelta(hours=2))),
            generator="prefcore 0.1",
            changeset="6f9619ff-8b86-4011-b42d-00c04fc964ff",
            merged=(("one", Selection()), ("two", selection)),
            selection=selection,
            full_state=self.full_state,
        )
        self.assert_round_trip(Contents(header, (set_of({"a": 1}),)))

    def test_carries_empty_document(self) -> None:
        self.assert_round_trip(Contents(Header("", None)))

    def test_carries_empty_sets(self) -> None:
        sets = [PreferenceSet("system", ""), set_of({"a": 1}), PreferenceSet("user", "bob")]
        self.assert_round_trip(Contents(_HEADER, tuple(sets)))

    def test_carries_any_document(self) -> None:
        @self.trials()
        @given(documents())
        def carry(contents: Contents) -> None:
            self.assert_round_trip(contents)

        # First a small one: where that fails, making a random one small takes long and tells less.
        self.assert_round_trip(Contents(_HEADER, (set_of({"a": 1}),)))
        carry()

    def test_carries_several_applications_or_refuses_them(self) -> None:
        apps = (
            AppHeader("app.one", "1.0.0", "6f9619ff-8b86-4011-b42d-00c04fc964ff"),
            AppHeader("app.two"),
            AppHeader('näme "three"', "2.1.0-rc.1+build"),
        )
        sets = [
            attrs.evolve(set_of({"a": i}, scope=scope, owner=owner), app=one.app)
            for i, one in enumerate(apps)
            for scope, owner in (("project", "p"), ("system", ""), ("user", "alice"))
        ]
        contents = Contents(Header("", None, full_state=True, apps=apps), tuple(sets))
        if self.full_state:
            self.assert_round_trip(contents)
        else:
            with pytest.raises(PrefcoreError):
                self.written(contents)

    def test_carries_records_or_refuses_them(self) -> None:
        header = Header("app", "1.0.0", full_state=True)
        data = {"nested": {"values": list(VALUES.values())[:40]}, "$date": None}
        records = (Record("changeset", data), Record("empty", {}), Record("tag", {"$date": "x"}))
        contents = Contents(header, (set_of({"a": 1}),), records)
        if self.full_state:
            self.assert_round_trip(contents)
        else:
            with pytest.raises(PrefcoreError):
                self.written(contents)

    def test_carries_records_of_a_store_or_refuses_them(self) -> None:
        records = tuple(Record(kind, data) for kind, data in STATE_RECORDS)
        header = Header("", None, full_state=True, apps=(AppHeader("app", "1.0.0"),))
        contents = Contents(header, (attrs.evolve(set_of({"a": 1}), app="app"),), records)
        if self.full_state:
            self.assert_round_trip(contents)
            held, _ = self.read(self.written(contents))
            for one, (_, data) in zip(held.records, STATE_RECORDS, strict=True):
                assert one.text in (None, canonical_text(data)), "the text is not of the data"
        else:
            with pytest.raises(PrefcoreError):
                self.written(contents)

    def test_carries_any_records(self) -> None:
        @self.trials()
        @given(documents(full_state=self.full_state))
        def carry(contents: Contents) -> None:
            self.assert_round_trip(contents)

        # First a small one: where that fails, making a random one small takes long and tells less.
        self.assert_round_trip(Contents(_HEADER, (set_of({"a": 1}),)))
        carry()

    def test_carries_plain_files_or_refuses_them(self) -> None:
        values = {**dict.fromkeys(KEYS, 1), **VALUES}
        sink = Sink()
        if not self.can(Capability.PLAIN):
            with pytest.raises(PrefcoreError):
                self.format().write_plain(values, sink)
            return
        self.format().write_plain(values, sink)
        read = self.format().read(Source(sink.taken()), Limits())
        assert isinstance(read, PlainDocument), "a plain file was read as a document"
        check_same(sorted(read.values), sorted(values))
        for key, value in values.items():
            check_same(canonical_text(read.values[key]), canonical_text(value), key)

    def test_writes_the_same_bytes_again(self) -> None:
        contents = Contents(_HEADER, (set_of(dict(VALUES)),))
        check_same(self.written(contents), self.written(contents))

    def test_one_format_serves_many_documents_at_once(self) -> None:
        format = self.format()
        all_contents = [
            Contents(_HEADER, tuple(set_of({"a": i}, owner=owner) for owner in "ab"))
            for i in range(3)
        ]
        read = [format.read(Source(self.written(one)), Limits()) for one in all_contents]
        drawn = [Contents.drawn_from(one)[0] for one in reversed(read)]  # type: ignore[arg-type]  # documents
        check_same(drawn, all_contents[::-1])
