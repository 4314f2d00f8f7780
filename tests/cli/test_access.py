"""Access at the shell: policies of the user's configuration, denials, and the way back."""

from __future__ import annotations

import json
import os
import pwd
from pathlib import Path

import pytest

from tests.cli.shell import Shell

ME = pwd.getpwuid(os.getuid()).pw_name


def policy(shell: Shell, text: str = "") -> Path:
    """Put an access policy in force, by which this user is no more than a ``user``."""
    file = shell.home / ".config" / "prefcore" / "access.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    roles = '[roles]\nadmin = ["kim"]\nsecurity_admin = ["lee"]\nuser = ["*"]\n'
    file.write_text(text or roles, encoding="utf-8")
    return file


def released(shell: Shell, version: str, **renamed: str) -> None:
    """Put a version into the folder of schemas that calls keys of 1.0.0 otherwise, and its step."""
    schema = json.loads((shell.folder / "schemas/1.0.0.json").read_text("utf-8"))
    keys = {renamed.get(key, key): one for key, one in schema["preferences"].items()}
    schema |= {"version": version, "preferences": keys}
    shell.write(f"schemas/{version}.json", json.dumps(schema))
    renames = ", ".join(f"rename({key!r}, {to!r})" for key, to in renamed.items())
    text = "from prefcore.migration import Step, rename\n"
    shell.write("steps/first.py", f"{text}step = Step('1.0.0', {version!r}, {renames})\n")


def kinds(shell: Shell) -> list[str]:
    return [one["kind"] for one in shell.run("history", "--json").json]


def test_one_s_own_set_is_changed_and_others_are_refused(shell: Shell) -> None:
    policy(shell)
    shell.run("set", "size", "14")
    assert shell.run("get", "size").out == "14\n"
    told = shell.fails(4, "set", "size", "15", "--user", "bob")
    assert told.startswith(f"{ME} (viewer, user) may not write user/bob size: ")
    assert f"ask {ME}, who keeps it, for the role admin" in told
    shell.fails(4, "set", "size", "15", "--system", "--dry-run")
    assert kinds(shell) == ["denied", "denied", "set"]
    denied = shell.run("history", "--json").json[0]
    assert denied["changes"] == 0
    assert denied["details"]["scope"] == "system"
    assert denied["reason"] == "write system size"


@pytest.mark.parametrize(
    "words",
    [
        ("get", "size", "--user", "bob"),
        ("explain", "size", "--user", "bob"),
        ("list", "--user", "bob"),
        ("history", "size", "--user", "bob"),
        ("export", "-", "--format", "json"),
        ("validate",),
        ("unset", "size", "--user", "bob"),
        ("diff", f"user:{ME}", "user:bob"),
        ("template", "save", "t", "--user", "bob"),
        ("backup", "create", "--target", "file:backups"),
        ("backup", "list", "--target", "file:backups"),
        ("keys", "reencrypt"),
        ("schema", "register", "1.0.0"),
        ("schema", "deprecate", "1.0.0"),
        ("migrate", "recover", "1"),
        ("--actor", "kim", "set", "size", "9"),
    ],
    ids=" ".join,
)
def test_verbs_pass_the_check_and_denials_are_in_the_history(
    shell: Shell, words: tuple[str, ...]
) -> None:
    shell.run("set", "size", "14", "--user", "bob")
    policy(shell)
    (shell.folder / "backups").mkdir()
    told = shell.fails(4, *words)
    assert told.startswith(f"{ME} (viewer, user) may not ")
    assert kinds(shell) == ["denied", "set"]


def test_another_store_is_compared_as_far_as_one_may_read(shell: Shell) -> None:
    shell.run("set", "size", "14", "--user", "bob")
    shell.run("set", "size", "15", "--user", "bob")
    id, url = shell.run("history", "--json").json[1]["id"], f"sqlite:{shell.db}"
    assert "14 → 15" in shell.run("diff", f"@{id}", url, code=1).out
    policy(shell)
    assert "may not read user/bob size" in shell.fails(4, "diff", f"user:{ME}", url)
    assert kinds(shell) == ["denied", "set", "set"]


def test_a_name_given_lends_no_roles(shell: Shell) -> None:
    policy(shell)
    for env in ({"PREFCORE_ACTOR": "kim"}, {"USER": "kim"}, {"LOGNAME": "kim"}):
        assert "may not" in shell.fails(4, "set", "size", "9", "--system", env=env)


def test_another_name_may_be_put_into_the_history_by_security_admins(shell: Shell) -> None:
    policy(shell, f'[roles]\nadmin = ["{ME}"]\nsecurity_admin = ["{ME}"]\n')
    shell.run("--actor", "robot", "set", "size", "9")
    told = shell.run("history", "--json").json[0]
    assert (told["actor"], told["details"]["by"]) == ("robot", ME)
    assert f"  robot (by {ME})  set " in shell.run("history").out


def test_a_denial_is_told_of_who_acted_whatever_name_was_given(shell: Shell) -> None:
    shell.run("set", "size", "14")
    policy(shell)
    shell.fails(4, "--actor", "kim", "set", "size", "9")
    told = shell.run("history", "--json").json[0]
    assert (told["kind"], told["actor"], told["details"]["as"]) == ("denied", ME, "kim")


def test_the_log_shows_what_one_may_read(shell: Shell) -> None:
    shell.run("set", "size", "14", "--user", "bob")
    shell.run("set", "size", "15")
    policy(shell)
    out = shell.run("history").out
    assert "values that you may not read" in out
    assert "14" not in out.replace("14:", "").split("bob")[-1]
    assert f"user/{ME} size: unset → 15" in out
    assert kinds(shell) == ["set", "set"], "looking at the log is no denial"


def test_everybody_has_a_key_ring_of_their_own(shell: Shell) -> None:
    policy(shell)
    shell.run("keys", "init")
    shell.run("set", "secret.key", "-", stdin="psst")
    shell.run("keys", "rotate")
    assert kinds(shell) == ["keys", "set"]
    assert "may not encrypt the secrets of the store anew" in shell.fails(4, "keys", "reencrypt")


def test_a_schema_check_tells_no_value_that_one_may_not_read(shell: Shell) -> None:
    shell.run("set", "size", "61", "--user", "bob")
    shell.run("set", "size", "62", "--user", "eve")
    file = next(shell.folder.rglob("1.0.0.json"))
    schema = json.loads(file.read_text(encoding="utf-8"))
    schema["version"] = "2.0.0"
    schema["preferences"]["size"]["shape"]["maximum"] = 60
    shell.write("next.json", json.dumps(schema))
    check = ("schema", "check", "next.json", "--mode", "NONE", "--against-store", "--json")
    assert "61" in shell.run(*check, code=1).json["refused"][0]["sample"]
    policy(shell)
    told = shell.run(*check, code=3).json
    assert (told["refused"], told["unseen"]) == ([], 2), "a count would tell what they hold"
    ran = shell.run(*check[:-1], code=3)
    assert "2 sets were not looked at, for you may not read all of their values" in ran.err
    shell.run("set", "size", "63")
    told = shell.run(*check, code=1).json
    assert [(one["count"], one["key"]) for one in told["refused"]] == [(1, "size")]
    assert told["refused"][0]["sample"].startswith(f"user/{ME} size: 63 ")
    assert "61" not in shell.run(*check[:-1], code=1).out


def test_where_there_is_no_store_to_record_in_the_denial_stands(bare: Shell) -> None:
    policy(bare)
    told = bare.fails(4, "migrate", "recover", "1", "--app", "acme", "--store", "gone.db")
    assert "may not use the store itself" in told


def test_show_says_what_may_be_done(shell: Shell) -> None:
    told = shell.run("access", "show").err
    assert "there is no access policy (/etc/prefcore/access.toml or " in told
    assert shell.run("access", "show", "--json").json["roles"] is None
    file = policy(shell)
    out = shell.run("access", "show").out
    assert f"policy {file}, which {ME} keeps\n{ME} has: viewer, user\n" in out
    assert "yes  write      own " in out
    data = shell.run("access", "show", "--json", "--for", "lee").json
    assert data["roles"] == ["viewer", "user", "security_admin"]
    assert data["actions"]["apply"] is True
    assert data["actions"]["write"] == ["own"]


def test_check_says_why_and_records_nothing(shell: Shell) -> None:
    file = policy(shell)
    out = shell.run("access", "check", "write", "size", "--user", "bob", code=1).out
    assert out == (
        f"refused: {ME} write user/bob size\n"
        f"  {file} allows it from the role admin on; ask {ME}, who keeps it, for the role admin, "
        "or for a rule that allows it\n"
    )
    assert shell.run("access", "check", "write", "size", "--user", "bob", "--for", "kim").out == (
        "allowed: kim write user/bob size\n  the role admin allows it\n"
    )
    told = shell.run("access", "check", "apply", "--json", code=1).json
    assert (told["actor"], told["allowed"], len(told["decisions"])) == (ME, False, 1)
    assert "backup is of no set" in shell.fails(2, "access", "check", "backup", "size")
    assert kinds(shell) == []


ROLES = '[roles]\nadmin = ["kim"]\nsecurity_admin = ["lee"]\nuser = ["*"]\n'


def test_check_judges_an_earlier_name_as_the_key_it_is_now(shell: Shell) -> None:
    file = next(shell.folder.rglob("1.0.0.json"))
    schema = json.loads(file.read_text(encoding="utf-8"))
    schema["preferences"]["size"]["aliases"] = ["points"]
    file.write_text(json.dumps(schema), encoding="utf-8")
    policy(shell, ROLES + '[[rules]]\neffect = "deny"\nkeys = ["size"]\nactions = ["write"]\n')
    for name in ("size", "points"):
        told = shell.run("access", "check", "write", name, code=1).out
        assert told.startswith(f"refused: {ME} write user/{ME} {name}\n  the rule in line 5")


@pytest.mark.parametrize("action", ["read", "reveal", "write"])
def test_check_asks_for_what_an_act_takes_besides(shell: Shell, action: str) -> None:
    shell.run("set", "size", "14")
    policy(shell, ROLES + '[[rules]]\neffect = "deny"\nactions = ["inspect"]\nactors = ["ann"]\n')
    told = shell.run("access", "check", action, "size", "--user", "ann", "--for", "ann", code=1).out
    assert told.startswith(f"refused: ann {action} user/ann size\n")
    assert "  it takes inspect too, and the rule in line 5 of " in told
    assert "allowed" not in told


def test_check_says_where_get_is_refused_although_the_set_may_be_read(shell: Shell) -> None:
    rule = '[[rules]]\neffect = "deny"\nactions = ["read"]\nscopes = ["system"]\nkeys = ["size"]\n'
    shell.run("set", "size", "14")
    policy(shell, ROLES + rule)
    told = shell.run("access", "check", "read", "size").out
    assert told.startswith(f"allowed: {ME} read user/{ME} size\n")
    assert "  prefcore get is refused nevertheless, for it reads system size too: the rule" in told
    shell.fails(4, "get", "size")


def test_check_judges_a_key_by_the_names_it_had(shell: Shell) -> None:
    shell.run("set", "size", "14")
    released(shell, "2.0.0", size="points")
    shell.run("migrate", "up")
    policy(shell, ROLES + '[[rules]]\neffect = "deny"\nkeys = ["size"]\nactions = ["write"]\n')
    told = shell.run("access", "check", "write", "points", code=1).out
    assert "forbids it by the name size, which points had" in told
    shell.fails(4, "set", "points", "15")


def test_check_is_itself_never_refused(shell: Shell) -> None:
    shell.run("set", "size", "14")
    policy(shell, '[roles]\nadmin = ["kim"]\nsecurity_admin = ["lee"]\n')
    ran = shell.run("access", "check", "write", "size", "--for", "kim")
    assert ran.out.startswith("allowed: kim write user/")
    assert "you may not see what the schema says of size" in ran.err
    shell.run("access", "check", "write", "size", code=1)
    policy(shell)
    assert kinds(shell) == ["set"]


def test_what_is_set_is_set_although_what_wins_may_not_be_read(shell: Shell) -> None:
    rule = '[[rules]]\neffect = "deny"\nactions = ["read"]\nscopes = ["system"]\nkeys = ["proxy"]\n'
    shell.run("set", "proxy", "p", "--system")
    assert "is locked and wins" in shell.run("set", "proxy", "mine").err
    policy(shell, ROLES + rule)
    assert "locked" not in shell.run("set", "proxy", "other").err
    assert kinds(shell) == ["set", "set", "set"]


def test_a_policy_is_tried_before_it_is_put_in_its_place(shell: Shell) -> None:
    shell.write("new.toml", '[roles]\nadmin = ["kim"]\n')
    told = shell.fails(17, "access", "show", "--policy", "new.toml")
    assert "new.toml locks everybody out" in told
    shell.write("new.toml", '[roles]\nadmin = ["kim"]\nsecurity_admin = ["kim"]\n')
    assert "kim has: viewer, user, project_admin, admin, security_admin" in (
        shell.run("access", "show", "--policy", "new.toml", "--for", "kim").out
    )
    shell.fails(10, "access", "show", "--policy", "gone.toml")


def test_who_is_locked_out_is_told_and_mends_the_file(shell: Shell) -> None:
    shell.run("set", "size", "14")
    file = policy(shell, '[roles]\nadmin = ["kim"]\n')
    told = shell.fails(17, "get", "size")
    assert f"{file} locks everybody out" in told
    assert "give somebody the role security_admin in [roles]" in told
    shell.fails(17, "set", "size", "15")
    doctor = shell.run("doctor", "--json", code=1).json
    assert [one["message"] for one in doctor if one["check"] == "access"] == [told]
    file.write_text(file.read_text("utf-8") + f'security_admin = ["{ME}"]\n', encoding="utf-8")
    shell.fails(4, "set", "size", "15", "--system")
    file.unlink()
    shell.run("set", "size", "15", "--system")


@pytest.mark.parametrize("mode", [0o666, 0o620])
def test_a_policy_that_others_could_have_written_stops_everything(shell: Shell, mode: int) -> None:
    file = policy(shell)
    os.chown(file, -1, 65534) if os.getuid() == 0 else None
    file.chmod(mode)
    if mode == 0o620 and os.getuid() != 0:
        file.chmod(0o622)  # one's own group may be oneself alone
    assert "could be anybody's, so nothing is done" in shell.fails(17, "get", "size")


@pytest.mark.parametrize("line", ['access = "x"', "[roles]", "[[rules]]"])
def test_a_project_s_file_holds_no_policy(shell: Shell, line: str) -> None:
    config = shell.folder / "prefcore.toml"
    config.write_text(config.read_text("utf-8") + line + "\n", encoding="utf-8")
    told = shell.fails(2, "get", "size")
    assert "never comes from a project's file" in told
    assert "line 5" in told


def test_doctor_says_which_policy_holds(shell: Shell) -> None:
    assert "no policy: who can open the store may do everything" in shell.run("doctor").out
    file = policy(shell)
    assert f"by {file}, {ME} has viewer, user" in shell.run("doctor").out
    policy(shell, '[roles]\nadmin = ["kim"]\nsecurity_admin = ["kim"]\n')
    found = json.loads(shell.run("doctor", "--json").out)
    (access,) = (one for one in found if one["check"] == "access")
    assert access["state"] == "warn"
    assert "has no role" in access["message"]


@pytest.mark.parametrize("words", ["access show", "access check read size"])
def test_a_policy_file_that_is_not_there_is_told_as_other_files_are(
    shell: Shell, words: str
) -> None:
    said = shell.fails(10, *words.split(), "--policy", "nofile")
    assert said == "there is no file nofile"
