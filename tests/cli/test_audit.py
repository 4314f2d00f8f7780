"""audit list, show and export: all that was done, of all applications, and never a value."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from prefcore.builtin.sqlite_store import SqliteStore
from prefcore.model import Draft
from tests.cli.shell import STEP, Shell, acme, write_schema

CANARY = "canary-4711-log"
PHRASE = {"PREFCORE_FILE_PASSPHRASE": "sesame"}


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A store with acts of several people, kinds and applications."""
    made = acme(tmp_path / "work")
    made.run("set", "size=9", "--user", "bo", "--reason", "first")
    made.run("keys", "init")
    made.run("set", "secret.key", "-", "--user", "bo", "--actor", "eve", stdin=CANARY)
    made.run("set", "theme=dark", "old=x", "--project", "p", "--actor", "eve")
    store = SqliteStore.open(f"sqlite:{made.db}")
    with store.changeset(Draft("other", "carol", "set", datetime.now(UTC)), version=None) as one:
        one.write("system", "", [("x.y", "1", 1, "api", "carol")])
    store.close()
    return made


def _kinds(shell: Shell, *words: str) -> list[str]:
    return [one["kind"] for one in shell.run("audit", "list", "--json", *words).json]


def test_list_tells_acts_of_all_applications_newest_first(shell: Shell) -> None:
    assert _kinds(shell) == ["set", "set", "set", "checkpoint", "keys", "set"]
    shown = shell.run("audit", "list").out
    first, *_, last = shown.splitlines()
    assert "carol" in first
    assert "other" in first
    assert "1 value" in last
    assert "“first”" in last
    assert CANARY not in shown
    assert "dark" not in shown
    assert "older ones" in shell.run("audit", "list", "-n", "2").err
    assert _kinds(shell, "-n", "1") == ["set"]
    assert len(_kinds(shell, "-n", "0")) == 6


@pytest.mark.parametrize(
    ("words", "revisions"),
    [
        (("--by", "eve"), [5, 4]),
        (("--by", "eve", "--by", "carol"), [6, 5, 4]),
        (("--kind", "keys"), [2]),
        (("--kind", "keys", "--kind", "checkpoint"), [3, 2]),
        (("--key", "secret.*"), [4]),
        (("--key", "size", "--key", "x.*"), [6, 1]),
        (("--owner", "p"), [5]),
        (("--scope", "user"), [4, 1]),
        (("--scope", "user", "-n", "1"), [4]),
        (("--scope", "system", "--by", "eve"), []),
        (("--since", "2020-01-01"), [6, 5, 4, 3, 2, 1]),
        (("--until", "2020-01-01"), []),
    ],
)
def test_list_takes_filters(shell: Shell, words: tuple[str, ...], revisions: list[int]) -> None:
    found = shell.run("audit", "list", "--json", *words).json
    assert [one["revision"] for one in found] == revisions
    exported = shell.run("audit", "export", *[w for w in words if w not in ("-n", "1")]).out
    told = [json.loads(line)["revision"] for line in exported.splitlines()]
    assert told[::-1][: len(revisions)] == revisions


def test_times_are_days_or_moments(shell: Shell) -> None:
    at = datetime.fromisoformat(shell.run("audit", "list", "--json").json[2]["at"])
    day = at.astimezone().date()
    assert len(_kinds(shell, "--since", str(day), "--until", str(day))) == 6
    assert _kinds(shell, "--since", str(day + timedelta(days=1))) == []
    assert len(_kinds(shell, "--since", at.isoformat())) == 3
    assert len(_kinds(shell, "--until", at.isoformat())) == 3
    assert "a day or a time" in shell.fails(2, "audit", "list", "--since", "yesterday")


def test_show_tells_facts_link_and_keys_and_no_value(shell: Shell) -> None:
    listed = shell.run("audit", "list", "--json").json
    shown = shell.run("audit", "show", listed[1]["id"][:12])
    for word in ("eve", "project/p", "theme", "add", listed[1]["id"]):
        assert word in shown.out
    assert "dark" not in shown.out
    data = shell.run("audit", "show", listed[1]["id"], "--json").json
    assert [(one["act"], one["key"]) for one in data["changed"]] == [
        ("add", "old"),
        ("add", "theme"),
    ]
    assert len(data["chain"]) == 64
    assert "init" in shell.run("audit", "show", listed[4]["id"]).out
    assert "there is no changeset" in shell.fails(10, "audit", "show", "nothing")


def test_export_can_be_followed_elsewhere_and_holds_no_value(shell: Shell) -> None:
    write_schema(shell, "2.0.0")
    shell.write("steps/up.py", STEP)
    shell.run("migrate", "up")
    shell.run("audit", "export", "log.jsonl", "--quiet")
    path = shell.folder / "log.jsonl"
    assert path.stat().st_mode & 0o777 == 0o600
    text = path.read_text("utf-8")
    assert shell.run("audit", "export").out == text
    assert CANARY not in text
    assert "canary" not in text
    lines = [json.loads(line) for line in text.splitlines()]
    link = "0" * 64
    for number, one in enumerate(lines, 1):
        assert one["revision"] == number
        assert len(one["changed"]) == one["changes"] or one["kind"] == "migrate"
        link = sha256(f"{link}\n{number}\n{one['digest']}".encode()).hexdigest()
        assert one["chain"] == link
    told = shell.run("audit", "export", "log.jsonl", "--json").json
    assert told == {"file": "log.jsonl", "lines": len(lines)}
    assert "name a FILE" in shell.fails(2, "audit", "export", "--json")
    assert "folder" in shell.fails(2, "audit", "export", str(shell.folder))


def test_a_large_changeset_takes_several_lines(shell: Shell) -> None:
    store = SqliteStore.open(f"sqlite:{shell.db}")
    with store.changeset(Draft("other", "carol", "import", datetime.now(UTC)), version=None) as one:
        rows = [(f"k{n:04}", "1", 1, "api", "carol") for n in range(2500)]
        one.write("system", "", rows)
    store.close()
    out = shell.run("audit", "export", "--kind", "import").out
    first, *more = [json.loads(line) for line in out.splitlines()]
    assert first["changes"] == 2500
    assert [len(one["changed"]) for one in (first, *more)] == [1000, 1000, 500]
    assert {one["revision"] for one in more} == {first["revision"]}
    shown = shell.run("audit", "show", first["id"])
    assert "2,300 more" in shown.err


def test_acts_on_keys_are_in_the_log_and_signed(shell: Shell) -> None:
    shell.run("keys", "rotate")
    shell.run("keys", "reencrypt")
    old = shell.run("keys", "list", "--json").json["keys"][0]["id"]
    shell.run("keys", "compromise", old)
    shell.run("keys", "rewrap")
    shell.run("keys", "export", "ring.copy", env=PHRASE)
    shell.run("keys", "import", "ring.copy", env=PHRASE)
    told = shell.run("audit", "list", "--kind", "keys", "--json").json
    acts = ["import", "export", "rewrap", "compromise", "reencrypt", "rotate", "init"]
    assert [one["details"]["act"] for one in told] == acts
    assert all(one["changes"] == 0 for one in told)
    assert told[3]["details"]["id"] == old
    found = shell.run("audit", "verify", "--json").json
    assert found["unsigned"] == 0
    shell.run("undo", "--dry-run")  # passes over all of them
    assert "checkpoint" not in shell.run("history").out


def test_where_no_secret_is_concerned_the_store_is_left_alone(tmp_path: Path) -> None:
    made = acme(tmp_path / "fresh")
    before = made.dump()
    made.run("keys", "init")
    made.run("keys", "rotate")
    assert made.dump() == before


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/New_York"])
def test_the_first_and_the_last_day_that_can_be_told_bound_nothing(shell: Shell, zone: str) -> None:
    every = _kinds(shell)
    for words in (
        ("--since", "0001-01-01"),
        ("--until", "9999-12-31"),
        ("--until", "9999-12-31T23:59-05:00"),
    ):
        told = shell.run("audit", "list", "--json", *words, env={"TZ": zone}).json
        assert [one["kind"] for one in told] == every
    assert _kinds(shell, "--since", "9999-12-31") == _kinds(shell, "--until", "0001-01-01") == []


def test_a_kind_that_the_log_does_not_hold_is_told_with_those_it_does(shell: Shell) -> None:
    said = shell.run("audit", "list", "--kind", "nosuch").err
    assert said == "no act in the log is of that kind; there are: checkpoint, keys, set\n"
    said = shell.run("audit", "list", "--kind", "set", "--by", "nobody").err
    assert said == "nothing in the log is as you asked for\n"


def test_verify_needs_no_key_ring_where_a_signer_is_given(shell: Shell) -> None:
    signer = shell.run("audit", "checkpoint", "--json").json["signer"]
    ring = Path(shell.run("keys", "list", "--json").json["path"])
    (root,) = ring.parent.glob("root-*.key")
    root.unlink()
    assert "is not there" in shell.fails(12, "audit", "verify")
    for spoil in (lambda: None, lambda: ring.write_bytes(b"prefcore-keyring 1")):
        spoil()
        ran = shell.run("audit", "verify", "--signer", signer)
        assert "secrets were not opened" in ran.err
        assert "checkpoints agree" in ran.err
    assert "64 hexadecimal digits" in shell.fails(2, "audit", "verify", "--signer", "xyz")
