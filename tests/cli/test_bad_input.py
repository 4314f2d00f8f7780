"""Bad input: one sentence, the right exit code, and the store exactly as it was."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
from pathlib import Path

import pytest

from prefcore_testing.distributions import write_distribution
from tests.cli.shell import PREFCORE, STEP, Shell, acme, sentence, write_schema

_DOCUMENT = "export.json"


@pytest.fixture
def held(shell: Shell) -> Shell:
    shell.run("set", "size=13", "name=Bo", "--user", "bo")
    shell.run("export", _DOCUMENT)
    return shell


_WORDS = {
    "unknown key": (10, "set nix 1", "has no preference 'nix'"),
    "nearest key": (10, "get sise", "did you mean 'size'?"),
    "unknown key to unset": (10, "unset nix", "has no preference 'nix'"),
    "wrong type": (5, "set size big", "not an integer"),
    "wrong type in a list": (5, "set tags [1]", "tags[0]: 1 is an integer, not a string"),
    "below the bound": (5, "set size 5 --user bo", "user/bo size: 5 is below the minimum 6"),
    "above the bound": (5, "set size 73 --user bo", "user/bo size: 73 is above the maximum 72"),
    "too long": (5, "set name aaaaaaaaaa", "9"),
    "not one of": (5, "set theme pink", '"light", "dark" or "grey"'),
    "too large an integer": (5, f"set size {'9' * 400}", "size"),
    "scope not allowed": (17, "set only.user true --system", "may stand only in user"),
    "sensitive": (17, "set secret.key x", "prefcore keys init"),
    "unknown format to export": (18, "export --format nix", "no format 'nix'"),
    "unknown format to import": (18, f"import {_DOCUMENT} --format nix", "no format 'nix'"),
    "unknown strategy": (2, f"import {_DOCUMENT} --merge nix", "no merge strategy 'nix'; known"),
    "unknown scope": (2, "export --scope nix", "no scope 'nix'; known are system, user"),
    "unknown version": (10, "migrate up --to 9.0.0", "no schema version 9.0.0"),
    "no version": (5, "migrate up --to nine", "is not SemVer 2.0"),
    "unknown version to show": (10, "schema show 9.0.0", "no schema version 9.0.0"),
    "unknown plugin": (18, "plugins show nix", "no plugin 'nix'; found are"),
    "unknown store": (18, "get size --store nix:x", "no store 'nix'"),
    "unknown command": (2, "gte size", "did you mean 'get'?"),
    "unknown option": (2, "get size --projet p", "did you mean --project?"),
    "unknown changeset": (10, "undo 12345678", "no changeset '12345678'"),
    "unknown copy": (10, "migrate recover nix", "no safety copy begins with 'nix'"),
    "two sets": (2, "set size 1 --user a --project b", "name one set"),
    "empty owner": (2, "set size=13 --user=", "--user takes a printable name"),
    "key twice": (2, "set size=13 size=14", "size is given twice"),
    "no pair": (2, "set size=13 14", "'14' is no KEY=VALUE"),
    "two strategies for all": (2, f"import {_DOCUMENT} --merge ours --merge theirs", "give one"),
    "a set for a document": (2, f"import {_DOCUMENT} --user al", "says itself whose sets"),
    "missing file": (10, "import nix.json", "there is no file nix.json"),
    "folder to import": (2, "import schemas", "schemas is a folder"),
    "folder to export to": (2, "export schemas", "schemas is a folder"),
    "no such folder": (10, "export nix/x.json", "nix/x.json"),
    "unknown compression": (2, "export x.json.xz", "as .zst or .gz, not .xz"),
    "missing config": (10, "get size --config nix.toml", "nix.toml is not there"),
    "store of another program": (13, f"get size --store {_DOCUMENT}", "not a prefcore store"),
    "no store": (10, "get size --store nix.db", "`prefcore init` makes one"),
    "other application": (13, "get size --app other", "not of 'other'"),
    "short digest": (2, "migrate up --plan abc", "at least 8 characters"),
    "json of a script": (2, "completion bash --json", "leave out --json"),
    "json of an export to stdout": (2, "export --json", "name a FILE"),
}


@pytest.mark.parametrize(("code", "words", "part"), _WORDS.values(), ids=_WORDS)
def test_a_command_line_that_asks_for_what_cannot_be(
    held: Shell, code: int, words: str, part: str
) -> None:
    before = held.dump()
    assert part in held.fails(code, *words.split())
    assert held.dump() == before


def test_bytes_that_are_no_text_are_refused(held: Shell) -> None:
    done = subprocess.run(
        [PREFCORE, "get", b"\xff"], capture_output=True, cwd=held.folder, env=held.environ,
        check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith(b"prefcore: error: argument 2 is not valid UTF-8")


def test_standard_input_that_is_no_text_is_refused(held: Shell) -> None:
    assert "no UTF-8 at byte 1" in held.fails(5, "set", "name", "-", stdin=b"a\xff")


_FILES: dict[str, tuple[int, bytes, str]] = {
    "unknown key": (10, b'{"nix": 1}', "--unknown keep"),
    "wrong type": (5, b'{"size": "big"}', "not an integer"),
    "out of bounds": (5, b'{"size": 73}', "user/me size: 73 is above the maximum 72"),
    "scope": (17, b'{"only.user": true}', "may stand only in user"),
    "sensitive": (17, b'{"secret.key": "x"}', "prefcore keys init"),
    "telling name": (10, b'{"api_token": "x"}', "has no preference"),
    "empty": (13, b"", "bad.json"),
    "random": (13, b"\x00\x01\x02\xff", "bad.json"),
    "truncated": (13, b'{"size": ', "cut off"),
    "duplicate key": (13, b'{"size": 13, "size": 14}', "stands twice"),
    "NaN": (13, b'{"ratio": NaN}', "NaN"),
    "Infinity": (13, b'{"ratio": -Infinity}', "Infinity"),
    "a float beyond": (5, b'{"ratio": 1e999}', "bad.json"),
    "400 digits": (5, b'{"size": ' + b"9" * 400 + b"}", "does not fit in 64 bits"),
    "lone surrogate": (5, b'{"name": "\\ud800"}', "lone surrogate"),
    "100,000 lists deep": (5, b'{"tags": ' + b"[" * 100_000, "deep"),
    "100,000 objects deep": (5, b'{"a":' * 100_000, "deep"),
    "no object": (13, b"[1, 2]", "bad.json"),
    "UTF-16": (13, '{"size": 13}'.encode("utf-16"), "bad.json"),
    "not UTF-8": (13, b'{"name": "\xff"}', "UTF-8"),
    "two spellings": (5, b'{"only": {"user": true}, "only.user": false}', "stands twice"),
}


@pytest.mark.parametrize(("code", "content", "part"), _FILES.values(), ids=_FILES)
def test_a_file_that_cannot_be_taken(held: Shell, code: int, content: bytes, part: str) -> None:
    held.write("bad.json", content)
    before = held.dump()
    owner = ("--project", "p") if "scope" in part or b"only.user" in content else ("--user", "me")
    for more in ((), ("--dry-run",)):
        told = held.fails(code, "import", "bad.json", *owner, *more)
        assert part in told
    assert held.dump() == before


_DOCUMENTS = {
    "truncated at half": (13, lambda text: text[: len(text) // 2]),
    "without its trailer": (13, lambda text: text[: text.index('"records"')]),
    "of a newer layout": (16, lambda text: text.replace('"layout": 1', '"layout": 99')),
    "of another application": (13, lambda text: text.replace('"acme"', '"other"')),
    "of an unknown schema": (10, lambda text: text.replace('"1.0.0"', '"0.9.0"')),
    "with a bad value": (5, lambda text: text.replace(": 13,", ": 5,")),
    "with a scope of its own": (13, lambda text: text.replace('"user"', '"usr"')),
    "that counts wrongly": (13, lambda text: text.replace('"entries": 2', '"entries": 3')),
}


@pytest.mark.parametrize(("code", "spoil"), _DOCUMENTS.values(), ids=_DOCUMENTS)
def test_a_document_that_cannot_be_taken(held: Shell, code: int, spoil: object) -> None:
    text = (held.folder / _DOCUMENT).read_text()
    spoiled = spoil(text)  # type: ignore[operator]  # the table holds functions
    assert spoiled != text
    held.write("bad.json", spoiled)
    before = held.dump()
    held.fails(code, "import", "bad.json", "--merge", "theirs")
    assert held.dump() == before


def test_a_conflict_changes_nothing_and_exits_with_1(held: Shell) -> None:
    held.write("new.json", '{"size": 14, "name": "Bo"}')
    before = held.dump()
    ran = held.run("import", "new.json", "--user", "bo", code=1)
    assert "? user/bo size: here 13, in the file 14" in ran.out
    assert "choose with --take or --merge" in sentence(ran)
    assert held.dump() == before
    assert held.run("import", "new.json", "--user", "bo", "--json", code=1).json["conflicts"] == [
        {
            "key": "size",
            "scope": "user",
            "owner": "bo",
            "reason": "both sides hold different values; choose with --take or --merge, or "
            "write them out with --conflicts",
            "ours": 13,
            "theirs": 14,
        }
    ]


# ------------------------------------------------------------------------------- migrations


@pytest.fixture
def older(tmp_path: Path) -> Shell:
    """A store at 1.0.0 with two values, and 2.0.0 to migrate to."""
    shell = acme(tmp_path / "work")
    shell.run("set", "old=x", "theme=grey", "--user", "bo")
    shell.write("steps/up.py", STEP)
    write_schema(shell, "2.0.0")
    return shell


_STEPS = {
    "raises when read": (18, "1 / 0", "ZeroDivisionError"),
    "exits": (18, "raise SystemExit(3)", "SystemExit"),
    "is no Python": (18, "def", "SyntaxError"),
    "defines no step": (5, "x = 1", "defines no step"),
    "forgets a key": (
        10,
        'from prefcore import Step\nstep = Step("1.0.0", "2.0.0")',
        "old is gone",
    ),
    "leaves a value that is refused": (
        5,
        'from prefcore import *\nstep = Step("1.0.0", "2.0.0", remove("old"))',
        "write a step for it",
    ),
    "goes downwards": (5, 'from prefcore import Step\nstep = Step("2.0.0", "1.0.0")', "upwards"),
    "stands at no version": (
        5,
        'from prefcore import Step\nstep = Step("1.0.0", "3.0.0")',
        "whose schema is not known",
    ),
}


@pytest.mark.parametrize(("code", "source", "part"), _STEPS.values(), ids=_STEPS)
def test_a_step_that_cannot_be_run_changes_nothing(
    older: Shell, code: int, source: str, part: str
) -> None:
    older.write("steps/up.py", source)
    before = older.dump()
    for words in ("migrate up", "migrate plan", "migrate up --dry-run"):
        assert part in older.fails(code, *words.split())
    assert older.dump() == before


def test_steps_that_others_could_have_written_are_not_run(older: Shell) -> None:
    older.write("steps/up.py", "__import__('pathlib').Path('ran').touch()")
    (older.folder / "steps").chmod(0o777)
    before = older.dump()
    told = older.fails(17, "migrate", "up")
    assert "everybody may write" in told
    assert "chmod o-w" in told
    assert not (older.folder / "ran").exists()
    assert older.dump() == before


def test_a_schema_class_that_others_could_have_written_is_not_imported(shell: Shell) -> None:
    module = shell.write("settings.py", "__import__('pathlib').Path('ran').touch()")
    config = shell.folder / "prefcore.toml"
    config.write_text(config.read_text().replace('"schemas"', '"settings:Settings"'))
    module.chmod(0o666)
    assert "everybody may write" in shell.fails(17, "set", "size", "13")
    module.chmod(0o644)
    assert "has no Settings" in shell.fails(10, "set", "size", "13")


# ---------------------------------------------------------------------------------- plugins


def test_a_broken_plugin_hurts_only_who_asks_for_it(held: Shell, tmp_path: Path) -> None:
    write_distribution(
        tmp_path / "site",
        "broken-format",
        entry_points={"prefcore.formats": {"brk": "broken_format"}},
        modules={"broken_format": "raise RuntimeError('no luck')"},
    )
    env = {"PYTHONPATH": str(tmp_path / "site")}
    assert held.process("get", "size", "--user", "bo", env=env).out == "13\n"
    ran = held.process("export", "x.json", env=env)
    assert "broken" not in ran.err
    ran = held.process("export", "x.brk", "--format", "brk", env=env, code=18)
    assert "broken-format" in sentence(ran)
    assert "no luck" in sentence(ran)
    assert not (held.folder / "x.brk").exists()
    assert "formats.brk" in held.process("plugins", "list", env=env).out
    doctor = held.process("doctor", env=env, code=1)
    assert "fail  plugins: plugin formats.brk of broken-format 1.0 cannot be" in doctor.out


# ------------------------------------------------------------------------------- full disks


def _small_files() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 17, 1 << 17))


def test_an_export_onto_a_full_disk_leaves_the_old_file_whole(held: Shell) -> None:
    values = {f"k{i}": "x" * 100 for i in range(2000)}
    held.write("many.json", json.dumps(values))
    held.run("import", "many.json", "--user", "bo", "--unknown", "keep")
    old = (held.folder / _DOCUMENT).read_bytes()
    done = subprocess.run(
        [PREFCORE, "export", _DOCUMENT],
        cwd=held.folder,
        env=held.environ,
        capture_output=True,
        text=True,
        preexec_fn=_small_files,
        check=False,
    )
    assert done.returncode == 14, done
    assert done.stderr.startswith(f"prefcore: error: {_DOCUMENT} cannot be written")
    assert (held.folder / _DOCUMENT).read_bytes() == old
    assert not list(held.folder.glob("*.new"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
def test_standard_output_that_is_full_exits_with_14(held: Shell) -> None:
    for words in ("list --user bo", "export", "get size --json"):
        with Path("/dev/full").open("wb") as full:
            done = subprocess.run(
                [PREFCORE, *words.split()], stdout=full, stderr=subprocess.PIPE, text=True,
                cwd=held.folder, env=held.environ, check=False,
            )  # fmt: skip
        assert (done.returncode, done.stderr) == (
            14,
            "prefcore: error: standard output cannot be written: no space left on device\n",
        )
