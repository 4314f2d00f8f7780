"""Plugins are found without being imported, loaded one by one, and cannot hurt each other."""

from __future__ import annotations

import importlib
import json
import logging
import subprocess
import sys
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from prefcore import hookspecs
from prefcore.errors import PluginError, PluginMissing, UsageError
from prefcore.hookspecs import hookimpl
from prefcore.interfaces import CONFLICT, HOOK_API, FormatInfo, MergeStrategyInfo, Sides
from prefcore.plugins.index import KINDS, PluginEntry, scan
from prefcore.plugins.loading import supports
from prefcore.plugins.manager import Plugins
from prefcore.values import UNSET
from prefcore_testing.distributions import write_distribution

_FORMAT = """
from prefcore.hookspecs import hookimpl
from prefcore.interfaces import FormatInfo

def format(id):
    return FormatInfo(
        id=id, summary="a toy", suffixes=["." + id], media_type="text/x-toy",
        capabilities=[], detect=lambda start: False, factory=object,
    )
"""
_GOOD = """
@hookimpl
def prefcore_formats():
    return [format("toy")]
"""


class Folder:
    """A folder on sys.path that distributions are installed into."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(
        self,
        body: str = _GOOD,
        *,
        id: str = "toy",
        name: str = "acme-toy",
        version: str = "1.0",
        value: str = "",
        ids: Mapping[str, str] | None = None,
        group: str = "prefcore.formats",
    ) -> None:
        """Install a distribution whose module has ``body`` and is named after it."""
        module = name.replace("-", "_")
        points = ids or {id: value or module}
        source = _FORMAT + dedent(body)
        write_distribution(
            self.path, name, version, entry_points={group: points}, modules={module: source}
        )


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[Folder]:
    """Nothing is installed but what a test adds; what it imports is forgotten afterwards."""
    path, modules = list(sys.path), set(sys.modules)
    sys.path[:] = [str(tmp_path), *(entry for entry in path if "site-packages" not in entry)]
    importlib.invalidate_caches()
    yield Folder(tmp_path)
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def entry(plugins: Plugins, id: str, distribution: str = "") -> PluginEntry:
    (found,) = (
        entry
        for entry in plugins.index
        if entry.id == id and entry.distribution.startswith(distribution)
    )
    return found


# ------------------------------------------------------------------------------------- the index


def test_listing_tells_all_and_imports_no_plugin_no_pluggy_and_no_types(tmp_path: Path) -> None:
    write_distribution(
        tmp_path,
        "acme-toy",
        "1.2",
        entry_points={"prefcore.formats": {"toy": "acme_toy"}, "other.group": {"x": "y"}},
        modules={"acme_toy": "raise AssertionError('imported')"},
    )
    code = """
    import sys
    sys.path.insert(0, sys.argv[1])
    from prefcore.plugins.manager import Plugins
    assert "importlib.metadata" not in sys.modules
    plugins = Plugins.from_environment(environ={})
    for entry in plugins.index:
        print(entry.kind, entry.id, entry.distribution, entry.version, entry.value, entry.status)
    print(plugins.formats.ids(), plugins.problems)
    print(sorted({"acme_toy", "pluggy", "prefcore.interfaces", "cattrs"} & set(sys.modules)))
    """
    done = subprocess.run(
        [sys.executable, "-S", "-c", dedent(code), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
        env={"PYTHONPATH": _site_of("attrs")},
    )
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert lines[0] == "formats toy acme-toy 1.2 acme_toy found"
    assert lines[-1] == "[]"
    assert "stores sqlite prefcore" in done.stdout


def _site_of(module: str) -> str:
    return str(Path(__import__(module).__file__ or "").parent.parent)


def test_the_index_is_sorted_by_distribution_and_id_not_by_the_file_system(
    installed: Folder,
) -> None:
    for name in ("zeta", "alpha", "mid"):
        installed.add(name=name, ids={f"{name}-b": name, f"{name}-a": name})
    order = [(e.distribution, e.id) for e in Plugins(discover=True).index]
    assert order == sorted(order)
    assert order[:2] == [("alpha", "alpha-a"), ("alpha", "alpha-b")]


def test_kinds_are_those_of_the_hook_specs() -> None:
    assert list(KINDS) == list(hookspecs.KINDS)


def test_core_declares_every_id_that_its_index_names() -> None:
    plugins = Plugins()
    statuses = {entry.name: entry.status for entry in plugins.load_all()}
    assert set(statuses.values()) == {"loaded"}
    assert plugins.problems == ()
    assert plugins.stores.ids() == ("memory", "sqlite")


def test_a_distribution_that_is_there_twice_is_one(installed: Folder, tmp_path: Path) -> None:
    editable = tmp_path / "editable"
    write_distribution(editable, "Acme.Toy", "2.0", entry_points={"prefcore.formats": {"toy": "m"}})
    installed.add(name="acme-toy")
    sys.path.insert(0, str(editable))
    plugins = Plugins(discover=True)
    assert (entry(plugins, "toy").version, plugins.problems) == ("2.0", ())


def test_a_distribution_hides_the_entry_points_of_its_other_copy(
    installed: Folder, tmp_path: Path
) -> None:
    editable = tmp_path / "editable"
    write_distribution(editable, "acme-toy", "2.0")
    installed.add(name="acme-toy")
    sys.path.insert(0, str(editable))
    assert Plugins(discover=True).formats.ids() == ()


@pytest.mark.parametrize(
    ("file", "text"),
    [
        pytest.param("entry_points.txt", "[prefcore.formats]\nno equals sign\n", id="no pair"),
        pytest.param("entry_points.txt", "[prefcore.formats]\nbad = \xff\n", id="no UTF-8"),
        pytest.param("METADATA", "Metadata-Version: 2.1\n", id="no name"),
    ],
)
def test_damaged_metadata_is_a_problem_that_names_the_folder(
    installed: Folder, tmp_path: Path, file: str, text: str
) -> None:
    installed.add(name="acme-good")
    installed.add(name="acme-bad", id="bad")
    (tmp_path / "acme_bad-1.0.dist-info" / file).write_bytes(text.encode("latin-1"))
    plugins = Plugins(discover=True)
    assert plugins.formats.get("toy").id == "toy"
    (problem,) = plugins.problems
    assert problem.stage == "metadata"
    assert "acme_bad-1.0.dist-info" in problem.message


def test_a_misspelt_kind_of_entry_points_gets_a_hint(installed: Folder) -> None:
    installed.add(group="prefcore.format")
    installed.add(name="acme-later", group="prefcore.commands")  # of a prefcore to come
    (problem,) = Plugins(discover=True).problems
    assert "did you mean formats?" in problem.message
    assert problem.distribution == "acme-toy"


# -------------------------------------------------------------------------------- loading by id


def test_asking_for_one_imports_that_one_only(installed: Folder) -> None:
    installed.add()
    installed.add(name="acme-other", id="other")
    plugins = Plugins(discover=True)
    info = plugins.formats.get("toy")
    assert isinstance(info, FormatInfo)
    assert plugins.formats.get("toy") is info
    assert "acme_toy" in sys.modules
    assert "acme_other" not in sys.modules
    assert [entry(plugins, id).status for id in ("toy", "other")] == ["loaded", "found"]


@pytest.mark.parametrize(
    "value", ["acme_toy", "acme_toy:inner", "acme_toy:Holder.inner", "acme_toy [extra]"]
)
def test_an_entry_point_names_a_module_or_an_object_in_it(installed: Folder, value: str) -> None:
    body = """
    class Inner:
        @hookimpl
        def prefcore_formats(self):
            return [format("toy")]

    class Holder:
        inner = Inner()

    inner = Holder.inner
    """
    installed.add(_GOOD + dedent(body), value=value)
    assert Plugins(discover=True).formats.get("toy").id == "toy"


def test_one_module_may_stand_behind_two_ids(installed: Folder) -> None:
    body = """
    @hookimpl
    def prefcore_formats():
        yield format("one")
        yield format("two")
    """
    installed.add(body, ids={"one": "acme_toy", "two": "acme_toy"})
    plugins = Plugins(discover=True)
    assert [info.id for info in plugins.formats.all()] == ["one", "two"]
    assert plugins.problems == ()


def test_an_application_is_the_id_of_its_migrations(installed: Folder) -> None:
    body = """
    from prefcore.interfaces import MigrationsInfo

    @hookimpl
    def prefcore_migrations():
        return [MigrationsInfo(app="golang.go", summary="steps", steps=list)]
    """
    installed.add(body, id="golang.go", group="prefcore.migrations")
    assert Plugins(discover=True).migrations.get("golang.go").app == "golang.go"


@pytest.mark.parametrize(
    ("kind", "id", "parts"),
    [
        pytest.param(
            "formats", "toml", ["no format 'toml'", "pip install prefcore-toml"], id="ours"
        ),
        pytest.param("backup_targets", "s3", ["pip install prefcore-s3"], id="our target"),
        pytest.param("formats", "toyy", ["installed are toy", "did you mean toy?"], id="misspelt"),
        pytest.param("key_providers", "x", ["no key provider", "none is installed"], id="none"),
    ],
)
def test_what_is_missing_is_told_with_what_to_do(
    installed: Folder, kind: str, id: str, parts: list[str]
) -> None:
    installed.add()
    with pytest.raises(PluginMissing) as caught:
        Plugins(discover=True).get(kind, id)
    assert all(part in caught.value.message for part in parts)
    assert caught.value.exit_code == 18


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(UsageError, match=r"did you mean formats\?"):
        Plugins().get("format", "json")


# ------------------------------------------------------------------------------------ isolation

_BROKEN = {
    "import": ("import acme_absent", "import", "ModuleNotFoundError: No module named"),
    "exit": ("raise SystemExit(3)", "import", "SystemExit: 3"),
    "syntax": ("def (", "import", "SyntaxError"),
    "deep": ("def f(): f()\nf()", "import", "RecursionError"),
    "misspelt": (
        "@hookimpl\ndef prefcore_format(): return [format('toy')]",
        "signature",
        "there is no hook prefcore_format; did you mean prefcore_formats?",
    ),
    "unmarked": ("def prefcore_formats(): return []", "signature", "mark it @hookimpl"),
    "argument": ("@hookimpl\ndef prefcore_formats(x): return []", "signature", "Argument(s) {'x'}"),
    "wrapper": (
        "@hookimpl(wrapper=True)\ndef prefcore_formats(): return (yield)",
        "signature",
        "cannot be a wrapper",
    ),
    "call": ("@hookimpl\ndef prefcore_formats(): 1 / 0", "call", "ZeroDivisionError"),
    "exit in call": ("@hookimpl\ndef prefcore_formats(): raise SystemExit", "call", "SystemExit"),
    "late": (
        "@hookimpl\ndef prefcore_formats():\n    yield format('toy')\n    1 / 0",
        "call",
        "ZeroDivisionError",
    ),
    "none": ("@hookimpl\ndef prefcore_formats(): pass", "declaration", "gave None"),
    "single": ("@hookimpl\ndef prefcore_formats(): return format('toy')", "declaration", "a list"),
    "text": ("@hookimpl\ndef prefcore_formats(): return 'toy'", "declaration", "gave a str"),
    "type": (
        "@hookimpl\ndef prefcore_formats(): return [{'id': 'toy'}]",
        "declaration",
        "gave a dict in its list; prefcore_formats gives a list of FormatInfo",
    ),
    "no id": (
        """
        @hookimpl
        def prefcore_formats():
            from attrs import evolve
            return [evolve(format("toy"), id=3)]
        """,
        "declaration",
        "the id 3",
    ),
    "other id": (
        "@hookimpl\ndef prefcore_formats(): return [format('toi')]",
        "declaration",
        "its entry point is named toy, but it declares toi",
    ),
    "nothing": ("", "declaration", "declares nothing"),
    "twice": (
        "@hookimpl\ndef prefcore_formats(): return [format('toy')] * 2",
        "declaration",
        "declares toy, toy",
    ),
    "range": ("prefcore_hook_api = 1", "declaration", "not 1"),
    "bad range": ("prefcore_hook_api = '~=1'", "declaration", "'~=1' is no range"),
}


@pytest.mark.parametrize(("body", "stage", "text"), _BROKEN.values(), ids=_BROKEN)
def test_a_broken_plugin_is_recorded_and_the_others_work(
    installed: Folder, caplog: pytest.LogCaptureFixture, body: str, stage: str, text: str
) -> None:
    installed.add(body, version="1.5")
    installed.add(_GOOD.replace("toy", "good"), name="acme-good", id="good")
    plugins = Plugins(discover=True)

    assert [info.id for info in plugins.formats.all()] == ["good"]
    (problem,) = plugins.problems
    assert (problem.distribution, problem.version) == ("acme-toy", "1.5")
    assert (problem.kind, problem.id, problem.stage) == ("formats", "toy", stage)
    assert text in problem.message
    assert "\n" not in problem.message
    assert entry(plugins, "toy").status == "broken"

    with pytest.raises(PluginError) as caught:
        plugins.formats.get("toy")
    assert caught.value.message == problem.message
    assert caught.value.__cause__ is problem.exception
    assert not isinstance(caught.value, PluginMissing)

    plugins.load_all()
    assert [record.getMessage() for record in caplog.records] == [problem.message]
    assert caplog.records[0].name == "prefcore"
    assert caplog.records[0].levelno == logging.WARNING


@pytest.mark.parametrize(("body", "stage", "text"), _BROKEN.values(), ids=_BROKEN)
def test_strict_raises_at_once(installed: Folder, body: str, stage: str, text: str) -> None:
    installed.add(body)
    with pytest.raises(PluginError) as caught:
        Plugins(discover=True, strict=True).load_all()
    assert text in caught.value.message
    assert caught.value.stage == stage


def test_a_broken_module_behind_two_ids_is_warned_of_once(
    installed: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    installed.add("1 / 0", ids={"one": "acme_toy", "two": "acme_toy"})
    plugins = Plugins(discover=True)
    assert plugins.formats.all() == ()
    assert [problem.id for problem in plugins.problems] == ["one", "two"]
    assert len(caplog.records) == 1


def test_an_interrupt_is_the_users_and_not_the_plugins(installed: Folder) -> None:
    installed.add("raise KeyboardInterrupt")
    plugins = Plugins(discover=True)
    with pytest.raises(KeyboardInterrupt):
        plugins.formats.get("toy")
    assert entry(plugins, "toy").status == "found"


def test_a_second_misspelt_hook_is_told_while_the_first_hook_works(installed: Folder) -> None:
    installed.add(_GOOD + "\n@hookimpl\ndef prefcore_store(): return []\n")
    plugins = Plugins(discover=True)
    assert plugins.formats.get("toy").id == "toy"
    (problem,) = plugins.problems
    assert "did you mean prefcore_stores?" in problem.message
    assert entry(plugins, "toy").status == "loaded"


def test_an_id_without_entry_point_is_told_to_its_author(installed: Folder) -> None:
    installed.add("@hookimpl\ndef prefcore_formats(): return [format('toy'), format('hidden')]")
    plugins = Plugins(discover=True)
    assert [info.id for info in plugins.formats.all()] == ["toy"]
    (problem,) = plugins.problems
    assert "declares hidden too, which no entry point names" in problem.message


# ------------------------------------------------------------------------------- range of the API


@pytest.mark.parametrize(
    ("bounds", "version", "expected"),
    [
        (">=1,<2", "1.0", True),
        (">=1,<2", "1.9", True),
        (">=1,<2", "2.0", False),
        (">= 1.2 , < 2", "1.1", False),
        (">1.0", "1.0", False),
        ("==1.10", "1.10", True),
        ("<=1.9", "1.10", False),
        ("==1", "1.1", False),
    ],
)
def test_a_range_holds_versions_by_number(bounds: str, version: str, expected: bool) -> None:
    assert supports(bounds, version) is expected


@pytest.mark.parametrize("bounds", ["", "1", "~=1", ">=1,", ">=1.2.3", ">=x"])
def test_anything_else_is_no_range(bounds: str) -> None:
    with pytest.raises(ValueError, match="no range"):
        supports(bounds, "1.0")


@pytest.mark.parametrize("value", ["acme_toy", "acme_toy:inner"])
def test_a_plugin_for_another_api_is_incompatible_not_broken(installed: Folder, value: str) -> None:
    installed.add("prefcore_hook_api = '>=2'\ninner = object()", value=value)
    plugins = Plugins(discover=True)
    assert plugins.formats.all() == ()
    assert entry(plugins, "toy").status == "incompatible"
    with pytest.raises(PluginError, match=f"supports hook API >=2, and this is {HOOK_API}"):
        plugins.formats.get("toy")


def test_a_plugin_within_its_range_is_loaded(installed: Folder) -> None:
    installed.add("prefcore_hook_api = '>=1,<2'\n" + _GOOD)
    assert Plugins(discover=True).formats.get("toy").id == "toy"


# -------------------------------------------------------------------------------------- clashes


def test_a_clash_disables_that_id_alone_and_names_both(
    installed: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    installed.add(name="acme-toy")
    installed.add(name="rival-toy", version="2.0")
    installed.add(_GOOD.replace("toy", "good"), name="acme-good", id="good")
    plugins = Plugins(discover=True)
    assert plugins.formats.ids() == ("good",)
    assert [entry(plugins, "toy", who).status for who in ("acme", "rival")] == ["clash"] * 2
    with pytest.raises(PluginError) as caught:
        plugins.formats.get("toy")
    assert "offered by acme-toy 1.0 and rival-toy 2.0" in caught.value.message
    assert '[plugins.choose] "formats.toy" = "acme-toy"' in caught.value.message
    assert [info.id for info in plugins.formats.all()] == ["good"]
    assert len(plugins.problems) == len(caplog.records) == 1
    assert "acme_toy" not in sys.modules


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({"choose": {"formats.toy": "Rival_Toy"}}, id="chosen"),
        pytest.param({"deny": ["acme-toy"]}, id="the other denied"),
        pytest.param({"allow": ["rival-toy==2.0"]}, id="allowed alone"),
    ],
)
def test_a_setting_resolves_a_clash(installed: Folder, settings: dict[str, Any]) -> None:
    installed.add(name="acme-toy")
    installed.add(name="rival-toy", version="2.0")
    plugins = Plugins(discover=True, strict=True, **settings)
    assert plugins.formats.get("toy").id == "toy"
    assert entry(plugins, "toy", "rival").status == "loaded"
    assert entry(plugins, "toy", "acme").status == "denied"
    assert "acme_toy" not in sys.modules


def test_what_was_chosen_is_never_replaced_by_another(installed: Folder) -> None:
    installed.add(name="rival-toy")
    plugins = Plugins(discover=True, choose={"formats.toy": "acme-toy"})
    with pytest.raises(PluginError, match=r"formats\.toy is to come from acme-toy"):
        plugins.formats.get("toy")


def test_a_claim_on_cores_own_id_does_not_take_it_away(installed: Folder) -> None:
    installed.add(id="sqlite", group="prefcore.stores")
    plugins = Plugins(discover=True)
    assert plugins.stores.get("sqlite").id == "sqlite"
    assert entry(plugins, "sqlite", "acme").status == "clash"
    (problem,) = plugins.problems
    assert "core's own is used" in problem.message
    chosen = Plugins(discover=True, choose={"stores.sqlite": "acme-toy"})
    assert entry(chosen, "sqlite", "prefcore").status == "denied"
    assert entry(chosen, "sqlite", "acme").status == "found"


# --------------------------------------------------------------------------------- allow and deny


@pytest.mark.parametrize(
    ("allow", "deny", "usable"),
    [
        pytest.param([], [], True, id="no lists"),
        pytest.param([], ["toy"], False, id="deny an id"),
        pytest.param([], ["formats.toy"], False, id="deny a kind and id"),
        pytest.param([], ["stores.toy"], True, id="deny the id of another kind"),
        pytest.param([], ["Acme_Toy"], False, id="deny a distribution"),
        pytest.param([], ["acme-toy==1.0"], False, id="deny this version"),
        pytest.param([], ["acme-toy==0.9"], True, id="deny another version"),
        pytest.param([], ["*"], False, id="deny all"),
        pytest.param(["toy"], [], True, id="allow the id"),
        pytest.param(["acme-toy == 1.0"], [], True, id="allow this version"),
        pytest.param(["acme-toy==1.1"], [], False, id="allow another version"),
        pytest.param(["other"], [], False, id="allow another"),
        pytest.param(["toy"], ["acme-toy"], False, id="deny wins"),
    ],
)
def test_lists_decide_before_anything_is_imported(
    installed: Folder, allow: list[str], deny: list[str], usable: bool
) -> None:
    installed.add()
    plugins = Plugins(discover=True, allow=allow, deny=deny)
    assert plugins.formats.ids() == (("toy",) if usable else ())
    plugins.load_all()
    assert ("acme_toy" in sys.modules) is usable
    assert entry(plugins, "toy").status == ("loaded" if usable else "denied")
    assert "sqlite" in plugins.stores.ids()
    if not usable:
        with pytest.raises(PluginError, match="is not used: ") as caught:
            plugins.formats.get("toy")
        assert entry(plugins, "toy").reason in caught.value.message


def test_cores_own_can_be_denied_by_name() -> None:
    assert Plugins(deny=["memory"]).stores.ids() == ("sqlite",)


@pytest.mark.parametrize(
    ("environ", "allow", "ids"),
    [
        ({}, [], ("one", "two")),
        ({"PREFCORE_PLUGINS_DENY": "one, x"}, [], ("two",)),
        ({"PREFCORE_PLUGINS_ALLOW": "one"}, [], ("one",)),
        ({"PREFCORE_PLUGINS_ALLOW": "one,two"}, ["two"], ("two",)),
        ({"PREFCORE_PLUGINS_ALLOW": " "}, [], ("one", "two")),
    ],
)
def test_the_environment_only_takes_away(
    installed: Folder, environ: dict[str, str], allow: list[str], ids: tuple[str, ...]
) -> None:
    installed.add(ids={"one": "acme_toy", "two": "acme_toy"})
    assert Plugins.from_environment(allow=allow, environ=environ).formats.ids() == ids


@pytest.mark.parametrize("rule", ["", "a b", "toy>=1", "toy==", "toy==1,2", "==1"])
def test_a_rule_that_is_none_is_refused(rule: str) -> None:
    with pytest.raises(UsageError, match="is no rule for plugins"):
        Plugins(deny=[rule])


def test_a_text_is_no_list_of_rules() -> None:
    with pytest.raises(UsageError, match="a list of plugin rules"):
        Plugins(deny="toy")


def test_a_choice_names_kind_and_id() -> None:
    with pytest.raises(UsageError, match=r"such as formats\.toml"):
        Plugins(choose={"toml": "prefcore-toml"})


# ---------------------------------------------------------------------------- explicit composition


def strategy(id: str) -> MergeStrategyInfo:
    return MergeStrategyInfo(id=id, summary="a toy", resolve=lambda sides: sides.ours)


class Composed:
    """What an application writes: an object with hooks."""

    def __init__(self, *ids: str) -> None:
        self.ids = ids

    @hookimpl
    def prefcore_merge_strategies(self) -> list[MergeStrategyInfo]:
        return [strategy(id) for id in self.ids]


def test_an_application_composes_its_own_set_without_metadata(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = types.ModuleType("app_plugins")
    module.prefcore_merge_strategies = hookimpl(  # type: ignore[attr-defined]  # made at run time
        lambda: [strategy("mine")], specname="prefcore_merge_strategies"
    )
    monkeypatch.setitem(sys.modules, "importlib.metadata", None)  # importing it would raise
    plugins = Plugins([module, Composed("yours")])
    assert plugins.merge_strategies.get("mine").id == "mine"
    assert {"mine", "yours", "ours"} <= set(plugins.merge_strategies.ids())
    assert (entry(plugins, "mine").distribution, entry(plugins, "mine").value) == (
        "",
        "app_plugins",
    )
    assert plugins.problems == ()


def test_two_objects_of_one_class_are_two_plugins() -> None:
    plugins = Plugins([Composed("a"), Composed("b")])
    assert {"a", "b"} <= set(plugins.merge_strategies.ids())


def test_two_composed_plugins_of_one_id_clash() -> None:
    plugins = Plugins([Composed("a"), Composed("a")])
    with pytest.raises(PluginError, match=r"the application \(Composed\)"):
        plugins.merge_strategies.get("a")
    chosen = Plugins([Composed("a"), Composed("a")], choose={"merge_strategies.a": "Composed#2"})
    assert chosen.merge_strategies.get("a").id == "a"


def test_a_broken_composed_plugin_is_a_problem_and_strict_raises() -> None:
    plugins = Plugins([Composed("a", "a"), Composed("b")])
    assert plugins.merge_strategies.get("b").id == "b"
    (problem,) = plugins.problems
    assert "declares merge_strategies.a twice" in problem.message
    with pytest.raises(PluginError, match="twice"):
        Plugins([Composed("a", "a")], strict=True).index  # noqa: B018  # reading it does the work


def test_what_is_composed_may_be_installed_too(installed: Folder) -> None:
    installed.add()
    plugins = Plugins([importlib.import_module("acme_toy")], discover=True, strict=True)
    assert plugins.formats.get("toy").id == "toy"
    assert entry(plugins, "toy").origin == "the application (acme_toy)"


def test_a_name_is_no_plugin() -> None:
    with pytest.raises(UsageError, match="not the text 'acme_toy'"):
        Plugins(["acme_toy"])


def test_each_set_is_its_own() -> None:
    assert "a" not in Plugins().merge_strategies.ids()
    assert "a" in Plugins([Composed("a")]).merge_strategies.ids()


# ------------------------------------------------------------------------------------- in numbers


def test_two_hundred_other_distributions_are_not_even_parsed(
    installed: Folder, tmp_path: Path
) -> None:
    installed.add()
    for number in range(200):
        info = write_distribution(
            tmp_path, f"other-{number}", entry_points={"console_scripts": {"x": "y:z"}}
        )
        (info / "METADATA").write_bytes(b"\xff")  # reading it as text would raise
    plugins = Plugins(discover=True, strict=True)
    assert plugins.formats.ids() == ("toy",)


def test_sixty_plugins_of_which_four_are_bad_give_three_warnings(
    installed: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(56):
        body = _GOOD.replace("toy", f"t{number}")
        installed.add(body, name=f"acme-t{number}", id=f"t{number}")
    installed.add("1 / 0", name="bad-import", id="raising")
    installed.add(_BROKEN["misspelt"][0], name="bad-hook", id="misspelt")
    installed.add(name="bad-first", id="shared")
    installed.add(name="bad-second", id="shared")
    before = set(sys.modules)  # another test of this process may have imported an application
    plugins = Plugins(discover=True)
    assert not [name for name in set(sys.modules) - before if name.startswith(("acme_", "bad_"))]
    stories = [e.status for e in plugins.load_all() if e.distribution.startswith("bad-")]
    assert sorted(stories) == ["broken", "broken", "clash", "clash"]
    assert len(plugins.formats.all()) == 56
    assert len(caplog.records) == 3
    told = " ".join(record.getMessage() for record in caplog.records)
    assert all(name in told for name in ("bad-import", "bad-hook", "bad-first", "bad-second"))


def test_problems_are_data(installed: Folder) -> None:
    installed.add("1 / 0")
    plugins = Plugins(discover=True)
    plugins.load_all()
    import attrs

    (problem,) = plugins.problems
    record = attrs.asdict(problem)
    record["exception"] = repr(record["exception"])
    assert json.loads(json.dumps(record)) == {
        "distribution": "acme-toy",
        "version": "1.0",
        "kind": "formats",
        "id": "toy",
        "stage": "import",
        "exception": "ZeroDivisionError('division by zero')",
        "hint": "reinstall or update it, or deny it in prefcore.toml",
    }


# ---------------------------------------------------------------------------- core's strategies


def moment(day: int) -> object:
    from datetime import UTC, datetime

    return datetime(2024, 1, day, tzinfo=UTC)


@pytest.mark.parametrize(
    ("id", "facts", "expected"),
    [
        ("ours", {}, 1),
        ("theirs", {}, 2),
        ("theirs", {"theirs": UNSET}, UNSET),
        ("base", {}, 0),
        ("base", {"base": UNSET}, CONFLICT),
        ("fail", {}, CONFLICT),
        ("newest", {}, CONFLICT),
        ("newest", {"ours_at": 2, "theirs_at": 1}, 1),
        ("newest", {"ours_at": 1, "theirs_at": 2}, 2),
        ("newest", {"ours_at": 2, "theirs_at": 2}, CONFLICT),
        ("newest", {"ours_at": 2}, CONFLICT),
        ("oldest", {"ours_at": 2, "theirs_at": 1}, 2),
        ("oldest", {"ours_at": 1, "theirs_at": 2}, 1),
        ("oldest", {"theirs_at": 2}, CONFLICT),
    ],
)
def test_a_core_strategy_decides(id: str, facts: dict[str, object], expected: object) -> None:
    times = {name: moment(day) for name, day in facts.items() if name.endswith("_at")}  # type: ignore[arg-type]  # days are ints
    given = {"key": "k", "base": 0, "ours": 1, "theirs": 2, **facts, **times}
    sides = Sides(**given)  # type: ignore[arg-type]  # a table of facts
    assert Plugins().merge_strategies.get(id).resolve(sides) is expected


def test_a_distribution_whose_folder_is_called_otherwise_is_read_nevertheless(
    tmp_path: Path,
) -> None:
    info = write_distribution(
        tmp_path, "prefcore-oddly", entry_points={"prefcore.formats": {"odd": "odd:info"}}
    )
    info.rename(tmp_path / "another-1.0.dist-info")
    entries, problems = scan([str(tmp_path)])
    assert ("odd", "prefcore-oddly") in {(one.id, one.distribution) for one in entries}
    assert problems == []
