"""Configuration is read as data, complains with file and line, and takes the nearest setting."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from textwrap import dedent

import pytest

from prefcore.config import Config, PluginSettings, find, write_initial
from prefcore.errors import NotFound, PrefcoreError, UsageError
from prefcore.host import data_folder, default_actor, default_store, why_untrusted

HOME = {"HOME": "/home/ann"}
#: Permission bits say nothing to root, and foreign owners are made by root alone.
ROOT = os.getuid() == 0


def written(folder: Path, text: str) -> Path:
    path = folder / "prefcore.toml"
    path.write_text(text, encoding="utf-8")
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def in_a_process(code: str, *arguments: str, site: bool = True) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        # Without site, what it imports for editable installs does not count as ours.
        [sys.executable, *([] if site else ["-S"]), "-c", dedent(code), *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parent.parent,
    )


def test_every_setting_is_read_with_paths_taken_from_the_files_folder(tmp_path: Path) -> None:
    (tmp_path / "schemas").mkdir()
    path = written(
        tmp_path,
        """
        app = "golang.go"
        store = "sqlite:data/prefs.db"
        schemas = "schemas"
        migrations = "golang.migrations"
        [plugins]
        allow = ["prefcore-json==1.2"]
        deny = ["some-distribution"]
        strict = true
        choose = { "formats.toml" = "prefcore-toml" }
        [targets.nightly]
        url = "s3://bucket/prefix"
        keep = { daily = 7, within = "2d" }
        region = "eu"
        """,
    )
    assert Config.load(path, {}) == Config(
        path=str(path),
        folder=str(tmp_path),
        app="golang.go",
        store=f"sqlite:{tmp_path}/data/prefs.db",
        schemas=f"{tmp_path}/schemas",
        migrations="golang.migrations",
        plugins=PluginSettings(
            ("prefcore-json==1.2",), ("some-distribution",), {"formats.toml": "prefcore-toml"}, True
        ),
        targets={
            "nightly": {
                "url": "s3://bucket/prefix",
                "keep": {"daily": 7, "within": "2d"},
                "region": "eu",
            }
        },
    )


def test_settings_of_plugins_are_the_arguments_of_plugins() -> None:
    from inspect import signature

    from prefcore.plugins.manager import Plugins

    assert set(PluginSettings._fields) <= set(signature(Plugins.from_environment).parameters)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("schemas", "{folder}/schemas", id="a folder here"),
        pytest.param("../shared/schemas", "{parent}/shared/schemas", id="a folder elsewhere"),
        pytest.param("/etc/schemas", "/etc/schemas", id="an absolute folder"),
        pytest.param("my.app:Settings", "my.app:Settings", id="a class"),
        pytest.param("my.app", "my.app", id="a module"),
        pytest.param("there.is", "{folder}/there.is", id="a folder that looks like a module"),
        pytest.param("v1.2", "{folder}/v1.2", id="no name of Python"),
    ],
)
def test_a_source_is_a_folder_or_names_python(tmp_path: Path, text: str, expected: str) -> None:
    (tmp_path / "there.is").mkdir()
    config = Config.load(written(tmp_path, f'schemas = "{text}"\nmigrations = "{text}"'), {})
    path = expected.format(folder=tmp_path, parent=tmp_path.parent)
    assert (config.schemas, config.migrations) == (path, path)


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        pytest.param("app = 'a'\nstor = 'x'", 2, "did you mean 'store'?", id="misspelt"),
        pytest.param("\n[plugin]\ndeny = []", 2, "did you mean 'plugins'?", id="misspelt table"),
        pytest.param("zzz = 1", 1, "known are app, store", id="unknown"),
        pytest.param("app = 3", 1, "'app' is a text, not 3", id="number for text"),
        pytest.param("[plugins]\n\ndeny = 'x'", 3, "'deny' is a list", id="text for list"),
        pytest.param(
            "[plugins]\nallow = [1]", 2, "'allow' is a list of texts", id="list of numbers"
        ),
        pytest.param("[plugins]\nstrict = 1", 2, "true or false", id="number for boolean"),
        pytest.param("plugins.denny = []", 1, "did you mean 'deny'?", id="dotted key"),
        pytest.param("app='a'\nplugins = { denny = [] }", 2, "did you mean 'deny'?", id="inline"),
        pytest.param(
            "[plugins.choose]\n'formats.toml' = 1", 2, "'formats.toml' is a text", id="choice"
        ),
        pytest.param("app = 'a'\nstore = 'prefs.db'", 2, "such as sqlite:prefs.db", id="no URL"),
        pytest.param("targets = 1", 1, "'targets' is a table", id="no table of targets"),
        pytest.param("[targets]\nnightly = 's3://b'", 2, "'nightly' is a table", id="text target"),
        pytest.param("[targets.n]\nkeep = {}", 1, "no URL of a target", id="no URL of a target"),
        pytest.param("[targets.n]\nurl = 's3://k:s@b/p'", 2, "credentials", id="credentials"),
        pytest.param(
            "[targets.n]\nurl = 's3://b'\nkeep = {daily = -1}", 3, "whole number", id="negative"
        ),
    ],
)
def test_a_wrong_setting_is_refused_with_its_line(
    tmp_path: Path, text: str, line: int, what: str
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        Config.load(path, {})
    assert f"{path} line {line}" in caught.value.message
    assert what in caught.value.message
    assert caught.value.line == line


@pytest.mark.parametrize(
    ("data", "what"),
    [
        pytest.param(b"app = 'a'\nstore == 1", "line 2", id="no TOML"),
        pytest.param(b"app = 'a'\napp = 'b'\n", "line 2", id="twice"),
        pytest.param(b"app = 'a'\n# \xff", "line 2: this is no UTF-8", id="no UTF-8"),
        pytest.param(b"a = " + b"[" * 50_000, "nested too deeply", id="deep lists"),
        pytest.param(b"a" + b".a" * 50_000 + b" = 1", "nested too deeply", id="deep keys"),
        pytest.param(b"#" * 300_000, "larger than 256 KiB", id="too large"),
    ],
)
def test_a_damaged_file_is_refused_soon(tmp_path: Path, data: bytes, what: str) -> None:
    path = tmp_path / "prefcore.toml"
    path.write_bytes(data)
    begun = time.process_time()
    with pytest.raises(UsageError, match=what):
        Config.load(path, {})
    assert time.process_time() - begun < 10  # a fraction of a second; deep keys could take minutes


def test_a_missing_file_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="prefcore init"):
        Config.load(tmp_path / "prefcore.toml", {})


def test_a_folder_is_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="directory"):
        Config.load(tmp_path, {})


def test_the_file_is_found_upward(tmp_path: Path) -> None:
    path = written(tmp_path, "")
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert find(below, {}) == str(path)
    nearer = written(tmp_path / "a", "")
    assert find(below, {}) == str(nearer)


def test_a_folder_of_the_files_name_is_passed_by(tmp_path: Path) -> None:
    path = written(tmp_path, "")
    (tmp_path / "a" / "prefcore.toml").mkdir(parents=True)
    assert find(tmp_path / "a", {}) == str(path)


def test_the_environment_names_the_file_before_any_is_found(tmp_path: Path) -> None:
    written(tmp_path, "")
    assert find(tmp_path, {"PREFCORE_CONFIG": "/etc/p.toml"}) == "/etc/p.toml"
    assert find(tmp_path, {"PREFCORE_CONFIG": "other.toml"}) == f"{tmp_path}/other.toml"
    assert find(tmp_path, {"PREFCORE_CONFIG": ""}) == f"{tmp_path}/prefcore.toml"


def test_an_argument_wins_over_environment_over_file_over_default(tmp_path: Path) -> None:
    path = written(tmp_path, 'app = "file"\nstore = "memory:file"')
    environ = {**HOME, "PREFCORE_APP": "env", "PREFCORE_STORE": "memory:env"}

    def held(environ: dict[str, str], **explicit: str) -> tuple[str, str]:
        config = Config.load(path, environ, **explicit)
        return config.app, config.store

    assert held(environ, app="arg", store="memory:arg") == ("arg", "memory:arg")
    assert held(environ) == ("env", "memory:env")
    assert held(HOME) == ("file", "memory:file")
    config = Config.load(None, {**HOME, "PREFCORE_APP": "env"})
    assert config.store == "sqlite:/home/ann/.local/share/prefcore/env/prefs.db"
    assert Config.load(None, HOME) == Config()


def test_a_store_may_be_named_by_its_path_in_the_environment_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    by_path = Config.load(None, {"PREFCORE_STORE": "prefs.db"})
    absolute = Config.load(None, {"PREFCORE_STORE": "/srv/prefs.db"})
    assert (by_path.store, absolute.store) == (
        f"sqlite:{tmp_path}/prefs.db",
        "sqlite:/srv/prefs.db",
    )
    with pytest.raises(UsageError, match="names no file; write sqlite:PATH"):
        Config.load(None, {"PREFCORE_STORE": "sqlite:"})


@pytest.mark.parametrize(
    ("platform", "environ", "expected"),
    [
        ("linux", {}, "/home/ann/.local/share/prefcore"),
        ("linux", {"XDG_DATA_HOME": "/data"}, "/data/prefcore"),
        ("linux", {"XDG_DATA_HOME": "data"}, "/home/ann/.local/share/prefcore"),
        ("darwin", {"XDG_DATA_HOME": "/data"}, "/home/ann/Library/Application Support/prefcore"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/prefcore"),
    ],
)
def test_data_lives_where_the_platform_says(
    platform: str, environ: dict[str, str], expected: str
) -> None:
    assert data_folder(HOME | environ, platform) == expected
    assert default_store("a.b", HOME | environ, platform) == f"sqlite:{expected}/a.b/prefs.db"


@pytest.mark.parametrize("app", ["", "..", "a/b", "a\\b", "a\0", "c:x"])
def test_an_application_whose_name_would_leave_its_folder_needs_a_store(app: str) -> None:
    with pytest.raises(UsageError, match="configure a store"):
        default_store(app, HOME)


def test_the_actor_is_the_systems_user_and_not_what_variables_claim() -> None:
    import pwd

    me = pwd.getpwuid(os.getuid()).pw_name
    assert default_actor({"USER": "mallory", "LOGNAME": "mallory"}) == me
    assert default_actor({"PREFCORE_ACTOR": "ci-bot"}) == "ci-bot"


# ------------------------------------------------------------------------------------- writing


def test_the_first_file_reads_back_as_it_was_meant(tmp_path: Path) -> None:
    strange = 'qu"ote\\ new\nline\x7f é 😀'
    path = write_initial(
        tmp_path, app=strange, store="sqlite:prefs.db", schemas="schemas", migrations="m.n"
    )
    assert path == str(tmp_path / "prefcore.toml")
    assert tomllib.loads(Path(path).read_text("utf-8")) == {
        "app": strange,
        "store": "sqlite:prefs.db",
        "schemas": "schemas",
        "migrations": "m.n",
    }
    assert names(tmp_path) == ["prefcore.toml"]


def test_a_file_that_is_there_is_never_overwritten(tmp_path: Path) -> None:
    path = written(tmp_path, "# mine")
    with pytest.raises(UsageError, match="there already"):
        write_initial(tmp_path, app="a")
    assert path.read_text() == "# mine"
    assert names(tmp_path) == ["prefcore.toml"]


def test_nothing_is_written_where_there_is_no_folder(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no folder"):
        write_initial(tmp_path / "absent", app="a")


@pytest.mark.parametrize(
    ("obstacle", "kind"),
    [
        pytest.param(
            "os.chmod(folder, 0o500); os.getuid() or os.setuid(65534)", "NotPermitted", id="denied"
        ),
        pytest.param("setrlimit(RLIMIT_FSIZE, (8, 8))", "NoSpace", id="full"),
    ],
)
def test_what_cannot_be_written_leaves_nothing_behind(
    tmp_path: Path, obstacle: str, kind: str
) -> None:
    code = f"""
    import os, signal, sys
    from resource import RLIMIT_FSIZE, setrlimit
    from prefcore.config import write_initial
    folder = sys.argv[1]
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    {obstacle}
    try:
        write_initial(folder, app="a long enough name")
    except Exception as error:
        print(type(error).__name__)
    """
    done = in_a_process(code, str(tmp_path))
    assert (done.stdout, done.stderr) == (f"{kind}\n", "")
    assert names(tmp_path) == []


# --------------------------------------------------------------------------------------- trust


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder that is safe whatever the umask of the test run."""
    folder = tmp_path / "own"
    folder.mkdir(mode=0o700)
    assert why_untrusted(folder) == ""
    return folder


@pytest.mark.parametrize(
    ("mode", "reason"),
    [(0o755, ""), (0o757, "everybody may write"), (0o1777, "everybody may write")],
)
def test_a_folder_others_write_into_is_not_trusted(own: Path, mode: int, reason: str) -> None:
    own.chmod(mode)
    assert reason in why_untrusted(own)
    assert bool(why_untrusted(own)) == bool(reason)


def test_a_file_is_as_safe_as_itself_and_every_folder_above(own: Path) -> None:
    below = own / "steps"
    below.mkdir(mode=0o700)
    step = below / "step.py"
    step.touch(0o600)
    assert why_untrusted(step) == ""
    step.chmod(0o602)
    assert str(step) in why_untrusted(step)
    step.chmod(0o600)
    own.chmod(0o707)
    assert f"everybody may write {own}" in why_untrusted(step)
    own.chmod(0o1707)
    assert why_untrusted(step) == ""  # as in /tmp: others cannot rename what is not theirs


def test_a_link_is_judged_by_where_it_leads(own: Path, tmp_path: Path) -> None:
    loose = tmp_path / "loose"
    loose.mkdir()
    loose.chmod(0o777)
    (own / "steps").symlink_to(loose)
    assert str(loose) in why_untrusted(own / "steps")


def test_what_is_not_there_is_not_trusted(own: Path) -> None:
    assert "cannot be looked at" in why_untrusted(own / "absent")


def test_what_belongs_to_another_user_is_not_trusted(own: Path) -> None:
    if ROOT:
        os.chown(own, 65534, 65534)
        assert "belongs to another user" in why_untrusted(own)
    else:
        assert "belongs to another user" in why_untrusted(own, uid=os.getuid() + 1)


@pytest.mark.skipif(not ROOT, reason="only root can give a folder to a group it is not in")
def test_a_group_of_several_is_not_trusted(own: Path) -> None:
    os.chown(own, 0, 65534)
    own.chmod(0o770)
    assert "a group may write" in why_untrusted(own)


# ------------------------------------------------------------------------------------ start-up


def test_reading_the_configuration_imports_next_to_nothing(tmp_path: Path) -> None:
    written(tmp_path, 'app = "a"\n[plugins]\ndeny = ["x"]')
    code = """
    import sys
    from prefcore.config import Config, find
    assert Config.load(find(sys.argv[1], {}), {}).app == "a"
    heavy = {"attrs", "attr", "pathlib", "logging", "difflib", "importlib.metadata", "pluggy"}
    print(*sorted(heavy & set(sys.modules)))
    """
    done = in_a_process(code, str(tmp_path), site=False)
    assert (done.stdout.split(), done.stderr) == ([], "")


def test_errors_are_ours_and_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(PrefcoreError) as caught:
        Config.load(written(tmp_path, "app = [\n\n"), {})
    assert "\n" not in caught.value.message
    assert caught.value.exit_code == 2
