"""The documentation, held to the code: what it shows runs, what it must name is named.

Every console block is run and compared, every Python block is run, and what the code offers
(hooks, commands, options, errors, exit codes, settings, names) is collected from the code, so that
something new without its heading or table row fails here.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import json
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, get_type_hints

import attrs
import click
import pytest
import yaml

import prefcore
from prefcore import config, errors, hookspecs, interfaces
from prefcore.cli import failures
from prefcore.cli.frame import _GLOBAL, CommandWithOthers
from prefcore.cli.program import cli
from prefcore.preferences import Preferences

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
EXAMPLE = DOCS / "examples" / "first-upgrade"
TUTORIAL = DOCS / "tutorial" / "first-upgrade.md"


def _loaded(file: Path) -> Any:
    """Give a script of the docs as a module; it has no package to be imported from."""
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module
    spec.loader.exec_module(module)
    return module


console: Any = _loaded(DOCS / "examples" / "console.py")
demo: Any = _loaded(EXAMPLE / "demo.py")

PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
#: Beside the pages, what is read by people and holds links.
OTHERS = [ROOT / name for name in ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")]
READMES = sorted(ROOT.glob("plugins/*/README.md"))

_BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
_CODE = re.compile(r"`([^`]+)`")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_KINDS = ("console", "python", "toml", "json", "yaml", "text")
#: A block that begins so is a file, which the other blocks of its page find.
_FILE = re.compile(r"# ([\w./-]+\.(?:py|toml))\n")


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def _with(pages: list[Path], kind: str) -> list[Path]:
    return [page for page in pages if f"\n```{kind}" in page.read_text(encoding="utf-8")]


def blocks(page: Path, kind: str) -> Iterator[tuple[int, str]]:
    """Give the blocks of a kind in a page, each with the line that its text begins on."""
    text = page.read_text(encoding="utf-8")
    for found in _BLOCK.finditer(text):
        if found[1] == kind:
            yield text.count("\n", 0, found.start(3)) + 1, found[3]


# ------------------------------------------------------------------------- what the pages show


#: A short id may be of digits alone, or of letters alone.
_SHORT_ID = re.compile(r"\b[0-9a-f]{8}\b")


def _normalised(text: str) -> str:
    return _SHORT_ID.sub("‹id›", console.normalised(text))


def differences(page: Path, shell: Any) -> list[str]:
    """Run the console blocks of a page; give each command that prints something else."""
    found = []
    shown = page.read_text(encoding="utf-8")
    shell.begin(shown)
    for command, promised in console.commands(shown):
        printed = shell.run(command)
        if _normalised(printed) != _normalised(promised):
            found.append(f"$ {command}\nthe page says:\n{promised}\nit prints:\n{printed}")
    return found


#: The tutorials have tests of their own; that of the first plugin is in test_wheels.
_OWN = (TUTORIAL, DOCS / "tutorial" / "first-plugin.md")
CONSOLE_PAGES = [page for page in _with([*PAGES, *READMES], "console") if page not in _OWN]


@pytest.mark.parametrize("page", CONSOLE_PAGES, ids=_name)
def test_commands_print_what_the_page_shows(page: Path, tmp_path: Path) -> None:
    assert "\n".join(differences(page, console.Console(tmp_path))) == ""


def test_the_demo_prints_what_the_tutorial_shows_and_notices_a_lost_value(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shell = console.Console(tmp_path)
    assert demo.demonstrate(shell) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "14 of the 15 settings of 2020 are exactly as they were" in out
    for command, promised in console.commands(TUTORIAL.read_text(encoding="utf-8")):
        _, command, out = out.partition(f"\n$ {command}\n")
        assert command, "it is not run"
        printed = re.split(r"\n(?:\$ |── |Checked: )", out, maxsplit=1)[0]
        assert _normalised(printed) == _normalised(promised), command
    assert demo.check(shell) == []
    shell.run("prefcore set go.lintTool revive --user kim")
    assert any("go.lintTool" in problem for problem in demo.check(shell))
    shell.run("prefcore undo")
    assert demo.check(shell) == []
    shell.run("prefcore unset go.vetFlags --user kim")
    assert any("go.vetFlags" in problem for problem in demo.check(shell))


def test_a_page_that_shows_something_else_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Page\n\n```console\n$ echo one\ntwo\n$ echo 7eee54de\n2cf1c04f\n```\n")
    (only,) = differences(page, console.Console(tmp_path / "."))
    assert only.startswith("$ echo one")


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("page", _with([*PAGES, *READMES], "python"), ids=_name)
def test_python_blocks_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A real module: typed classes evaluate their annotations in the one that they stand in.
    module = ModuleType("page")
    monkeypatch.setitem(sys.modules, "page", module)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_DATA_HOME", *ENVIRONMENT):
        monkeypatch.delenv(name, raising=False)
    for line, text in blocks(page, "python"):
        file = _FILE.match(text)
        if file is not None:
            _write(tmp_path / file[1], text)
            continue
        # Lines are counted as in the page, so that a traceback leads there.
        code = compile("\n" * (line - 1) + text, _name(page), "exec", dont_inherit=True)
        exec(code, vars(module))  # noqa: S102  # our own pages
    for name, found in list(sys.modules.items()):  # the page's own files are gone with its folder
        if str(getattr(found, "__file__", None)).startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.mark.parametrize("page", [*PAGES, *READMES, *OTHERS], ids=_name)
def test_blocks_are_of_a_kind_that_is_checked(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    fences = re.findall(r"^ *```.*$", text, re.MULTILINE)
    assert len(fences) % 2 == 0, "a block is not closed"
    for opening in fences[::2]:
        assert opening in ("```", *(f"```{kind}" for kind in _KINDS)), (
            f"{opening}: it would not be checked"
        )
    for _, block in blocks(page, "toml"):
        tomllib.loads(block)
    for _, block in blocks(page, "json"):
        json.loads(block)
    for _, block in blocks(page, "yaml"):
        yaml.safe_load(block)


def test_configuration_examples_are_read_by_the_program(tmp_path: Path) -> None:
    files = [
        block
        for _, block in blocks(DOCS / "reference" / "configuration.md", "toml")
        if block.startswith("app")
    ]
    assert files
    for block in files:
        (tmp_path / "prefcore.toml").write_text(block, encoding="utf-8")
        assert config.Config.load(tmp_path / "prefcore.toml", {}).app


# ------------------------------------------------------------------- what the pages must name


def _names_in(text: str) -> set[str]:
    """Give what a text names in headings and in the first cells of its tables."""
    named = set()
    for heading in _HEADING.findall(_without_blocks(text)):
        named |= set(_CODE.findall(heading)) | {heading}
    for line in _without_blocks(text).splitlines():
        if line.startswith("|"):
            named |= set(_CODE.findall(line.split("|")[1]))
    return {word for name in named for word in (name, name.partition("(")[0], name.split(" ")[0])}


def _without_blocks(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def page_text(name: str) -> str:
    """Give the text of a page of the reference."""
    return (DOCS / "reference" / f"{name}.md").read_text(encoding="utf-8")


def section(text: str, name: str) -> str:
    """Give what stands under the heading that names something in code, down to its next like."""
    found: list[str] = []
    level = 0
    in_block = False
    for line in text.splitlines():
        in_block ^= line.startswith("```")
        heading = None if in_block else re.match(r"(#{1,6}) +(.*)$", line)
        if heading and level and len(heading[1]) <= level:
            break
        if level:
            found.append(line)
        elif heading and name in [code.partition("(")[0] for code in _CODE.findall(heading[2])]:
            level = len(heading[1])
    assert level, f"no heading names `{name}`"
    return "\n".join(found)


def test_every_hook_has_a_heading_with_its_group_and_the_fields_of_its_type() -> None:
    hooks = {name for name, found in vars(hookspecs).items() if hasattr(found, "prefcore_spec")}
    assert hooks == {hook for hook, _ in hookspecs.KINDS.values()}
    text = page_text("hooks")
    for kind, (hook, declared) in hookspecs.KINDS.items():
        body = section(text, hook)
        assert f"`prefcore.{kind}`" in body, hook
        assert f"`{declared.__name__}`" in body, hook
        fields = {field.name for field in attrs.fields(declared)}
        assert fields <= _names_in(body), f"{hook} lacks {fields - _names_in(body)}"


def test_every_hook_has_an_example_that_implements_it() -> None:
    shown = "\n".join(text for _, text in blocks(DOCS / "reference" / "hooks.md", "python"))
    for hook, _ in hookspecs.KINDS.values():
        assert re.search(rf"^ *@hookimpl\n *def {hook}\(", shown, re.MULTILINE), hook


def _commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=path)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from _commands(found, f"{path} {name}")
    if isinstance(command, CommandWithOthers):
        for name in command.table:
            yield f"{path} {name}", command.other(name)


COMMANDS = dict(_commands(cli, "prefcore"))


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_has_a_heading_with_its_options_and_arguments(path: str) -> None:
    text = page_text("cli")
    body = text if path == "prefcore" else section(text, path)
    for one in _GLOBAL if path == "prefcore" else COMMANDS[path].params:
        word = one.opts[-1] if isinstance(one, click.Option) else one.make_metavar(_context(path))
        word = word.removesuffix("...").strip("[]")
        assert re.search(rf"{re.escape(word)}(?!\w)", body), f"{path}: {word} is not told of"


def _context(path: str) -> click.Context:
    return click.Context(COMMANDS[path], info_name=path)


def test_every_error_has_a_heading_or_row() -> None:
    assert set(errors.__all__) <= _names_in(page_text("errors"))


def test_every_exit_code_has_a_row() -> None:
    codes = {getattr(errors, name).exit_code for name in errors.__all__}
    codes |= {0, failures.BUG, failures.INTERRUPTED, failures.READER_GONE}
    rows = re.findall(r"^\| *`?(\d+)`? *\|", page_text("exit-codes"), re.MULTILINE)
    assert codes == set(map(int, rows))


def test_every_setting_of_prefcore_toml_has_a_row() -> None:
    named = _names_in(page_text("configuration"))
    settings = {*config._KEYS, *(f"plugins.{key}" for key in config._PLUGIN_KEYS)}
    assert {*settings, "targets.NAME.url", "targets.NAME.keep"} - {"plugins", "targets"} <= named


def _environment() -> set[str]:
    """Give the environment variables that the code asks for."""
    found = set()
    for folder in ("prefcore", "prefcore_testing", "plugins"):
        for file in (ROOT / folder).rglob("*.py"):
            if "tests" in file.relative_to(ROOT).parts:
                continue
            text = file.read_text(encoding="utf-8")
            found |= set(re.findall(r"\b_?PREFCORE_[A-Z_]+\b", text))
            found |= set(re.findall(r"environ(?:\.get\(|\[)\"([A-Z_]+)\"", text))
    return found


ENVIRONMENT = sorted(name for name in _environment() if "PREFCORE" in name)


def test_every_environment_variable_has_a_row() -> None:
    assert "PREFCORE_CONFIG" in ENVIRONMENT
    assert _environment() <= _names_in(page_text("configuration"))


def test_every_public_name_has_a_heading_or_row() -> None:
    assert set(prefcore.__all__) <= _names_in(page_text("python"))


def test_every_member_of_the_facade_has_a_heading_or_row() -> None:
    members = {name for name in dir(Preferences) if not name.startswith("_")}
    assert members <= _names_in(section(page_text("python"), "Preferences"))


@pytest.mark.parametrize(
    ("page", "module"),
    [
        ("interfaces", "prefcore.interfaces"),
        ("interfaces", "prefcore.hookspecs"),
        ("interfaces", "prefcore.model"),
        ("interfaces", "prefcore.canonical"),
        ("interfaces", "prefcore.audit"),
        ("interfaces", "prefcore.full_state"),
        ("values", "prefcore.values"),
        ("step-files", "prefcore.migration"),
        ("errors", "prefcore.errors"),
    ],
)
def test_every_name_that_plugins_may_import_has_a_heading_or_row(page: str, module: str) -> None:
    offered = set(importlib.import_module(module).__all__)
    missing = offered - _names_in(page_text(page))
    assert not missing


def test_every_method_of_a_protocol_has_a_row() -> None:
    text = page_text("interfaces")
    for name in _PROTOCOLS:
        own = vars(getattr(interfaces, name))
        methods = {one for one in own if one[0] != "_" and inspect.isfunction(own[one])}
        assert methods
        assert methods <= _names_in(section(text, name)), name


def test_step_operations_have_headings() -> None:
    migration = importlib.import_module("prefcore.migration")
    operations = {
        name
        for name in migration.__all__
        if inspect.isfunction(getattr(migration, name))
        and issubclass(_returned(getattr(migration, name)), migration.Operation)
    }
    assert {"add", "map_values", "remove", "rename"} <= operations
    for name in operations:
        assert section(page_text("step-files"), name)


def _returned(function: Any) -> type:
    found = get_type_hints(function).get("return")
    return found if isinstance(found, type) else object


def _parameters(call: str) -> list[str]:
    """Give the names of the parameters in a call as the pages write it."""
    tree = ast.parse(f"def {call.replace('…', '*more')}: ...").body[0]
    assert isinstance(tree, ast.FunctionDef)
    every = tree.args
    star = [every.vararg.arg] if every.vararg else []
    return [*(one.arg for one in every.args), *star, *(one.arg for one in every.kwonlyargs)]


_DOCUMENTED = ("Preferences", "Plugins", "SchemaDocument")
_PROTOCOLS = ("Format", "Target", "Store", "Snapshot", "Transaction", "KeyProvider")


def test_signatures_are_those_of_the_code() -> None:
    text = page_text("python")
    inner = [(getattr(prefcore, name), section(text, name)) for name in _DOCUMENTED]
    outer = text
    for _, body in inner:
        outer = outer.replace(body, "")
    promised = page_text("interfaces")
    inner += [(getattr(interfaces, name), section(promised, name)) for name in _PROTOCOLS]
    compared = 0
    for owner, body in [(prefcore, outer), *inner]:
        for call in re.findall(r"(?:^|^\| |, )`(\w+\([^`]*\))`", body, re.MULTILINE):
            found = getattr(owner, call.partition("(")[0], None)
            if found is not None:
                known = [p for p in inspect.signature(found).parameters if p != "self"]
                assert _parameters(call) == known, call
                compared += 1
    assert compared > 90


def test_the_architecture_names_every_module_of_core() -> None:
    named = set(_CODE.findall((DOCS / "explanation" / "architecture.md").read_text("utf-8")))
    core = ROOT / "prefcore"
    parts = [core, *(core / name for name in ("access", "facade", "plugins"))]
    modules = {file.stem for part in parts for file in part.glob("*.py")} - {"__init__"}
    folders = {f"prefcore/{file.parent.name}/" for file in ROOT.glob("prefcore/*/__init__.py")}
    assert (modules | folders) - named == set()


def test_the_arrows_of_the_architecture_are_those_that_are_held() -> None:
    house = ast.parse((ROOT / "tests" / "test_house.py").read_text(encoding="utf-8"))
    (lines,) = (
        ast.literal_eval(node.value)
        for node in house.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "LINES"
    )
    held = [set(line.replace(" ", "").split("·")) for line in lines.strip().splitlines()]
    told = next(text for _, text in blocks(DOCS / "explanation" / "architecture.md", "text"))
    shown = [set(line.split(" · ")) for line in told.strip().splitlines()]
    assert len(shown) == len(held) - 1, "the front door, prefcore, is left out"
    for names, full in zip(shown, held, strict=False):
        assert {name for name in names if not name.startswith("each ")} <= full


# ------------------------------------------------------------------------------- the pages


def _slug(heading: str) -> str:
    """Give the anchor of a heading, as the hosts of repositories make it."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


@pytest.mark.parametrize("page", [*PAGES, *OTHERS, *READMES], ids=_name)
def test_links_lead_somewhere(page: Path) -> None:
    text = _without_blocks(page.read_text(encoding="utf-8"))
    for link in _LINK.findall(text):
        if link.startswith("https://"):
            continue
        assert "://" not in link, f"{link}: not https"
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{link} leads nowhere"
        assert target.is_relative_to(ROOT), f"{link} leads out of the repository"
        if anchor:
            inner = _without_blocks(target.read_text(encoding="utf-8"))
            assert anchor in set(map(_slug, _HEADING.findall(inner))), f"{link}: no such heading"


def test_the_index_names_every_page() -> None:
    index = DOCS / "README.md"
    linked = {(DOCS / link).resolve() for link in _LINK.findall(index.read_text(encoding="utf-8"))}
    pages = {page for page in DOCS.rglob("*.md") if "examples" not in page.parts}
    assert pages - {index} - linked == set()


@pytest.mark.parametrize("page", [*PAGES, *OTHERS, *READMES], ids=_name)
def test_pages_name_no_machine(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for path in (str(ROOT), str(ROOT.parent) + "/", str(Path.home()) + "/"):
        assert path == "//" or path not in text
    named = re.findall(r"/(?:home|root|Users|mnt)/[\w.-]*", text)
    assert {name for name in named if not name.startswith(("/home/kim", "/home/me"))} == set()


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_pages_begin_with_their_title(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert re.match(r"# \S.*\n\n\S", text)
    assert len(re.findall(r"^# ", _without_blocks(text), re.MULTILINE)) == 1
