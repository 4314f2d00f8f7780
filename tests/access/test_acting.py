"""Access policies: what a file may say, where it stands, and what it decides."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefcore import Preferences, Schema
from prefcore.access.files import access_of, policy_from_text, policy_paths, read_policy
from prefcore.access.in_force import AccessInForce
from prefcore.access.policy import Access, Rule
from prefcore.access.roles import ACTIONS, OF_SETS, ROLES
from prefcore.errors import NotPermitted, PolicyRefused, PrefcoreError, UsageError
from tests.access.test_policy import SETS, with_roles

_GOOD = """
[roles]
admin = ["kim"]
security_admin = ["kim", "lee"]
user = ["*"]
billing = ["lee"]

[[rules]]
effect = "deny"
actions = ["write"]
scopes = ["user"]
keys = ["billing.*"]
roles = ["user"]
reason = "ask finance"

[[rules]]
effect = "allow"
actors = ["ann"]
actions = ["write"]
scopes = ["project"]
owners = ["web-*"]
"""


def test_a_policy_gives_roles_and_rules() -> None:
    policy = policy_from_text(_GOOD, "access.toml", keeper="root")
    assert policy.roles_of("ann") == {"viewer", "user"}
    assert policy.roles_of("lee") == {"viewer", "user", "security_admin", "billing"}

    def may(actor: str, *asked: str, needed: str | None = None) -> bool:
        return Access(actor, [policy]).refusal(*asked, needed=needed) is None

    assert may("ann", "write", "user", "ann", "ui.theme")
    assert not may("ann", "write", "user", "ann", "billing.plan")
    assert not may("kim", "write", "user", "kim", "billing.plan"), "a denial wins over roles"
    assert may("ann", "write", "project", "web-1", "ui.theme")
    assert not may("ann", "write", "project", "shop", "ui.theme")
    assert may("lee", "write", "user", "lee", "x", needed="billing")
    assert not may("ann", "write", "user", "ann", "x", needed="billing")
    refused = Access("ann", [policy]).refusal("write", "user", "ann", "billing.plan")
    assert refused is not None
    assert refused.why == "the rule in line 8 of access.toml forbids it: ask finance"
    assert refused.remedy == "only a change of that rule by root allows it"


def test_every_policy_has_to_allow_it() -> None:
    wide = policy_from_text('[roles]\nadmin=["*"]\nsecurity_admin=["*"]', "system")
    narrow = policy_from_text(
        '[[rules]]\neffect = "deny"\nactions = ["write"]\nkeys = ["x.*"]', "own"
    )
    both = Access("kim", [wide, narrow])
    assert both.refusal("write", "user", "kim", "y.a") is None
    refused = both.refusal("write", "user", "kim", "x.a")
    assert refused is not None
    assert "of own" in refused.why


_ROLES = st.sampled_from([*ROLES])
_ACTS = st.sampled_from([*ACTIONS]).flatmap(
    lambda action: st.tuples(
        st.just(action), *([st.sampled_from([*SETS.values()])] if action in OF_SETS else [])
    )
)


@given(st.sets(_ROLES), st.sets(_ROLES), _ACTS)
def test_more_roles_never_allow_less(some: set[str], more: set[str], act: tuple[Any, ...]) -> None:
    asked = (act[0], *act[1]) if len(act) > 1 else act
    few, many = with_roles(*some), with_roles(*some, *more)
    assert few.refusal(*asked) is not None or many.refusal(*asked) is None


@given(st.sets(_ROLES), _ACTS, st.sampled_from(["allow", "deny"]))
def test_a_rule_without_conditions_decides_everything(
    roles: set[str], act: tuple[Any, ...], effect: str
) -> None:
    asked = (act[0], *act[1]) if len(act) > 1 else act
    access = with_roles(*roles, rules=(Rule(effect, "a rule"),))
    assert (access.refusal(*asked) is None) == (effect == "allow")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("roles = 3", r"line 1: 'roles' is a table"),
        ("[rolls]", r"line 1: there is no setting 'rolls'; known are roles and rules"),
        ("\n[roles]\nadmn = []", r"line 3: there is no role 'admn'; did you mean 'admin'\?"),
        ('[roles]\nadmin = "kim"', r"line 2: the actors of 'admin' are a list"),
        ('[[rules]]\neffect = "may"', r"line 2: a rule's effect is 'allow' or 'deny'"),
        ("[[rules]]\nkeys = []", r"line 1: a rule's effect"),
        ('[[rules]]\neffect = "deny"\nkey = ["x"]', r"line 3: a rule has no 'key'; known are"),
        (
            '[[rules]]\neffect = "deny"\nactions = ["wite"]',
            r"line 3: 'wite' is none of the actions: read,",
        ),
        (
            '[[rules]]\neffect = "allow"\n[[rules]]\neffect = "deny"\nscopes = ["mine"]',
            r"line 5: 'mine' is none of the scopes: system,",
        ),
        (
            '[[rules]]\neffect = "deny"\nactions = ["backup"]\nkeys = ["x"]',
            r"line 4: backup has no keys; only read, reveal, write have",
        ),
        (
            '[[rules]]\neffect = "allow"\nactors = []',
            r"line 3: 'actors' of a rule is empty; name some, or leave it out for all",
        ),
        ('[[rules]]\neffect = "deny"\nkeys = []', r"line 3: 'keys' of a rule is empty"),
        (
            '[[rules]]\neffect = "deny"\nroles = ["biling"]\n[roles]\nbilling = ["kim"]',
            r"line 3: 'biling' is none of the roles: viewer, .*billing",
        ),
        ('[[rules]]\neffect = "deny"\nkeys = ["[ab"]', r"line 3: nothing fits the glob '\[ab'"),
        ('[[rules]]\neffect = "deny"\nowners = ["a[!]"]', r"line 3: nothing fits the glob"),
        ('[[rules]]\neffect = "deny"\nkeys = ["x[9-0]"]', r"line 3: nothing fits the glob"),
        ('[[rules]]\neffect = "deny"\nreason = "a\\nb"', r"line 3: a rule's reason is one line"),
        ("rules = [3]", r"line 1: rules are tables"),
        ("a = ", r"Invalid value"),
        (f"a{'.a' * 2000} = 1", r"nested too deeply"),
        ("a = " + "[" * 100_000, r"nested too deeply|Invalid|maximum"),
    ],
    ids=lambda one: one[:24],
)
def test_a_bad_policy_is_refused_with_its_place(text: str, told: str) -> None:
    with pytest.raises(UsageError, match=told) as caught:
        policy_from_text(text, "access.toml")
    assert "access.toml" in caught.value.message


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[roles]", r"nobody who may set, unset.*role admin"),
        ('[roles]\nadmin = ["kim"]', r"nobody who may put a schema.*role security_admin"),
        ('[roles]\nsecurity_admin = ["*"]', r"role admin"),
        ('[[rules]]\neffect = "deny"', r"locks everybody out"),
        ('[[rules]]\neffect = "deny"\nactors = ["*"]\nactions = ["write"]', r"\(write\)"),
        (
            (
                '[roles]\nadmin = ["kim"]\nsecurity_admin = ["kim"]\n'
                '[[rules]]\neffect = "deny"\nactors = ["kim"]\nactions = ["apply"]'
            ),
            r"\(apply\)",
        ),
    ],
)
def test_a_policy_that_locks_everybody_out_is_refused(text: str, told: str) -> None:
    with pytest.raises(PolicyRefused, match=told):
        policy_from_text(text, "access.toml")


def test_policies_stand_where_projects_cannot_write(tmp_path: Path) -> None:
    home = {"HOME": "/home/kim"}
    assert policy_paths(home, "linux") == (
        "/etc/prefcore/access.toml",
        "/home/kim/.config/prefcore/access.toml",
    )
    assert policy_paths({**home, "XDG_CONFIG_HOME": "rel"}, "linux")[1].startswith("/home/kim/.c")
    assert policy_paths({**home, "XDG_CONFIG_HOME": "/x"}, "linux")[1] == (
        "/x/prefcore/access.toml"
    )
    assert all("Application Support" in one for one in policy_paths(home, "darwin"))
    hostile = {**home, "PROGRAMDATA": "/mine"}
    assert policy_paths(hostile, "win32")[0].startswith("C:\\ProgramData")
    assert access_of({"HOME": str(tmp_path)}, paths=(str(tmp_path / "none.toml"),)) is None


def test_a_policy_that_others_may_write_is_not_followed(tmp_path: Path) -> None:
    file = tmp_path / "access.toml"
    file.write_text(_GOOD, encoding="utf-8")
    assert read_policy(str(file)).source == str(file)
    file.chmod(0o666)
    with pytest.raises(PolicyRefused, match=r"everybody may write .*access\.toml"):
        access_of({}, "kim", paths=(str(file),))


@pytest.mark.parametrize("kind", ["folder", "dangling", "large", "bytes", "pipe", "loop"])
def test_a_policy_that_cannot_be_read_is_not_passed_over(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "access.toml"
    if kind == "folder":
        file.mkdir()
    elif kind == "dangling":
        file.symlink_to(tmp_path / "gone")
    elif kind == "pipe":  # opening one waits for a writer
        os.mkfifo(file)
    elif kind == "loop":  # nobody can tell what stands below, as in a folder that is closed
        (tmp_path / "loop").symlink_to(tmp_path / "loop")
        file = tmp_path / "loop" / "access.toml"
    else:
        file.write_bytes(b"# \xff" if kind == "bytes" else b"#" * (300 << 10))
    with pytest.raises(PrefcoreError, match=r"access\.toml"):
        access_of({}, "kim", paths=(str(file),))


def test_below_what_is_no_folder_there_is_no_policy(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert access_of({}, "kim", paths=(str(tmp_path / "file" / "access.toml"),)) is None


def test_globs_with_brackets_are_followed() -> None:
    rule = '[[rules]]\neffect = "deny"\nactions = ["read"]\nkeys = ["ui.[a-c]*", "x[]!]", "y[!]z]"]'
    access = Access("kim", [policy_from_text(rule, "access.toml")])
    assert access.refusal("read", "system", "", "ui.bold") is not None
    assert access.refusal("read", "system", "", "x]") is not None
    assert access.refusal("read", "system", "", "ya") is not None
    assert access.refusal("read", "system", "", "ui.zoom") is None


# ------------------------------------------------------------- policies that change while one runs


class Clock:
    """Tells the time that a test says it is."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


ADMINS = '[roles]\nadmin = ["me", "kim"]\nsecurity_admin = ["kim"]\n'
USERS = '[roles]\nadmin = ["kim"]\nsecurity_admin = ["kim"]\nuser = ["*"]\n'


@pytest.fixture
def own(tmp_path: Path) -> Path:
    file = tmp_path / ".config" / "prefcore" / "access.toml"
    file.parent.mkdir(parents=True)
    return file


def test_a_policy_that_changes_is_seen_within_a_second_and_by_acts_at_once(own: Path) -> None:
    clock = Clock()
    standing = AccessInForce({"HOME": str(own.parents[2])}, "me", clock=clock)
    assert standing.now() is None
    own.write_text(ADMINS, encoding="utf-8")
    assert standing.now() is None, "a reading may be a second late"
    given = standing.renewed()
    assert given is not None
    assert given.refusal("write", "system") is None
    assert standing.now() is given
    assert standing.renewed() is given, "what did not change is not read again"
    own.write_text(USERS, encoding="utf-8")
    assert standing.now() is given
    clock.now = 1.0
    given = standing.now()
    assert given is not None
    assert given.refusal("write", "system") is not None
    own.unlink()
    assert standing.renewed() is None


@pytest.mark.parametrize("change", ["replaced", "with its old time", "given away"])
def test_no_way_to_change_a_policy_is_overlooked(own: Path, change: str) -> None:
    own.write_text(ADMINS, encoding="utf-8")
    standing = AccessInForce({"HOME": str(own.parents[2])}, "me")
    first, held = standing.renewed(), own.stat()
    if change == "given away":
        own.chmod(0o666)
        with pytest.raises(PolicyRefused, match="could be anybody's"):
            standing.renewed()
        return
    text = USERS.ljust(len(ADMINS), "\n")
    if change == "replaced":
        (own.parent / "new").write_text(text, encoding="utf-8")
        (own.parent / "new").replace(own)
    else:
        own.write_text(text, encoding="utf-8")
    os.utime(own, ns=(held.st_atime_ns, held.st_mtime_ns))
    assert standing.renewed() is not first


def test_a_program_that_runs_stops_at_a_policy_that_cannot_be_followed(own: Path) -> None:
    class Editor(Schema, app="acme", version="1.0.0"):
        size: int = 12

    with Preferences.open(
        Editor, store="memory:", actor="me", environ={"HOME": str(own.parents[2])}
    ) as prefs:
        prefs.set("size", 9, system=True)
        own.write_text(ADMINS + "[[rules]]\n", encoding="utf-8")
        for _ in range(2):
            with pytest.raises(UsageError, match="until it is mended, nothing is done"):
                prefs.set("size", 10, system=True)
        with pytest.raises(UsageError):
            prefs.get("size")
        own.write_text(USERS, encoding="utf-8")
        plan = prefs.plan_set("user", "me", {"size": 11})
        with pytest.raises(NotPermitted, match="may not write system size"):
            prefs.set("size", 10, system=True)
        own.write_text(USERS.replace('user = ["*"]', 'viewer = ["*"]'), encoding="utf-8")
        with pytest.raises(NotPermitted, match="may not write user/me size"):
            prefs.apply(plan)
        own.unlink()
        prefs.apply(plan)
        assert prefs.get("size", user="me") == 11
        assert [one.kind for one in prefs.log()] == ["set", "denied", "denied", "set"]


def test_who_vouches_for_access_is_asked_no_policy(own: Path) -> None:
    access = Access("me", [])
    standing = AccessInForce.fixed(access)
    own.write_text(USERS, encoding="utf-8")
    assert standing.renewed() is standing.now() is access
