"""Every check of the format suite fails on some JSON format that breaks what the check is about.

The broken formats are this package with one place of its source replaced.
"""

from __future__ import annotations

from collections.abc import Iterator

import prefcore_json
import pytest
from _pytest.outcomes import Failed

from prefcore.interfaces import FormatInfo
from prefcore_testing.formats import FormatSuite
from prefcore_testing.mutants import Fault, mutant, quick, run_check, unproven

#: Each imports from those before it. What core says of the layout is broken here, too: what finds
#: that, finds a format with a layout of its own that is as wrong.
_MODULES = (
    "_layout",
    "_strict",
    "_walk",
    "_piece",
    "_texts",
    "_lines",
    "_comments",
    "_detection",
    "_window",
    "_whole",
    "_reading",
    "_writing",
    "_places",
    "_updating",
    "_format",
    "_declared",
    "__init__",
)


FAULTS = [
    Fault(
        "id nobody can type",
        "_declared",
        'id="json",',
        'id="JSON format",',
        "declaration_is_complete",
    ),
    Fault(
        "suffix without its dot",
        "_declared",
        '(".json",)',
        '("json",)',
        "suffixes_can_be_told_apart",
    ),
    Fault(
        "factory of something else",
        "_declared",
        "return JsonFormat()",
        "return object()",
        "factory_gives_formats",
    ),
    Fault(
        "detection of something else",
        "_detection",
        'if not text.startswith("{")',
        'if not text.startswith("[")',
        "detects_its_own_documents detects_its_own_plain_files",
    ),
    Fault(
        "detection that needs a byte",
        "_detection",
        "return head.remove",
        "return head[head[0] * 0 :].remove",
        "detection_never_raises",
    ),
    Fault(
        "minus zero loses its sign",
        "_writing",
        '",\\n".join(entry_lines(one.rows))',
        '",\\n".join(entry_lines(one.rows)).replace("-0.0", "0.0")',
        "carries_value carries_all_values_in_one_set",
    ),
    Fault(
        "keys in lower case",
        "_layout",
        "return key, text, micros",
        "return key.lower(), text, micros",
        "carries_keys",
    ),
    Fault(
        "application of sets lost",
        "_lines",
        "found.app,\n            lines",
        "'app',\n            lines",
        "carries_several_applications_or_refuses_them",
    ),
    Fault(
        "what is expected stands for what is there",
        "_lines",
        'if body != ",\\n".join(lines) + "\\n}}":',
        "if not body:",
        "what_is_expected_never_stands_for_what_is_there",
    ),
    Fault(
        "sealed values taken for data",
        "_writing",
        '",\\n".join(entry_lines(one.rows))',
        '",\\n".join(entry_lines(one.rows)).replace("$sealed", "$$sealed")',
        "carries_sealed_value",
    ),
    Fault(
        "actor lost",
        "_layout",
        'fields["source"], fields["actor"]',
        'fields["source"], "actor"',
        "carries_metadata_of_entries",
    ),
    Fault(
        "owners in lower case",
        "_layout",
        'PreferenceSet(scope, fields["owner"],',
        'PreferenceSet(scope, fields["owner"].lower() + "x",',
        "carries_owners_of_every_scope",
    ),
    Fault(
        "generator lost",
        "_layout",
        'fields.get("generator", "")',
        '""',
        "carries_header",
    ),
    Fault(
        "no schema taken for one",
        "_layout",
        'schema=fields["schema"]',
        'schema=fields["schema"] or "0"',
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
        "records without their data",
        "_reading",
        "Record(match[1], data, text)",
        "Record(match[1], {})",
        "carries_records_or_refuses_them carries_records_of_a_store_or_refuses_them "
        "carries_any_records",
    ),
    Fault(
        "first key of a plain file left out",
        "_writing",
        "sorted(values)",
        "sorted(values)[1:]",
        "carries_plain_files_or_refuses_them",
    ),
    Fault(
        "what is new is forgotten",
        "_updating",
        "if key not in held",
        "if False",
        "updates_plain_files_or_does_not_say_so",
    ),
    Fault(
        "noise in the file",
        "_writing",
        "}}\\n'\n",
        "}}\\n' + ' ' * __import__('random').randrange(1 << 20)\n",
        "writes_the_same_bytes_again",
    ),
    Fault(
        "source shared by all reads",
        "_format",
        "return open_document(Window(source, limits), limits)",
        "self.source = getattr(self, 'source', source)\n"
        "        return open_document(Window(self.source, limits), limits)",
        "one_format_serves_many_documents_at_once",
    ),
    Fault(
        "trailer asked for too early",
        "_writing",
        '    before = "\\n"\n    for one in',
        '    before = "\\n"\n    document.trailer()\n    for one in',
        "draws_sets_then_records_then_the_trailer",
    ),
    Fault(
        "written at the end",
        "_writing",
        "_BATCH = 1 << 20",
        "_BATCH = 1 << 40",
        "writes_as_sets_are_drawn_or_holds_them",
    ),
    Fault(
        "read at the start",
        "_window",
        "_BLOCK = 1 << 18",
        "_BLOCK = 1 << 40",
        "reads_as_sets_are_drawn_or_refuses_what_is_large",
    ),
    Fault(
        "any length of keys",
        "_layout",
        "if len(key) > limits.max_key_length:",
        "if False:",
        "keeps_limit_in_documents",
    ),
    Fault(
        "any length of plain keys",
        "_whole",
        "check_key(key, (key,), limits)",
        "pass",
        "keeps_limit_in_plain_files",
    ),
    Fault(
        "any depth",
        "_strict",
        "if max(levels) > depth:",
        "if False:",
        "refuses_foreign_bytes",
    ),
    Fault(
        "lines with the commas between them",
        "_lines",
        'lines="\\n".join(lines)',
        'lines=",\\n".join(lines)',
        "carries_all_values_in_one_set",
    ),
    Fault(
        "errors of the decoder pass",
        "_window",
        "except UnicodeDecodeError",
        "except KeyError",
        "refuses_any_bytes",
    ),
    Fault(
        "errors of a cut file are of another kind",
        "_walk",
        "return Offence(at, path, TruncatedDocument, message)",
        "return Offence(at, path, LookupError, message)",
        "notices_where_it_is_cut",
    ),
    Fault(
        "errors of times pass",
        "_lines",
        "except (ValueError, OverflowError, PrefcoreError):",
        "except PrefcoreError:",
        "notices_flipped_bits",
    ),
    Fault(
        "errors of wrong numbers are of another kind",
        "_layout",
        "if (said := getattr(trailer, name)) != count:",
        "if (said := getattr(trailer, name)) != count and 1 / 0:",
        "notices_missing_repeated_and_swapped_parts",
    ),
    Fault(
        "any order",
        "_reading",
        "_located(piece, lambda: self._order.check(one, path))",
        "pass",
        "refuses_sets_out_of_order",
    ),
    Fault(
        "a key that stands twice given twice",
        "_lines",
        "if text != head +",
        "if len(keys) == 1 and text.count(': {') == 3:\n"
        "            columns = keys, values, times, sources, actors\n"
        "            keys, values, times, sources, actors = (one * 2 for one in columns)\n"
        "        elif text != head +",
        "refuses_key_that_stands_twice",
    ),
    Fault(
        "end taken for granted",
        "_reading",
        'Piece("{\\n" + self._window.rest()',
        'Piece("{\\n" + self._window.rest().split("\\n")[0]',
        "refuses_what_follows_the_end",
    ),
]


@pytest.fixture
def broken(fault: Fault | None) -> Iterator[type[FormatSuite]]:
    """The suite on a JSON format with the fault."""
    with mutant(prefcore_json, _MODULES, fault, core={"_layout": "prefcore.layout"}) as package:
        yield _suite_on(package.prefcore_formats()[0])


def _suite_on(declared: FormatInfo, plugin: str = "prefcore_json") -> type[FormatSuite]:
    class TestBroken(FormatSuite):
        info = declared
        module = plugin

    return quick(TestBroken)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_fault_is_found(fault: Fault, broken: type[FormatSuite]) -> None:
    for name in fault.checks:
        with pytest.raises((Exception, Failed)):
            run_check(broken(), f"test_{name}")


def test_heavy_import_is_found() -> None:
    suite = _suite_on(prefcore_json.prefcore_formats()[0], "hypothesis")
    with pytest.raises(AssertionError, match="do it later"):
        suite().test_importing_the_plugin_is_light()


def test_every_check_finds_a_fault() -> None:
    assert unproven(FormatSuite, FAULTS, "test_importing_the_plugin_is_light") == set()


@pytest.mark.parametrize("fault", [None], ids=["none"])
def test_copy_without_a_fault_passes(fault: Fault | None, broken: type[FormatSuite]) -> None:
    broken.examples = 5  # whether it is the copying that breaks it, a few documents tell
    for name in broken.checks():
        run_check(broken(), name)
