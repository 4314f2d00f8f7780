"""Every check of the format suite fails on some binary format that breaks what it is about.

The broken formats are this package with one place of its source replaced.
"""

from __future__ import annotations

import prefcore_binary
import pytest
from _pytest.outcomes import Failed

from prefcore.interfaces import FormatInfo
from prefcore_testing.formats import FormatSuite
from prefcore_testing.mutants import Fault, mutant, quick, run_check, unproven

#: Each imports from those before it.
_MODULES = ("_layout", "_texts", "_frames", "_reading", "_writing", "_format", "__init__")

FAULTS = [
    Fault("an id of capitals", "__init__", 'id="binary"', 'id="B"', "declaration_is_complete"),
    Fault(
        "a suffix of no dot",
        "__init__",
        '(".msgpack",)',
        '("msgpack",)',
        "suffixes_can_be_told_apart",
    ),
    Fault("a factory of nothing", "__init__", "return BinaryFormat()", "", "factory_gives_formats"),
    Fault(
        "detection of another magic",
        "__init__",
        'b"\\xa8prefcore"',
        'b"\\xa7prefcor"',
        "detects_its_own_documents",
    ),
    Fault(
        "a plain form declared that is none",
        "__init__",
        "{Capability.STREAMS,",
        "{Capability.PLAIN, Capability.STREAMS,",
        "detects_its_own_plain_files keeps_limit_in_plain_files",
    ),
    Fault(
        "updates that it promises and has not",
        "__init__",
        "{Capability.STREAMS,",
        "{Capability.UPDATES, Capability.STREAMS,",
        "updates_plain_files_or_does_not_say_so",
    ),
    Fault(
        "plain files written as nothing",
        "_format",
        "raise UsageError(",
        "UsageError(",
        "carries_plain_files_or_refuses_them",
    ),
    Fault(
        "detection of the last byte",
        "__init__",
        "if head.starts",
        "if head[-1] >= 0 and head.starts",
        "detection_never_raises",
    ),
    Fault(
        "nothing for any value",
        "_reading",
        "list(zip(keys, values,",
        "list(zip(keys, ['null'] * len(values),",
        "what_is_expected_never_stands_for_what_is_there",
    ),
    Fault(
        "values as numbers where they look like some",
        "_reading",
        "list(zip(keys, values,",
        "list(zip(keys, [v.replace('1.0', '1') for v in values],",
        "carries_value carries_all_values_in_one_set",
    ),
    Fault(
        "keys in lower case",
        "_writing",
        "list(keys), list(values)",
        "[k.lower() for k in keys], list(values)",
        "carries_keys",
    ),
    Fault(
        "sealed values as data",
        "_writing",
        "list(keys), list(values)",
        "list(keys), [v.replace('$sealed', '$$sealed') for v in values]",
        "carries_sealed_value",
    ),
    Fault(
        "one actor for all",
        "_writing",
        "_shared(actors)",
        "actors[0]",
        "carries_metadata_of_entries",
    ),
    Fault(
        "owners without line ends",
        "_writing",
        "str(one.scope), one.owner",
        "str(one.scope), ''.join(one.owner.split())",
        "carries_owners_of_every_scope",
    ),
    Fault(
        "a selection of no owners",
        "_layout",
        "list(selection.owners)",
        "[]",
        "carries_header",
    ),
    Fault(
        "no schema as an empty one",
        "_layout",
        "schema=frame.schema",
        "schema=frame.schema or ''",
        "carries_empty_document carries_any_document",
    ),
    Fault(
        "empty sets left out",
        "_writing",
        "for one in document.sets:",
        "for one in filter(lambda one: one.rows, document.sets):",
        "carries_empty_sets",
    ),
    Fault(
        "records of one kind",
        "_reading",
        "return Record(frame.kind,",
        "return Record('kind',",
        "carries_records_or_refuses_them carries_records_of_a_store_or_refuses_them "
        "carries_any_records",
    ),
    Fault(
        "applications forgotten",
        "_reading",
        "rows, one.app)",
        "rows)",
        "carries_several_applications_or_refuses_them",
    ),
    Fault(
        "a time of writing in the file",
        "_layout",
        "generator=header.generator",
        "generator=str(__import__('time').perf_counter())",
        "writes_the_same_bytes_again",
    ),
    Fault(
        "one reading at a time",
        "_format",
        "return open_document(source, limits)",
        "self.source = getattr(self, 'source', source)\n"
        "        return open_document(self.source, limits)",
        "one_format_serves_many_documents_at_once",
    ),
    Fault(
        "the trailer asked for first",
        "_writing",
        "    yield header_frame(document.header)",
        "    document.trailer()\n    yield header_frame(document.header)",
        "draws_sets_then_records_then_the_trailer",
    ),
    Fault(
        "written at the end",
        "_writing",
        "if size >= _BATCH:",
        "if False:",
        "writes_as_sets_are_drawn_or_holds_them",
    ),
    Fault(
        "read at the start",
        "_frames",
        "self._source = source",
        "self._source = __import__('io').BytesIO(source.read(1 << 30))",
        "reads_as_sets_are_drawn_or_refuses_what_is_large",
    ),
    Fault(
        "no limit on keys",
        "_reading",
        "if longest > limit:",
        "if False:",
        "keeps_limit_in_documents",
    ),
    Fault(
        "errors of too little pass",
        "_frames",
        "if len(head) <= len(MAGIC):",
        "if False:",
        "refuses_any_bytes refuses_foreign_bytes notices_where_it_is_cut",
    ),
    Fault(
        "errors of lost frames are of another kind",
        "_frames",
        'raise self.error(DamagedDocument, "no frame',
        'raise LookupError("no frame',
        "notices_flipped_bits",
    ),
    Fault(
        "errors of missing parts are of another kind",
        "_frames",
        '"the frame that begins here does not match',
        '1 / 0, "',
        "notices_missing_repeated_and_swapped_parts",
    ),
    Fault(
        "sets in any order",
        "_reading",
        "self._order.check(one, ())",
        "pass",
        "refuses_sets_out_of_order",
    ),
    Fault(
        "keys in any order",
        "_reading",
        "if not all(map(lt, keys, islice(keys, 1, None))) or (",
        "if False and (",
        "refuses_key_that_stands_twice",
    ),
    Fault(
        "the end taken for granted",
        "_reading",
        "self._frames.expect_end()",
        "pass",
        "refuses_what_follows_the_end",
    ),
]


def _suite_on(declared: FormatInfo, plugin: str = "prefcore_binary") -> type[FormatSuite]:
    class TestBroken(FormatSuite):
        info = declared
        module = plugin

    return quick(TestBroken)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_fault_is_found(fault: Fault) -> None:
    with mutant(prefcore_binary, _MODULES, fault) as package:
        suite = _suite_on(package.prefcore_formats()[0])
        for name in fault.checks:
            with pytest.raises((Exception, Failed)):
                run_check(suite(), f"test_{name}")


def test_heavy_import_is_found() -> None:
    suite = _suite_on(prefcore_binary.prefcore_formats()[0], "hypothesis")
    with pytest.raises(AssertionError, match="do it later"):
        suite().test_importing_the_plugin_is_light()


def test_every_check_finds_a_fault() -> None:
    assert unproven(FormatSuite, FAULTS, "test_importing_the_plugin_is_light") == set()


def test_copy_without_a_fault_passes() -> None:
    with mutant(prefcore_binary, _MODULES, None) as package:
        suite = _suite_on(package.prefcore_formats()[0])
        suite.examples = 5  # whether it is the copying that breaks it, a few documents tell
        for name in suite.checks():
            run_check(suite(), name)
