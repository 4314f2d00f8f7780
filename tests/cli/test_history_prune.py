"""history prune: what goes is shown and confirmed, and every verb tells afterwards what is gone."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from prefcore.builtin.sqlite_store import layout
from tests.cli.shell import STEP, Shell, acme, at_a_terminal, completed, write_schema
from tests.cli.test_access import policy

CANARY = "canary-4711-gone"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A store whose log is: 1 name CANARY, 2 name bo, 3 size 9, 4 size 10."""
    made = acme(tmp_path / "work")
    for word in (f"name={CANARY[-9:]}", "name=bo", "size=9", "size=10"):
        made.run("set", word, "--user", "bo")
    return made


def _prune(shell: Shell, *words: str) -> None:
    shell.run("history", "prune", "--yes", *words)


def _ids(shell: Shell) -> list[str]:
    """Give the ids of the changesets, oldest first."""
    return [one["id"] for one in shell.run("history", "--json", "-n", "0").json][::-1]


# ------------------------------------------------------------------------- before it is done


def test_it_is_asked_what_goes(shell: Shell) -> None:
    told = shell.fails(2, "history", "prune", "--yes")
    assert "--older-than 90d, --before 2026-01-31 or --keep-last 100" in told


@pytest.mark.parametrize(
    "words",
    [
        ("--older-than", "90"),
        ("--older-than", "soon"),
        ("--older-than", "5m"),
        ("--older-than", "-1d"),
        ("--older-than", "999999999y"),
        ("--before", "yesterday"),
    ],
    ids=" ".join,
)
def test_time_that_is_none_is_refused(shell: Shell, words: tuple[str, str]) -> None:
    before = shell.dump()
    told = shell.fails(2, "history", "prune", "--yes", *words)
    assert told.startswith(f"{words[0]} takes a ")
    assert shell.dump() == before


def test_number_that_is_none_is_refused(shell: Shell) -> None:
    for number in ("-1", "x", "1.5"):
        shell.run("history", "prune", "--yes", "--keep-last", number, code=2)


def test_dry_run_tells_what_goes_and_changes_nothing(shell: Shell) -> None:
    before = shell.dump()
    ran = shell.run("history", "prune", "--keep-last", "2", "--dry-run")
    assert ran.out.startswith("would prune the history but for the newest 2 changesets\n")
    assert "2 changes forgotten" in ran.out
    assert "note: backups and safety copies made before still hold all of it" in ran.out
    assert f"2 changesets, up to {_ids(shell)[1][:8]} of 2" in ran.err
    data = shell.run("history", "prune", "--keep-last", "2", "--dry-run", "--json").json
    assert (data["applied"], data["counts"]) == (False, {"prune": 2})
    details = data["details"]
    assert (details["through"], details["changesets"], details["changes"]) == (2, 2, 2)
    assert (details["migrations"], details["parked"]) == ([], 0)
    assert data["digest"].startswith("sha256:")
    assert shell.dump() == before


def test_without_a_terminal_it_takes_yes(shell: Shell) -> None:
    before = shell.dump()
    told = shell.fails(2, "history", "prune", "--keep-last", "2")
    assert "cannot be taken back; look at it with --dry-run, and confirm with --yes" in told
    assert shell.dump() == before


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 17)])
def test_at_a_terminal_the_plan_is_shown_and_confirmed(
    shell: Shell, answer: str, code: int
) -> None:
    found, shown = at_a_terminal(
        shell, answer, "history", "prune", "--keep-last", "2", prompt=b"[y/N]: "
    )
    assert found == code, shown
    assert "would prune the history but for the newest 2 changesets" in shown
    assert "can no longer be undone" in shown
    assert len(_ids(shell)) == (5 if code == 0 else 4)


def test_pruning_is_for_admins_and_a_denial_is_recorded(shell: Shell) -> None:
    policy(shell)
    for more in ("--yes", "--dry-run"):
        told = shell.fails(4, "history", "prune", "--keep-last=0", more)
        assert "may not remove from the history" in told
        assert "the role admin" in told
    assert [one["kind"] for one in shell.run("audit", "list", "--json", "-n1").json] == ["denied"]


# -------------------------------------------------------------------------- after it is done


def test_what_was_forgotten_is_in_no_file_and_in_no_output(shell: Shell) -> None:
    value = CANARY[-9:]
    assert value in shell.run("history").out
    _prune(shell, "--older-than", "0h")
    for path in shell.folder.rglob("*"):
        assert path.is_dir() or value.encode() not in path.read_bytes(), path
    for words in (("history",), ("history", "name", "--user=bo"), ("audit", "export")):
        assert value not in shell.run(*words).out


def test_each_verb_says_what_is_gone(shell: Shell) -> None:
    first, second, third, fourth = _ids(shell)
    _prune(shell, "--keep-last", "1", "--reason", "space")
    log = shell.run("history").out.splitlines()
    assert "prune" in log[0]
    assert "forgot what 3 changesets up to revision 3 changed  “space”" in log[0]
    assert log[1].endswith("user/bo size: 9 → 10")
    assert all(line.endswith("1 value (pruned)") for line in log[2:4])
    assert [one["pruned"] for one in shell.run("history", "--json").json] == [
        *(False, False),
        *(True, True, True),
    ]
    told = shell.run("history", "--changeset", first)
    assert "what it changed was pruned from the history" in told.err
    data = shell.run("history", "--changeset", first, "--json").json
    assert (data["pruned"], data["changed"]) == (True, [])
    size = shell.run("history", "size", "--user=bo")
    assert size.out.endswith("set  9 → 10\n")
    assert "was pruned from the history" in size.err
    name = shell.run("history", "name", "--user=bo")
    assert name.out == ""
    assert "was pruned from the history" in name.err
    assert "never set" not in name.err
    assert "(pruned)" in shell.run("audit", "list").out
    assert "forgot 3 changes, up to revision 3" in shell.run("audit", "list").out
    assert "1, pruned from the history" in shell.run("audit", "show", second).out
    lines = [json.loads(line) for line in shell.run("audit", "export").out.splitlines()]
    assert [one["pruned"] for one in lines] == [True, True, True, False, False]
    assert "are left out" in shell.run("audit", "list", "--key", "name").err
    assert "cannot be undone" in shell.fails(10, "undo", third)
    assert "not known any more" in shell.fails(10, "diff", f"@{first}", "user:bo")
    assert "9 → 10" in shell.run("diff", f"@{third}", "user:bo", code=1).out
    assert "what was pruned is gone" in shell.fails(17, "undo", _ids(shell)[-1])
    shell.run("undo", fourth)
    assert shell.run("get", "size", "--user=bo").out == "9\n"
    shell.run("doctor")


def test_migration_that_was_pruned_is_not_taken_back(shell: Shell) -> None:
    shell.run("set", "theme=grey", "--user", "bo")
    write_schema(shell, "2.0.0")
    shell.write("steps/2.0.0.py", STEP)
    shell.run("migrate", "up")
    shell.run("set", "size=11", "--user", "bo")
    ran = shell.run("history", "prune", "--keep-last", "1", "--dry-run")
    assert "the migration 1.0.0 → 2.0.0 can no longer be taken back" in ran.err
    _prune(shell, "--keep-last", "1")
    told = shell.fails(10, "migrate", "down", "--to", "1.0.0")
    assert told.startswith("2.0.0 cannot be migrated back to 1.0.0: ")
    assert "a backup from before that may hold it, see prefcore backup list" in told
    assert "migration: none" in shell.run("migrate", "status").out


def test_nothing_to_prune_still_sees_to_it_that_nothing_is_left(shell: Shell) -> None:
    _prune(shell, "--keep-last", "0")
    log = _ids(shell)
    for words in (("--keep-last", "0"), ("--older-than", "90d"), ("--before", "2020-01-31")):
        ran = shell.run("history", "prune", *words)
        assert "nothing to prune; made sure" in ran.err
    assert _ids(shell) == log


def test_a_key_that_is_called_as_the_command_is_told_after_two_dashes(shell: Shell) -> None:
    assert "prune" in shell.fails(10, "history", "--", "prune")
    shell.run("history", "--json", "prune", "--keep-last", "9", "--dry-run")
    shell.run("--json", "history", "--store", str(shell.db), "prune", "--keep-last=9", "--dry-run")


def test_only_a_pruned_store_has_the_layout_that_an_older_prefcore_refuses(shell: Shell) -> None:
    assert _layout(shell) == layout.LAYOUT == 1
    _prune(shell, "--keep-last", "9")
    assert _layout(shell) == layout.LAYOUT
    _prune(shell, "--keep-last", "0")
    assert _layout(shell) == layout.PRUNED == 2
    shell.run("set", "size=11", "--user", "bo")
    database = sqlite3.connect(shell.db)
    database.execute("PRAGMA user_version = 3")
    database.close()
    assert "was written by a newer prefcore" in shell.fails(16, "history")


def _layout(shell: Shell) -> int:
    database = sqlite3.connect(shell.db)
    (found,) = database.execute("PRAGMA user_version").fetchone()
    database.close()
    return int(found)


def test_command_and_its_options_are_helped_with_and_completed(shell: Shell) -> None:
    assert {"prune", "proxy"} <= completed(shell, "history p")
    assert "size" in completed(shell, "history s")
    assert {"--keep-last", "--older-than"} <= completed(shell, "history prune --")
    assert (
        "prune  Forget what stood before old changes, for good."
        in shell.run("history", "--help").out
    )
    assert "--older-than TIME" in shell.run("history", "prune", "--help").out


def test_ring_that_does_not_open_cannot_sign_so_nothing_is_pruned(shell: Shell) -> None:
    shell.run("keys", "init", "--passphrase", env={"PREFCORE_NEW_PASSPHRASE": "barley"})
    words = ("history", "prune", "--keep-last", "1", "--yes")
    before = shell.dump()
    told = shell.fails(12, *words)
    assert "your key ring has to sign what pruning leaves, and nothing was changed" in told
    assert "PREFCORE_PASSPHRASE" in told
    assert shell.dump() == before
    shell.run(*words, env={"PREFCORE_PASSPHRASE": "barley"})
    kinds = [one["kind"] for one in shell.run("audit", "list", "--json", "-n2").json]
    assert kinds == ["checkpoint", "prune"]
    assert shell.run("audit", "verify", "--json").json["ok"] is True
