"""edit: one set in an editor, merged into the store when it is saved."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.cli.shell import PREFCORE, Shell, at_a_terminal


@pytest.fixture
def held(shell: Shell) -> Shell:
    shell.run("set", "size=13", "name=Bo", "here=box", "--user", "bo")
    shell.run("import", str(shell.write("more.json", '{"odd": 1}')), "--user=bo", "--unknown=keep")
    shell.home.joinpath("tmp").mkdir()
    shell.environ["TMPDIR"] = str(shell.home / "tmp")
    return shell


def editor(shell: Shell, *commands: str) -> dict[str, str]:
    """Give an environment whose editor runs these commands on the file, ``$1``."""
    script = shell.write("editor.sh", "set -e\n" + "\n".join(commands) + "\n")
    return {"EDITOR": f"sh '{script}'"}


def bo(shell: Shell) -> dict[str, object]:
    rows = shell.run("list", "--user", "bo", "--json").json
    return {row["key"]: row["value"] for row in rows}


def kept(shell: Shell) -> list[Path]:
    return sorted((shell.home / "tmp").rglob("settings*"))


HELD = {"size": 13, "name": "Bo", "here": "box", "odd": 1}
SED = """sed -i 's/"size": 13/"size": 14/; /"name"/d' "$1\""""


def test_what_was_changed_is_set_and_what_was_taken_out_unset(held: Shell) -> None:
    ran = held.process("edit", "--user", "bo", "--dry-run", env=editor(held, SED))
    assert ran.out.splitlines()[-1] == "  1 changed, 1 removed"
    assert bo(held) == HELD
    held.process("edit", "--user", "bo", "--reason", "why", env=editor(held, SED))
    assert bo(held) == {"size": 14, "here": "box", "odd": 1}
    (newest, *_) = held.run("history", "--json").json
    assert (newest["kind"], newest["reason"], newest["changes"]) == ("set", "why", 2)
    held.run("undo")
    assert bo(held) == HELD
    assert kept(held) == []


def test_any_format_with_plain_files_will_do(held: Shell) -> None:
    env = editor(held, "grep -q '^size: 13' $1", 'echo "tags: [a, b]" >> "$1"')
    held.process("edit", "--user", "bo", "--format", "yaml", env=env)
    assert bo(held) == {**HELD, "tags": ["a", "b"]}
    message = held.fails(18, "edit", "--format", "binary", env=editor(held, "true"))
    assert "no plain form to edit" in message


def test_nothing_changed_is_no_changeset(held: Shell) -> None:
    before = held.dump()
    ran = held.process("edit", "--user", "bo", env=editor(held, 'echo "// seen" >> "$1"'))
    assert ran.err == "edited user/bo: nothing changed\n"
    assert held.dump() == before
    assert kept(held) == []


@pytest.mark.parametrize(
    ("command", "code", "told"),
    [
        ("""sed -i 's/13/"x"/' $1""", 5, 'user/bo size: "x" is a string'),
        ("""sed -i 's/"size"/"sise"/' $1""", 10, "no preference 'sise'"),
        ("""sed -i '$d' $1""", 13, "settings.jsonc: line"),
        ("sed -i s/13/14/ $1; exit 3", 2, "ended with 3; nothing was changed"),
    ],
    ids=["value", "name", "syntax", "editor"],
)
def test_what_is_refused_changes_nothing_and_the_text_is_kept(
    held: Shell, command: str, code: int, told: str
) -> None:
    before = held.dump()
    ran = held.process("edit", "--user", "bo", env=editor(held, command), code=code)
    assert told in ran.err
    (file,) = kept(held)
    assert f"is kept in {file}" in ran.err
    assert '"name": "Bo"' in file.read_text(encoding="utf-8")
    assert file.parent.stat().st_mode & 0o077 == 0
    assert held.dump() == before


def test_an_editor_that_fails_and_wrote_nothing_leaves_nothing(held: Shell) -> None:
    ran = held.process("edit", "--user", "bo", env=editor(held, "exit 3"), code=2)
    assert ran.err.endswith("ended with 3; nothing was changed\n")
    assert kept(held) == []


@pytest.mark.parametrize("format", ["jsonc", "yaml", "toml"])
def test_a_secret_that_was_typed_in_is_not_in_the_text_that_is_kept(
    held: Shell, format: str
) -> None:
    held.run("keys", "init")
    texts = {
        "jsonc": '{"size": "x", // mine\n"secret.key": "tok-4711", "other": 1}',
        "yaml": "size: x\nsecret:\n  key: tok-4711\nother: 1\n",
        "toml": 'size = "x"\nother = 1\n[secret]\nkey = "tok-4711"\n',
    }
    held.write("typed", texts[format])
    env = editor(held, 'cp typed "$1"')
    words = ("edit", "--user", "bo", "--format", format)
    message = held.process(*words, env=env, code=10).err.rstrip()
    (file,) = kept(held)
    key = "secret.key" if format == "jsonc" else "secret"  # whose name tells of one, too
    assert message.endswith(f"is kept in {file}, without {key}")
    text = file.read_text(encoding="utf-8")
    assert "tok-4711" not in text
    assert "other" in text
    assert format != "jsonc" or "// mine" in text
    file.unlink()
    held.write("typed", texts[format] + "{{{")
    message = held.process(*words, env=env, code=13).err
    assert "as it was typed, secrets included if there are any" in message
    held.write("typed", texts["jsonc"].replace('"x"', "14").replace(', "other": 1', ""))
    held.run("edit", "--user", "bo", env=env)
    assert held.run("get", "secret.key", "--user", "bo", "--reveal").out == "tok-4711\n"


def test_at_a_terminal_it_can_be_edited_again(held: Shell) -> None:
    held.environ |= editor(
        held,
        "if [ -e done ]; then sed -i s/nine/9/ $1",
        "else sed -i s/13/nine/ $1; touch done; fi",
    )
    code, shown = at_a_terminal(held, "y\n", "edit", "--user", "bo")
    assert code == 0, shown
    assert "edit it again?" in shown
    assert bo(held) == {**HELD, "size": 9}
    (held.folder / "done").unlink()
    held.run("set", "size", "13", "--user", "bo")
    code, shown = at_a_terminal(held, "n\n", "edit", "--user", "bo")
    assert code == 13
    assert "prefcore: error: " in shown
    assert "nothing was changed, the text is kept in" in shown


def test_what_others_change_meanwhile_stays_or_is_a_conflict(held: Shell) -> None:
    other = "prefcore set name Zoe --user bo --quiet"
    held.process("edit", "--user", "bo", env=editor(held, other, "sed -i s/13/14/ $1"))
    assert bo(held) == {**HELD, "size": 14, "name": "Zoe"}
    other = "prefcore set size 20 --user bo --quiet"
    env = editor(held, other, "sed -i s/14/15/ $1")
    ran = held.process("edit", "--user", "bo", env=env, code=1)
    assert (
        "user/bo size: it was changed meanwhile, too; nothing was changed, the text is kept in"
        in ran.err
    )
    assert bo(held)["size"] == 20


def test_an_editor_has_to_be_there(held: Shell) -> None:
    assert "set VISUAL or EDITOR" in held.fails(2, "edit")
    assert "cannot be run" in held.fails(10, "edit", env={"EDITOR": "no-such-editor"})
    assert "cannot be run" in held.fails(10, "edit", env={"EDITOR": "'unclosed"})
    assert kept(held) == []


def test_an_editor_that_removes_the_text_changes_nothing_and_leaves_nothing(held: Shell) -> None:
    message = held.fails(10, "edit", "--user", "bo", env=editor(held, 'rm "$1"'))
    assert message.endswith("removed the text; nothing was changed")
    message = held.fails(10, "edit", "--user", "bo", env=editor(held, 'rm "$1"; mkdir "$1"'))
    assert message.endswith("removed the text; nothing was changed")
    assert bo(held) == HELD
    assert list((held.home / "tmp").iterdir()) == []


def test_what_can_only_be_read_is_refused_before_an_editor_is_opened(held: Shell) -> None:
    env = editor(held, "touch opened")
    message = held.fails(19, "--read-only", "edit", "--user", "bo", env=env)
    assert "can only be read, so nothing can be edited" in message
    assert not (held.folder / "opened").exists()
    assert list((held.home / "tmp").iterdir()) == []
    ran = held.run("--read-only", "edit", "--user", "bo", "--dry-run", env=editor(held, SED))
    assert ran.out.splitlines()[-1] == "  1 changed, 1 removed"


def test_the_editor_is_shown_what_the_set_holds(held: Shell) -> None:
    env = editor(held, 'cp "$1" seen.json')
    held.process("edit", "--user", "bo", "--format", "json", env=env)
    seen = json.loads((held.folder / "seen.json").read_text(encoding="utf-8"))
    assert seen == HELD


def _killed(shell: Shell, *, after: bytes) -> subprocess.Popen[bytes]:
    """Give an ``edit`` that was killed while its editor, which ends with its input, goes on."""
    script = shell.write("waits.sh", 'echo "// typed" >> "$1"; echo ready; read line\n')
    env = {**shell.environ, "EDITOR": f"sh '{script}'"}
    child = subprocess.Popen(
        [PREFCORE, "edit", "--user", "bo"],
        cwd=shell.folder,
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == after
    child.kill()
    child.wait()
    return child


def _aged(shell: Shell) -> None:
    for one in (shell.home / "tmp").rglob("*"):
        os.utime(one, (1, 1))


def test_what_a_killed_edit_left_goes_with_a_later_one(held: Shell) -> None:
    nothing = editor(held, "true")
    child = _killed(held, after=b"ready\n")
    (left,) = kept(held)
    _aged(held)
    held.process("edit", "--user", "bo", env=nothing)
    assert kept(held) == [left], "its editor goes on"
    assert child.stdout is not None
    assert child.stdin is not None
    child.stdin.close()
    child.stdout.read()  # to its end: the editor has ended
    child.stdout.close()
    os.utime(left)
    held.process("edit", "--user", "bo", env=nothing)
    assert kept(held) == [left], "it is new"
    _aged(held)
    held.process("edit", "--user", "bo", env=nothing)
    assert list((held.home / "tmp").iterdir()) == []


def test_a_text_that_is_kept_and_what_is_no_folder_of_ours_are_not_swept(held: Shell) -> None:
    held.process("edit", "--user", "bo", env=editor(held, 'echo "}" >> "$1"'), code=13)
    (left,) = kept(held)
    (held.home / "elsewhere").mkdir()
    (held.home / "elsewhere" / "lock").touch()
    (held.home / "tmp" / "prefcore-edit-link").symlink_to(held.home / "elsewhere")
    (held.home / "tmp" / "prefcore-edit-file").write_text("x")
    _aged(held)
    os.utime(held.home / "elsewhere" / "lock", (1, 1))
    before = sorted((held.home / "tmp").rglob("*"))
    held.process("edit", "--user", "bo", env=editor(held, "true"))
    assert sorted((held.home / "tmp").rglob("*")) == before
    assert left in before
    assert (held.home / "elsewhere" / "lock").exists()
