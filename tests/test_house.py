"""The architecture, held by machine: who may import whom, and where each thing has its place.

``faults`` judges a tree by the tables below (docs/explanation/architecture.md); the tests ask it
about this repository, and about small trees that are wrong on purpose.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import attrs
import pytest

ROOT = Path(__file__).parent.parent

#: A line may import only from lines above it; names on one line do not import each other. A name
#: is a module of ``prefcore`` or a package with all that is in it, unless its parts are named too.
LINES = """
    errors
    values · host · deprecation · access.roles · whole_files · access.key_names
    access · access.policy
    model · access.files
    access.in_force · canonical · resolution · merge · conflicts · retention · schema · \
        security · compression · config
    audit · migration · environment · keys · origins
    trust
    full_state · planning
    interfaces
    access.judging · detection
    hookspecs · documents · layout · plugins · plugins.problems · vault · sealed_files · \
        facade · facade.heads
    plugins.index · plugins.loading
    plugins.policy · plugins.holding
    plugins.manager · engines.comparing · engines.exporting · engines.importing · \
        engines.migrating · engines.registering · engines.reencrypting · engines.history · \
        engines.refusing · engines.updating · engines.converting · engines.backups · \
        engines.auditing · engines.pruning · builtin.sqlite_store · builtin.memory_store · \
        builtin.strategies
    engines · builtin · builtin.hooks · plugins.checks · plugins.watching · facade.notary
    facade.act · access.known_declarations
    facade.workplace · facade.other_versions · facade.backups · access.sources
    lookup · facade.meeting · facade.auditing
    facade.guarding
    facade.browsing · facade.acts · facade.views · facade.templating · facade.releasing · \
        facade.registry
    facade.inspecting
    facade.performing
    facade.checking
    facade.changing · facade.moving · facade.keeping · facade.revealing
    facade.upgrading · facade.pruning
    preferences
    cli
    prefcore
"""

#: Arrows that the lines would allow and the design forbids.
NEVER = {
    "engines": (
        "plugins.manager",
        "plugins.problems",
        "plugins.holding",
        "plugins.index",
        "plugins.loading",
        "plugins.policy",
    ),
    "lookup": ("schema", "attrs"),  # `prefcore get` imports it, and nothing that is slow
}

#: Arrows against the lines, with the reason.
AGAINST = {
    ("prefcore.facade.templating", "prefcore.preferences"): "it works on the facade; typing only",
    ("prefcore.facade.views", "prefcore.facade.changing"): "it works on the facade; typing only",
}

#: What plugins, core's own among them, may import of core: the names in these modules' __all__.
PUBLIC = (
    *("errors", "values", "model", "canonical", "audit", "full_state", "migration", "interfaces"),
    "layout",
    "hookspecs",
)

#: Third-party libraries (and slow parts of the standard library), each with its one home.
HOMES: Mapping[str, tuple[str, ...]] = {
    "attrs": ("prefcore", "prefcore_testing"),
    "backports.zstd": ("prefcore.compression",),
    "compression": ("prefcore.compression",),  # the standard library's, from Python 3.14 on
    "cattrs": ("prefcore.schema.structuring",),
    "click": ("prefcore.cli",),
    "cryptography": ("prefcore.security",),
    "hypothesis": ("prefcore_testing",),
    "importlib.metadata": ("prefcore.plugins.index",),
    "msgpack": ("prefcore_binary",),
    "msgspec": ("prefcore_json", "prefcore_binary"),
    "obstore": ("prefcore_s3",),
    "pluggy": ("prefcore.hookspecs", "prefcore.plugins.holding"),
    "pytest": ("prefcore_testing",),
    "re2": ("prefcore.schema.patterns",),
    "sqlite3": ("prefcore.builtin.sqlite_store",),
    "tomlkit": ("prefcore_toml",),
    "yaml": ("prefcore_yaml",),
}

#: Modules beside front doors, plugins and the CLI that import inside functions: what, and why.
LATE = {
    ("prefcore.access.files", "difflib"): "only a misspelt role needs it",
    ("prefcore.access.files", "tomllib"): "4 ms, and mostly there is no policy",
    ("prefcore.facade.auditing", "prefcore.security.signing"): "as prefcore.keys",
    ("prefcore.facade.guarding", "logging"): "as for prefcore.plugins.manager",
    ("prefcore.compression", "backports.zstd"): "19 ms, for what is compressed by zstd",
    ("prefcore.compression", "compression.zstd"): "as backports.zstd",
    ("prefcore.config", "difflib"): "only a misspelt setting needs it",
    ("prefcore.config", "tomllib"): "8 ms, and most folders have no prefcore.toml",
    ("prefcore.host", "ctypes"): "only Windows needs it",
    ("prefcore.host", "grp"): "Windows has none",
    ("prefcore.host", "pwd"): "Windows has none",
    ("prefcore.keys", "prefcore.security.ring_folder"): "30 ms for ciphers, if there are secrets",
    ("prefcore.facade.notary", "logging"): "as for prefcore.plugins.manager",
    ("prefcore.facade.notary", "prefcore.security.remembered"): "as prefcore.keys",
    ("prefcore.facade.notary", "prefcore.security.signing"): "as prefcore.keys",
    ("prefcore.facade.meeting", "logging"): "as for prefcore.plugins.manager",
    ("prefcore.plugins.index", "importlib.metadata"): "25 to 60 ms, for what lists plugins",
    ("prefcore.plugins.loading", "import_module"): "it is what loads plugins",
    ("prefcore.plugins.manager", "logging"): "5 ms, for what has something to warn of",
    ("prefcore.plugins.holding", "pluggy"): "a listing of plugins loads none",
    ("prefcore.plugins.holding", "prefcore.hookspecs"): "as pluggy",
    ("prefcore.plugins.holding", "prefcore.interfaces"): "40 ms, for what loads a plugin",
    ("prefcore.facade.revealing", "prefcore.engines.reencrypting"): "as prefcore.keys",
    ("prefcore.schema.patterns", "re2"): "5 ms, and most schemas have no pattern",
    ("prefcore.sealed_files", "prefcore.security.stream"): "30 ms, for what is encrypted",
    ("prefcore.security.ring_folder", "fcntl"): "Windows has none",
    ("prefcore.whole_files", "fcntl"): "Windows has none",
    ("prefcore.values.texts", "hashlib"): "2 ms, and `prefcore get` makes no digest",
}

#: Module-level containers that are filled while running, with the reason.
STATE = {
    "prefcore.builtin.sqlite_store.connections._of_parents": "must outlive every store, see there",
    "prefcore.builtin.sqlite_store.store._statements": "a cache of SQL by number of sets",
}

TOP_FOLDERS = {".ci", "docs", "plugins", "prefcore", "prefcore_testing", "tests"}

_EMPTY_CALLS = {"dict", "list", "set", "defaultdict", "Counter", "OrderedDict", "deque", "local"}
_EMPTY_CALLS |= {"WeakKeyDictionary", "WeakValueDictionary", "WeakSet", "Lock", "RLock"}
_READ_ONLY = ("Mapping", "Sequence", "Collection", "Iterable")


@attrs.frozen
class Import:
    """One import: where it stands, what it names, and whether it is late or for typing only."""

    module: str
    where: str
    target: str
    name: str | None
    late: bool
    typing: bool
    in_door: bool


def _lines() -> dict[str, int]:
    lines = LINES.strip().splitlines()
    return {name.strip(): i for i, line in enumerate(lines) for name in line.split("·")}


PLACES = _lines()


def place_of(module: str) -> str | None:
    """Give the name in ``LINES`` that a module of core stands under."""
    if module == "prefcore":
        return "prefcore"
    inner = module.removeprefix("prefcore.")
    while inner not in PLACES and "." in inner:
        inner = inner.rpartition(".")[0]
        if inner in ("engines", "builtin"):  # their parts are placed one by one
            return None
    return inner if inner in PLACES else None


def modules_of(root: Path) -> dict[str, Path]:
    """Give core's, the kit's and the plugin packages' modules by dotted name."""
    packages = [root / "prefcore", root / "prefcore_testing", *root.glob("plugins/*/prefcore_*")]
    found = {}
    for package in packages:
        for file in sorted(package.rglob("*.py")):
            parts = file.relative_to(package.parent).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


def imports_of(module: str, file: Path, where: str, known: Mapping[str, Path]) -> Iterator[Import]:
    """Give the imports of a module, at any depth, and its calls of import_module."""
    is_door = file.name == "__init__.py"

    def walk(node: ast.AST, functions: tuple[str, ...], typing: bool) -> Iterator[Import]:
        targets: list[tuple[str, str | None]] = []
        if isinstance(node, ast.Import):
            targets = [(alias.name, None) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            start = "." * node.level + (node.module or "")
            for alias in node.names:
                inner = f"{start}.{alias.name}"
                targets.append((inner, None) if inner in known else (start, alias.name))
        elif functions and _called(node) in ("import_module", "__import__"):
            targets = [("import_module", None)]
        for target, name in targets:
            line = f"{where}:{getattr(node, 'lineno', 0)}"
            door = is_door and functions == ("__getattr__",)
            yield Import(module, line, target, name, bool(functions), typing, door)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            functions = (*functions, getattr(node, "name", "lambda"))
        if isinstance(node, ast.If) and _is_for_typing(node.test):
            for child in node.body:
                yield from walk(child, functions, True)
            for child in node.orelse:
                yield from walk(child, functions, typing)
            return
        for deeper in ast.iter_child_nodes(node):
            yield from walk(deeper, functions, typing)

    yield from walk(_parsed(file), (), False)


@cache
def _parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"), str(file))


def _is_for_typing(test: ast.expr) -> bool:
    names = (getattr(node, "attr", getattr(node, "id", "")) for node in ast.walk(test))
    return "TYPE_CHECKING" in names


def _called(node: ast.AST | None) -> str:
    """Give the last part of the name that a call calls; empty for what is no call."""
    function = node.func if isinstance(node, ast.Call) else None
    return str(getattr(function, "attr", getattr(function, "id", "")))


def faults(root: Path) -> list[str]:
    """Give every breach of the tables above in a tree: file, line, what, and which rule."""
    known = modules_of(root)
    found = []
    imports: list[Import] = []
    for module, file in known.items():
        where = str(file.relative_to(root))
        if module.split(".")[0] == "prefcore" and place_of(module) is None:
            found.append(f"{where}: {module} stands on no line; place it in LINES")
        imports += imports_of(module, file, where, known)
        found += _state_faults(module, file, where)
    for one in imports:
        found += [f"{one.where}: {fault}" for fault in _import_faults(one, known)]
    return found + list(_cycles(imports))


def _import_faults(one: Import, known: Mapping[str, Path]) -> Iterator[str]:
    package, target = one.module.split(".")[0], one.target.split(".")[0]
    if one.target.startswith("."):
        yield f"{one.module} imports relatively, by {one.target}"
    elif target == "prefcore":
        if package == "prefcore":
            yield from _arrow_faults(one)
        if _is_plugin(one.module):
            yield from _privacy_faults(one, known)
        elif package == "prefcore_testing" and (one.name or one.target.split(".")[-1])[0] == "_":
            yield f"{one.module} imports {one.target} {one.name}, which is private"
    elif target == "prefcore_testing" or target in {name.split(".")[0] for name in known}:
        if target != package:
            yield f"{one.module} imports {target}; core, kit and plugin packages stand apart"
    elif one.target != "import_module":
        yield from _library_faults(one)
    if one.late and not one.in_door and not _may_be_late(one):
        yield f"{one.module} imports {one.target} inside a function; import it at the top"


def _arrow_faults(one: Import) -> Iterator[str]:
    importer, target = place_of(one.module), place_of(one.target)
    if one.name == "__version__" or importer == target or importer is None:
        return
    if target is None:
        yield f"{one.module} imports {one.target}, which stands on no line"
    elif (one.module, one.target) not in AGAINST and PLACES[target] >= PLACES[importer]:
        yield f"{one.module} imports {one.target}, which does not stand above it"
    elif target in NEVER.get(importer.split(".")[0], ()) and not one.typing:
        yield f"{one.module} must never import {one.target}"


def _is_plugin(module: str) -> bool:
    own = module.startswith("prefcore.builtin.")
    return own or module.split(".")[0] not in ("prefcore", "prefcore_testing")


def _privacy_faults(one: Import, known: Mapping[str, Path]) -> Iterator[str]:
    if one.target.startswith("prefcore.builtin") and one.module.startswith("prefcore.builtin"):
        return
    if one.target.removeprefix("prefcore.") not in PUBLIC:
        yield f"{one.module} is a plugin, and {one.target} is private to core"
    elif one.name and one.name not in _names_offered(known.get(one.target)):
        yield f"{one.module} is a plugin, and {one.target}.{one.name} is private to core"


def _names_offered(file: Path | None) -> list[str]:
    if file is None:
        return []
    for node in _parsed(file).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return [str(name) for name in ast.literal_eval(node.value)]
    return []


def _library_faults(one: Import) -> Iterator[str]:
    root = one.target.split(".")[0]
    homes = HOMES.get(root) or HOMES.get(".".join(one.target.split(".")[:2]))
    if homes is None:
        # _typeshed is no module: type checkers know it.
        if root not in sys.stdlib_module_names and not (one.typing and root == "_typeshed"):
            yield f"{one.module} imports {one.target}, which has no home; give it one in HOMES"
    elif not any(f"{one.module}.".startswith(f"{home}.") for home in homes) and not one.typing:
        yield f"{one.module} imports {one.target}, whose home is {' and '.join(homes)}"
    elif root in NEVER.get(place_of(one.module) or "", ()):
        yield f"{one.module} must never import {one.target}"


def _may_be_late(one: Import) -> bool:
    return (
        _is_plugin(one.module)
        or one.module.startswith("prefcore.cli")
        or (one.module, one.target) in LATE
    )


def _state_faults(module: str, file: Path, where: str) -> Iterator[str]:
    """Give containers made empty at module level, which something fills later, and ``global``."""
    tree = _parsed(file)
    for node in tree.body:
        if isinstance(node, ast.Assign):
            name, kind = ast.unparse(node.targets[0]), ""
        elif isinstance(node, ast.AnnAssign):
            name, kind = ast.unparse(node.target), ast.unparse(node.annotation)
        else:
            continue
        is_state = _is_empty_container(node.value) and not kind.startswith(_READ_ONLY)
        if is_state and f"{module}.{name}" not in STATE:
            yield f"{where}:{node.lineno}: {name} is state of the whole process"
    for inner in ast.walk(tree):
        if isinstance(inner, ast.Global):
            yield f"{where}:{inner.lineno}: global {', '.join(inner.names)}"


def _is_empty_container(value: ast.expr | None) -> bool:
    if isinstance(value, ast.Dict | ast.List):
        return not ast.unparse(value).strip("{}[]")
    if isinstance(value, ast.Call) and not value.keywords:
        called = _called(value)
        return called in _EMPTY_CALLS and (called == "defaultdict" or not value.args)
    return False


def _cycles(imports: Iterable[Import]) -> Iterator[str]:
    """Give a ring of modules that import each other when imported, if there is one."""
    graph: dict[str, set[str]] = {}
    for one in imports:
        if not one.late and not one.typing and one.module != one.target:
            graph.setdefault(one.module, set()).add(one.target)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        yield f"modules import each other in a ring: {' → '.join(error.args[1])}"


# ------------------------------------------------------------------------- this repository


@pytest.fixture(scope="module")
def found() -> list[str]:
    return faults(ROOT)


def test_every_import_follows_the_arrows_and_every_library_is_at_home(found: list[str]) -> None:
    assert found == []


def test_the_tables_hold_nothing_that_the_code_does_not_need() -> None:
    known = modules_of(ROOT)
    imports = [
        one
        for module, file in known.items()
        for one in imports_of(module, file, module, known)
    ]  # fmt: skip
    pairs = {(one.module, one.target) for one in imports}
    late = {(one.module, one.target) for one in imports if one.late}
    assert set(AGAINST) <= pairs
    assert set(LATE) <= late
    state = {f"{m}.{name}" for m in known for name in _module_names(known[m])}
    assert set(STATE) <= state


def _module_names(file: Path) -> Iterator[str]:
    for node in _parsed(file).body:
        if isinstance(node, ast.AnnAssign):
            yield ast.unparse(node.target)
        elif isinstance(node, ast.Assign):
            yield ast.unparse(node.targets[0])


def test_only_the_fixed_folders_stand_at_the_top() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    paths = [Path(path) for path in listed.stdout.split("\0") if path]
    assert {path.parts[0] for path in paths if len(path.parts) > 1} == TOP_FOLDERS


PLUGIN_FOLDERS = sorted(file.parent for file in ROOT.glob("plugins/*/pyproject.toml"))


@pytest.mark.parametrize("folder", PLUGIN_FOLDERS, ids=lambda folder: folder.name)
def test_every_plugin_package_has_the_promised_files(folder: Path) -> None:
    package = folder / folder.name.replace("-", "_")
    word = folder.name.removeprefix("prefcore-")
    promised = [folder / "README.md", package / "__init__.py", package / "py.typed"]
    assert [file for file in promised if not file.is_file()] == []
    assert (package / "_format.py").is_file() or (package / "_target.py").is_file()
    tests = list(folder.glob("tests/*.py"))
    assert tests
    assert [file.name for file in tests if not file.name.startswith(f"test_{word}_")] == []
    assert len(_code_lines(package / "__init__.py")) <= 40, "the door holds hooks only"


def _code_lines(file: Path) -> list[str]:
    return [line for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]


def test_no_two_test_files_of_plugin_packages_share_a_name() -> None:
    names = Counter(file.name for file in ROOT.glob("plugins/*/tests/*.py"))
    assert [name for name, count in names.items() if count > 1] == []


# ------------------------------------------------------------------- trees wrong on purpose

GOOD = {
    "prefcore/errors.py": "class PrefcoreError(Exception): ...",
    "prefcore/values.py": "from prefcore.errors import PrefcoreError\n__all__ = ['from_text']",
    "prefcore/model.py": "import attrs\nfrom prefcore.values import from_text",
    "prefcore/builtin/strategies.py": "from prefcore.values import from_text",
    "prefcore/cli/main.py": "import click\ndef run():\n    from prefcore.model import Plan",
    "prefcore_testing/suite.py": "import pytest\nfrom prefcore.model import Plan",
    "plugins/prefcore-json/prefcore_json/_format.py": "from prefcore.values import from_text",
}

WRONG = {
    "an arrow upwards": (
        "prefcore/values.py",
        "from prefcore.model import Plan",
        "prefcore.values imports prefcore.model, which does not stand above it",
    ),
    "an arrow upwards for types only": (
        "prefcore/model.py",
        "if TYPE_CHECKING:\n    from prefcore.preferences import Preferences",
        "prefcore.model imports prefcore.preferences, which does not stand above it",
    ),
    "an arrow to a neighbour": (
        "prefcore/merge.py",
        "from prefcore.schema import SchemaDocument",
        "prefcore.merge imports prefcore.schema, which does not stand above it",
    ),
    "one engine to another": (
        "prefcore/engines/importing.py",
        "from prefcore.engines.exporting import Exported",
        "prefcore.engines.importing imports prefcore.engines.exporting, which does not",
    ),
    "an engine to the plugins": (
        "prefcore/engines/exporting.py",
        "from prefcore.plugins.index import scan",
        "prefcore.engines.exporting must never import prefcore.plugins.index",
    ),
    "a module without a place": (
        "prefcore/utils.py",
        "",
        "prefcore.utils stands on no line",
    ),
    "an engine without a place": (
        "prefcore/engines/guessing.py",
        "",
        "prefcore.engines.guessing stands on no line",
    ),
    "core to the kit": (
        "prefcore/model.py",
        "import prefcore_testing.suite",
        "prefcore.model imports prefcore_testing",
    ),
    "core to a plugin package": (
        "prefcore/engines/exporting.py",
        "from prefcore_json import _format",
        "prefcore.engines.exporting imports prefcore_json",
    ),
    "core's own plugin to what is private": (
        "prefcore/builtin/strategies.py",
        "from prefcore.merge import merge_rows",
        "prefcore.builtin.strategies is a plugin, and prefcore.merge is private to core",
    ),
    "a plugin package to what is private": (
        "plugins/prefcore-json/prefcore_json/_format.py",
        "from prefcore.values import _escape",
        "prefcore_json._format is a plugin, and prefcore.values._escape is private to core",
    ),
    "a plugin package to another": (
        "plugins/prefcore-yaml/prefcore_yaml/_format.py",
        "from prefcore_json._format import JsonFormat",
        "prefcore_yaml._format imports prefcore_json",
    ),
    "a library away from home": (
        "prefcore/model.py",
        "import sqlite3",
        "prefcore.model imports sqlite3, whose home is prefcore.builtin.sqlite_store",
    ),
    "a library without a home": (
        "prefcore/model.py",
        "import requests",
        "prefcore.model imports requests, which has no home",
    ),
    "a late import": (
        "prefcore/model.py",
        "def read():\n    from prefcore.values import from_text",
        "prefcore.model imports prefcore.values inside a function",
    ),
    "a late import by call": (
        "prefcore/model.py",
        "def read():\n    return import_module('prefcore.values')",
        "prefcore.model imports import_module inside a function",
    ),
    "a relative import": (
        "prefcore/model.py",
        "from .values import from_text",
        "prefcore.model imports relatively",
    ),
    "a registry": (
        "prefcore/model.py",
        "known: dict[str, object] = {}",
        "known is state of the whole process",
    ),
    "a global": (
        "prefcore/model.py",
        "def remember():\n    global last",
        "global last",
    ),
    "a ring": (
        "prefcore/schema/shape.py",
        "import prefcore.schema.rules",
        "modules import each other in a ring",
    ),
}


def _tree(folder: Path, files: Mapping[str, str]) -> Path:
    for name, source in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source, encoding="utf-8")
    return folder


def test_a_tree_that_follows_the_rules_has_no_faults(tmp_path: Path) -> None:
    assert faults(_tree(tmp_path, GOOD)) == []


@pytest.mark.parametrize(("file", "source", "fault"), WRONG.values(), ids=list(WRONG))
def test_the_checker_names(file: str, source: str, fault: str, tmp_path: Path) -> None:
    ring = {"prefcore/schema/rules.py": "import prefcore.schema.shape"}
    found = faults(_tree(tmp_path, GOOD | ring | {file: source}))
    assert [one for one in found if fault in one]
