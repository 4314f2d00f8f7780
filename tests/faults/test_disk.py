"""A full disk: whichever write it refuses, the act says so (exit 14) and the state before stands.

The disk is made full by RLIMIT_FSIZE in a child process: no file may grow beyond a size. The
sizes climb in small steps until the act succeeds, so that each of its writes is refused once.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.faults import story
from tests.faults.children import start
from tests.faults.story import State


@pytest.mark.parametrize("act", ["sets", "import", "up"])
def test_an_act_on_a_full_disk_changes_nothing_until_there_is_room(
    act: str, tmp_path: Path
) -> None:
    prepared = tmp_path / "prepared"
    prepared.mkdir()
    story.prepare(prepared, owners=story.OWNERS)
    story.write_import(prepared)
    before = State(prepared)
    refused, size = 0, 1
    while refused < 200:
        folder = shutil.copytree(prepared, tmp_path / str(size))
        report = start(act, folder, file_bytes=size)()
        state = State(folder)
        assert state.is_whole(), state.problems
        if report.what == "done":
            assert state.follows(before, 1)
            break
        assert (report.what, report.exit_code) == ("NoSpace", 14), report.message
        assert state.is_exactly(before)
        assert not list(folder.glob("prefs.db.copies/*"))
        assert start(act, folder)().what == "done"  # there is room again
        assert State(folder).follows(before, 1)
        refused, size = refused + 1, size + 4096 + size // 6
    assert refused >= 3
    print(f"{act}: refused {refused} times, up to {size} bytes")
