"""``plugins new`` writes packages that are whole and fail their suite until they are written."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from prefcore.cli.scaffolds import KINDS
from prefcore_testing.distributions import write_distribution
from tests.cli.shell import Shell


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_package_is_whole(bare: Shell, kind: str) -> None:
    ran = bare.run("plugins", "new", kind, "my-thing")
    folder = bare.folder / "prefcore-my-thing"
    files = sorted(str(path.relative_to(bare.folder)) for path in folder.rglob("*.*"))
    assert ran.out.splitlines() == files
    assert ran.err.startswith("next: cd prefcore-my-thing; pip install -e '.[test]'; pytest")
    project = tomllib.loads((folder / "pyproject.toml").read_text())
    ((group, points),) = project["project"]["entry-points"].items()
    assert (group, points) == (f"prefcore.{KINDS[kind][0]}", {"my-thing": "prefcore_my_thing"})
    for file in folder.rglob("*.py"):
        compile(file.read_text(), str(file), "exec")
    for file in folder.rglob("*.*"):
        assert "<" not in file.read_text().replace('">=1,<2"', ""), f"{file} is not filled in"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("format", "Ini"), "cannot be the id of a plugin"),
        (("format", "a_b"), "cannot be the id of a plugin"),
        (("format", "../x"), "cannot be the id of a plugin"),
        (("format", "x" * 41), "cannot be the id of a plugin"),
        (("format", "json"), "the id 'json' is that of prefcore-json"),
        (("strategy", "ours"), "the id 'ours' is that of prefcore"),
        (("watcher", "x"), "is not one of"),
        (("steps", "org..editor"), "cannot name a package of steps"),
        (("steps", "../x"), "cannot name a package of steps"),
        (("store", "org.x"), "cannot be the id of a plugin"),
        (("store", "sqlite"), "the id 'sqlite' is that of prefcore"),
    ],
)
def test_a_name_that_cannot_be_is_refused(bare: Shell, words: tuple[str, str], told: str) -> None:
    assert told in bare.fails(2, "plugins", "new", *words)
    assert list(bare.folder.iterdir()) == []


def test_nothing_is_overwritten_and_nothing_half_written(bare: Shell) -> None:
    bare.run("plugins", "new", "strategy", "union", "-q")
    file = bare.folder / "prefcore-union/prefcore_union/__init__.py"
    file.write_text("# mine\n")
    assert "is there already" in bare.fails(2, "plugins", "new", "strategy", "union")
    assert file.read_text() == "# mine\n"
    (bare.folder / "prefcore-link").symlink_to("nowhere")
    assert "is there already" in bare.fails(2, "plugins", "new", "strategy", "link")
    assert "nix" in bare.fails(10, "plugins", "new", "strategy", "other", "--in", "nix")
    (bare.folder / "full").write_text("")
    bare.run("plugins", "new", "strategy", "other", "--in", "full", code=10)
    assert sorted(path.name for path in bare.folder.iterdir()) == [
        "full",
        "prefcore-link",
        "prefcore-union",
    ]


def test_a_strategy_is_red_then_green(bare: Shell) -> None:
    bare.run("plugins", "new", "strategy", "union", "-q")
    package = bare.folder / "prefcore-union"
    red = _suite(package, "tests/test_union_strategy.py")
    assert red.returncode == 1
    assert "NotImplementedError: decide between" in red.stdout
    door = package / "prefcore_union/__init__.py"
    text = door.read_text().replace(
        'raise NotImplementedError("decide between sides.ours and sides.theirs")',
        "return CONFLICT",
    )
    door.write_text(text.replace("import MergeStrategyInfo", "import CONFLICT, MergeStrategyInfo"))
    green = _suite(package, "tests/test_union_strategy.py")
    assert (green.returncode, green.stderr) == (0, "")


def test_a_target_is_red(bare: Shell) -> None:
    bare.run("plugins", "new", "target", "shelf", "-q")
    red = _suite(bare.folder / "prefcore-shelf", "tests/test_shelf_target.py")
    assert red.returncode == 1
    assert "NotImplementedError: store an object" in red.stdout


_SHELF = """
from prefcore.builtin.memory_store import MemoryStore


class ShelfStore(MemoryStore):
    @classmethod
    def open(cls, url, *, create, read_only):
        store = cls(url, read_only=read_only)
        store.wait = 0.2
        return store
"""
_PROVIDED = """
        import hashlib

        slot = str(self.settings["slot"]).encode()
        self._root = AESGCM(hashlib.sha256(b"a root key made for the test of " + slot).digest())
"""
_WRAP = """nonce = os.urandom(12)
        return nonce + self._root.encrypt(nonce, key, context)
"""
_UNWRAP = """try:
            return self._root.decrypt(wrapped[:12], wrapped[12:], context)
        except (InvalidTag, ValueError):
            raise WrongKey("another root key or context") from None
"""


def test_a_key_provider_is_red_then_green(bare: Shell) -> None:
    bare.run("plugins", "new", "key-provider", "hashed", "-q")
    package = bare.folder / "prefcore-hashed"
    tests = "tests/test_hashed_key_provider.py"
    red = _suite(package, tests)
    assert red.returncode == 1
    assert "NotImplementedError: encrypt the key under" in red.stdout
    file = package / "prefcore_hashed" / "_provider.py"
    text = file.read_text().replace(
        "self.settings = settings\n", f"self.settings = settings{_PROVIDED}"
    )
    wrap, unwrap = (
        at for at in range(len(text)) if text.startswith("raise NotImplementedError", at)
    )
    text = text[:wrap] + _WRAP + text[text.index("\n", wrap) : unwrap] + _UNWRAP
    imports = (
        "import os\nfrom cryptography.exceptions import InvalidTag\n"
        "from cryptography.hazmat.primitives.ciphers.aead import AESGCM\n"
        "from prefcore.errors import WrongKey\n"
    )
    file.write_text(text.replace("from collections", f"{imports}from collections", 1))
    green = _suite(package, tests)
    assert (green.returncode, green.stderr) == (0, ""), green.stdout


def test_steps_are_red_then_green(bare: Shell) -> None:
    bare.run("plugins", "new", "steps", "acme-editor", "-q")
    package = bare.folder / "prefcore-acme-editor"
    tests = "tests/test_acme_editor_steps.py"
    red = _suite(package, tests)
    assert red.returncode == 1
    assert "NotImplementedError: give the steps" in red.stdout
    file = package / "prefcore_acme_editor" / "_steps.py"
    begin = file.read_text().partition("    raise NotImplementedError")[0]
    begin = begin.replace("import Step", "import Step, rename")
    file.write_text(f'{begin}    return [Step("1.0.0", "1.1.0", rename("size", "font_size"))]\n')
    green = _suite(package, tests)
    assert (green.returncode, green.stderr) == (0, ""), green.stdout
    file.write_text(f'{begin}    return [Step("1.0.0", "1.1.0")]\n')
    assert _suite(package, tests).returncode == 1


def test_a_store_is_red_then_green(bare: Shell) -> None:
    bare.run("plugins", "new", "store", "shelf", "-q")
    package = bare.folder / "prefcore-shelf"
    tests = package / "tests/test_shelf_store.py"
    red = _suite(package, "tests/test_shelf_store.py")
    assert red.returncode == 1
    assert "NotImplementedError: open what is there, or make it" in red.stdout
    # Core's own store in memory stands for the author's work: it keeps the promises.
    (package / "prefcore_shelf/_store.py").write_text(_SHELF)
    text = tests.read_text().partition("\n    def reopen")[0]  # nothing of it outlives its process
    few = "stories = settings(StoreSuite.stories, max_examples=1, stateful_step_count=5)"
    text = re.sub("persistent = True.*", few, text)
    tests.write_text(f"from hypothesis import settings\n{text}")
    green = _suite(package, "tests/test_shelf_store.py")
    assert (green.returncode, green.stderr) == (0, ""), green.stdout


def test_steps_are_of_an_application_whatever_its_name(bare: Shell, tmp_path: Path) -> None:
    bare.run("plugins", "new", "steps", "org.Example_1.editor", "-q")
    package = bare.folder / "prefcore-org-example-1-editor"
    project = tomllib.loads((package / "pyproject.toml").read_text())["project"]
    points = project["entry-points"]["prefcore.migrations"]
    assert points == {"org.Example_1.editor": "prefcore_org_example_1_editor"}
    door = package / "prefcore_org_example_1_editor/__init__.py"
    write_distribution(
        tmp_path / "site",
        project["name"],
        entry_points={"prefcore.migrations": points},
        modules={points["org.Example_1.editor"]: door.read_text()},
    )
    env = {"PYTHONPATH": str(tmp_path / "site")}
    assert "app" in bare.process("plugins", "show", "org.Example_1.editor", env=env).out


def _suite(package: Path, tests: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "prefcore_testing", tests],
        cwd=package,
        env={"PYTHONPATH": str(package), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
