"""Ways of a secret at the shell that begin in files of people: editors, plain files, refusals.

An editor here is ``mv``: it puts a text in the place of the one to be edited, and writes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from tests.canary.searching import STEM
from tests.canary.telling import Run, Told

__all__ = ["EDITED", "completing", "editing", "files_of_people", "prepare", "refused"]

#: What ``editing`` leaves set.
EDITED = f"{STEM}-in-toml"
_TEXTS = {
    "json": '{"secret": {"key": "%s"}}',
    "jsonc": '{\n  // mine\n  "secret.key": "%s",\n}',
    "yaml": "secret:\n  key: '%s'\n",
    "toml": '[secret]\nkey = "%s"\n',
}
#: What is edited and refused, and how: the exit code, and whether the editor fails.
_REFUSED = {
    "pattern.jsonc": ('{"secret.key": "no %s fits"}', 5),
    "another.jsonc": ('{"secret.key": "%s", "size": "large"} // why', 5),
    "unknown.yaml": ("secret: {key: '%s'}\nsise: 3\n", 10),
    "nested.toml": ('secret = {key = "%s", kee = "%s"}\n', 10),
}
_BO = ("--user", "bo")


def prepare(given: Path) -> None:
    """Write what a person would write by hand."""
    for format, text in _TEXTS.items():
        for when in ("planned", "edited"):
            (given / f"{when}.{format}").write_text(text % f"{STEM}-in-{format}", "utf-8")
    for name, (text, _) in _REFUSED.items():
        (given / name).write_text(text.replace("%s", f"{STEM}-{name.partition('.')[0]}"), "utf-8")
    (given / "held.jsonc").write_text(_TEXTS["jsonc"] % f"{STEM}-held", "utf-8")
    plain: dict[str, object] = {
        "both": {"size": 9, "secret": {"key": STEM}},
        "trusted": {"secret.trusted": f"{STEM}-trusted"},
        "unknown": {"more.apiKey": f"{STEM}-unknown"},
        "bad": {"size": "large", "secret": {"key": f"no {STEM} fits"}},
    }
    for name, values in plain.items():
        (given / f"{name}.json").write_text(json.dumps(values), "utf-8")


def editing(run: Run, given: Path) -> Iterator[Told]:
    """Type it into the text that ``edit`` opens: taken, planned, refused."""
    for name, (_, code) in _REFUSED.items():
        format = name.partition(".")[2]
        editor = {"EDITOR": f"mv {given / name}"}
        yield run("edit", *_BO, "--format", format, "-v", "--debug", code=code, env=editor)
    for format in _TEXTS:
        for when, more in (("planned", ("--dry-run", "--json")), ("edited", ("-v",))):
            editor = {"EDITOR": f"mv {given / f'{when}.{format}'}"}
            yield run("edit", *_BO, "--format", format, *more, env=editor)
    yield run("edit", *_BO, code=2, env={"EDITOR": f"sh -c 'mv {given}/both.json $0; exit 3'"})


def files_of_people(run: Run, given: Path) -> Iterator[Told]:
    """Compare with a plain file that holds it, update that, and import what is not declared."""
    held = str(given / "held.jsonc")
    for more in ((), ("--json",), ("-v", "--debug")):
        yield run("diff", held, "user:bo", *more, code=1)
        yield run("diff", "user:ann", held, *more, code=1)
        yield run("export", held, "--update", "--owner", "bo", "--dry-run", *more)
    trusted = str(given / "trusted.json")
    yield run("import", trusted, *_BO, "-v", code=3)
    yield run("import", trusted, *_BO, "--trust", "--json")
    yield run("import", str(given / "unknown.json"), *_BO, "--debug", code=10)
    yield run("import", str(given / "unknown.json"), *_BO, "--unknown", "keep", "-v")
    yield run("list", *_BO, "--json")
    yield run("export", "unknown.json", "--owner", "bo")
    yield run("unset", "more.apiKey", "secret.trusted", *_BO)


def refused(run: Run, given: Path) -> Iterator[Told]:
    """Have it refused: on a command line, by the schema, in an import, as what is deprecated."""
    for words in (
        ("set", "secret.key", f"{STEM}-argument", *_BO),
        ("set", f"secret.key={STEM}-argument", *_BO),
        ("set", f"secret.key={STEM}-argument", "size=3", *_BO, "--json"),
    ):
        yield run(*words, "--debug", code=17)
    bad = str(given / "bad.json")
    for more in ((), ("--dry-run", "--json"), ("--dry-run", "-v"), ("--debug",)):
        yield run("import", bad, *_BO, *more, code=5)
    yield run("set", "secret.aged", "-", *_BO, "-v", stdin=f"{STEM}-aged")
    yield run("list", "--deprecated", *_BO)
    yield run("schema", "export", "--markdown")
    yield run("schema", "export", "--json-schema")
    yield run("unset", "secret.aged", *_BO, "--json")


def completing(run: Run) -> Iterator[Told]:
    """Ask for what a shell would complete."""
    for line in ("set secret", "get ", "set --user ", "undo ", "export --key s", "diff "):
        env = {"_PREFCORE_COMPLETE": "zsh_complete", "COMP_WORDS": f"prefcore {line}"}
        completed, words = run(env={**env, "COMP_CWORD": str(len(line.split(" ")))})
        assert completed.out, f"nothing completes {line!r}"
        yield completed, words
