"""The story at the shell: what a person does with a secret there, and what goes wrong."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.canary import in_python, ways
from tests.canary.searching import STEM
from tests.canary.telling import Heard, Run, Told
from tests.cli.shell import Ran, Shell

__all__ = ["listening", "play", "prepare", "reading", "schema_text", "shell_in"]

PHRASE = {"PREFCORE_FILE_PASSPHRASE": "sesame, but longer"}

_SHAPE = {"type": "string", "pattern": "^[A-Za-z0-9-]+$"}
_DECLARED: dict[str, object] = {
    "size": {"shape": {"type": "integer"}, "default": 12},
    "theme": {"shape": {"type": "string"}, "default": "light"},
    "secret.key": {"shape": _SHAPE, "sensitive": True, "env": "CANARY_ENV"},
    "secret.old": {"shape": _SHAPE, "sensitive": True},
    "secret.aged": {
        "shape": _SHAPE,
        "sensitive": True,
        "deprecated": {"use": "secret.key"},
    },
    "secret.trusted": {"shape": _SHAPE, "sensitive": True, "trusted_only": True},
}
_NEWER = {**_DECLARED, "secret.new": {"shape": _SHAPE, "sensitive": True}}
_STEP = """
from prefcore.migration import Step, convert, rename

def up(secret):
    if secret.endswith("raise"):
        raise ValueError(f"cannot take {secret!r}")
    return secret

def down(secret):
    return up(secret)

renamed = rename("secret.old", "secret.new")
step = Step("1.0.0", "2.0.0", renamed, convert("secret.key", up=up, down=down))
"""
_FORMATS = {
    "json": '{"secret": {"key": "%s"}}',
    "jsonc": '{\n  // mine\n  "secret.key": "%s",\n}',
    "yaml": "secret:\n  key: '%s'\n",
    "toml": '[secret]\nkey = "%s"\n',
}


class _Listening(logging.Handler):
    """Keeps all that is logged, at every level, with tracebacks."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(self.format(record) + repr(record.args))


@contextmanager
def listening() -> Iterator[_Listening]:
    """Keep all that is logged meanwhile."""
    handler, root = _Listening(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield handler
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


# -------------------------------------------------------------------------------- the story


def shell_in(folder: Path) -> Shell:
    """Give a shell that works in a folder of this one, with temporary files beside it."""
    work = folder / "work"
    work.mkdir(exist_ok=True)
    shell = Shell(work)
    shell.home.joinpath("tmp").mkdir(parents=True, exist_ok=True)
    shell.environ["TMPDIR"] = str(shell.home / "tmp")
    return shell


def prepare(shell: Shell, given: Path) -> None:
    """Configure the application; what a person would write by hand goes into the folder given."""
    shell.write("schemas/1.0.0.json", schema_text("1.0.0", _DECLARED))
    shell.write("steps/.keep", "")
    shell.run(
        *("init", "--app", "acme", "--schemas=schemas", "--migrations=steps", "--store=prefs.db")
    )
    toml = (shell.folder / "prefcore.toml").read_text("utf-8")
    shell.write("prefcore.toml", toml + '\n[targets.nightly]\nurl = "file:backups"\n')
    given.mkdir()
    for format, text in _FORMATS.items():
        (given / f"plain.{format}").write_text(text % f"{STEM}-{format}", "utf-8")
    (given / "theirs.json").write_text(_FORMATS["json"] % f"{STEM}-theirs", "utf-8")
    ways.prepare(given)


def schema_text(version: str, preferences: dict[str, object]) -> str:
    """Give the file of a schema version."""
    return json.dumps(
        {"prefcore_schema": 1, "app": "acme", "version": version, "preferences": preferences}
    )


def play(shell: Shell, given: Path) -> Iterator[Heard]:
    """Take the secret every way there is; give all that is said meanwhile.

    What may show it is asked for here, compared, and not given.
    """
    with listening() as logged:
        for ran, words in _runs(shell, given):
            yield Heard(" ".join(words), ran.out + ran.err)
        yield from in_python.play(shell)
    yield Heard("logs", "\n".join(logged.texts))


def _runs(shell: Shell, given: Path) -> Iterator[Told]:
    """Run command lines; every one that changes something is planned first."""

    def run(*words: str, code: int = 0, **more: object) -> Told:
        return shell.run(*words, code=code, **more), words  # type: ignore[arg-type]  # its own

    def reveals(value: str, *words: str) -> None:
        got = shell.run("get", *words, "--reveal").out.strip()
        assert got == value, f"{words} gives something else"

    set_it = ("set", "secret.key", "-", "--user", "bo")
    yield run(*set_it, stdin=f"{STEM}-early", code=17)  # there is no key ring yet
    yield run("keys", "init", "-v")
    for number, more in enumerate(("--dry-run", "--dry-run --json", "-v", "--json")):
        yield run(*set_it, *more.split(), stdin=f"{STEM}-{number}")
    yield run(*set_it, "--debug", stdin=f"no {STEM} fits", code=5)  # the pattern refuses it
    yield run("set", "secret.old", "-", "--user", "bo", stdin=f"{STEM}-old")
    reveals(f"{STEM}-old", "secret.old", "--user", "bo")
    for format in _FORMATS:
        file = str(given / f"plain.{format}")
        for words in (("--dry-run", "-v"), ("-v",)):
            yield run("import", file, "--user", "bo", "--merge", "theirs", *words)
        reveals(f"{STEM}-{format}", "secret.key", "--user", "bo")
    piped = _FORMATS["json"] % f"{STEM}-piped"
    yield run("import", "-", "--user", "bo", "--merge", "theirs", stdin=piped)
    reveals(f"{STEM}-piped", "secret.key", "--user", "bo")
    yield from _conflicting(run, given)
    yield from ways.editing(run, given)
    reveals(ways.EDITED, "secret.key", "--user", "bo")
    yield from ways.files_of_people(run, given)
    yield from ways.refused(run, given)
    yield run("import", str(given / "theirs.json"), "--user", "bo", "--merge", "theirs")
    yield from reading(run)
    yield from _templates_and_environment(run)
    yield from ways.completing(run)
    yield from _moving(run, shell)
    yield from _keeping(run, shell)
    yield from _migrating(run, shell)
    reveals(f"{STEM}-theirs", "secret.key", "--user", "bo")
    yield run("keys", "rotate")
    yield run("keys", "reencrypt", "--json")
    yield run("keys", "compromise", shell.run("keys", "list", "--json").json["keys"][0]["id"])
    yield run("keys", "export", "ring.copy", env=PHRASE)
    yield run("keys", "import", "ring.copy", env=PHRASE)
    yield run("keys", "check")
    yield run("audit", "verify", "-v")
    yield run("doctor", "-v")
    yield run(
        "migrate", "recover", shell.run("migrate", "copies", "--json").json[0]["id"], "--dry-run"
    )
    for how in (("--dry-run", "-v"), ("--dry-run", "--json"), ("--yes", "-v")):
        yield run("history", "prune", "--keep-last", "3", *how)
    yield from reading(run)


def _conflicting(run: Run, given: Path) -> Iterator[Told]:
    """Two sides that changed the secret: written to a file, taken, and resolved."""
    theirs = ("import", str(given / "theirs.json"), "--user", "bo")
    yield run(*theirs, "--debug", code=1)
    yield run(*theirs, "--conflicts", "left.json", code=1)
    yield run(*theirs, "--conflicts", "left.yaml", "--json", code=1)
    yield run(*theirs, "--take", "ours", "secret.key")
    yield run(*theirs, "--take", "theirs", "secret.key", "-v")
    yield run("undo", "--dry-run", "-v")
    yield run("undo")
    yield run(*theirs, "--merge", "theirs")


def reading(run: Run) -> Iterator[Told]:
    """Everything that shows values, as text and as JSON."""
    id = run("history", "--json")[0].json[0]["id"]
    for words in (
        ("get", "secret.key", "--user", "bo"),
        ("list", "--user", "bo", "--show-origin"),
        ("explain", "secret.key", "--user", "bo"),
        ("describe", "secret.key"),
        ("history", "-v"),
        ("history", "secret.key", "--user", "bo"),
        ("history", "--changeset", id, "-v"),
        ("diff", "user:bo", "user:ann"),
        ("diff", f"@{id}", "user:bo"),
        ("validate", "--user", "bo"),
        ("audit", "list", "-v"),
        ("audit", "show", id),
        ("audit", "verify"),
        ("schema", "show"),
        ("doctor",),
        ("export", "--user", "bo", "--plain"),
    ):
        for more in ((), ("--json",)):
            try:
                yield run(*words, *more)
            except AssertionError as error:  # not every verb takes every option
                yield Ran(2, "", str(error)), words
    yield run("audit", "export")
    yield run("audit", "export", "log.jsonl")


def _templates_and_environment(run: Run) -> Iterator[Told]:
    yield run("set", "secret.key", "-", "--template", "t", stdin=f"{STEM}-template")
    yield run("template", "show", "t")
    yield run("template", "show", "t", "--json")
    yield run("template", "apply", "t", "--user", "ann", "--dry-run")
    yield run("template", "apply", "t", "--user", "ann")
    yield run("template", "delete", "t")
    yield run("set", "size=9", "--user", "bo")
    for how in (("--dry-run", "--json"), ("-v",)):
        yield run("template", "save", "kept", "--user", "bo", *how)
    yield run("template", "show", "kept", "--json")
    yield run("template", "delete", "kept")
    given = {"CANARY_ENV": f"{STEM}-environment"}
    for words in (("get", "secret.key"), ("list",), ("explain", "secret.key"), ("doctor",)):
        for more in ((), ("--json",), ("-v", "--debug")):
            yield run(*words, *more, env=given)
    assert run("get", "secret.key", "--reveal", env=given)[0].out.strip() == given["CANARY_ENV"]
    yield run("get", "secret.key", "--debug", env={"CANARY_ENV": f"no {STEM} fits"}, code=5)


def _moving(run: Run, shell: Shell) -> Iterator[Told]:
    """Documents in every format, sealed and encrypted, converted and taken in again."""
    for suffix in ("json", "jsonc", "yaml", "toml", "msgpack", "json.zst", "yaml.gz"):
        yield run("export", f"all.{suffix}", "--json")
        yield run("import", f"all.{suffix}", "--dry-run", "-v")
        yield run("convert", f"all.{suffix}", f"again.{suffix.partition('.')[0]}")
    yield run("export", "ring.json", "--encrypt")
    yield run("export", "phrase.json", "--passphrase", env=PHRASE)
    yield run("export", "clear.json", "--plaintext-secrets", "--encrypt", "--yes")
    yield run("export", "redacted.json", "--redact")
    for name in ("ring", "phrase", "clear", "redacted"):
        yield run("import", f"{name}.json", "--dry-run", "-v", env=PHRASE)
    wrong = {"PREFCORE_FILE_PASSPHRASE": "barley"}
    yield run("import", "phrase.json", "--debug", env=wrong, code=12)
    damaged = (shell.folder / "clear.json").read_bytes()[:-3] + b"abc"
    (shell.folder / "damaged.json").write_bytes(damaged)
    yield run("import", "damaged.json", "--debug", code=13)


def _keeping(run: Run, shell: Shell) -> Iterator[Told]:
    yield run("backup", "create", "--json")
    yield run("backup", "create", "--no-encrypt", "--format", "json")
    yield run("backup", "create", "--passphrase", env=PHRASE)
    yield run("backup", "verify", "--level=3", "-v", env=PHRASE)
    yield run("backup", "show", "latest")
    yield run("set", "secret.key", "-", "--user", "bo", stdin=f"{STEM}-since")
    for more in (("--dry-run", "-v"), ("--dry-run", "--json"), ()):
        yield run("backup", "restore", "latest", "--owner", "bo", *more, env=PHRASE)
    yield run("backup", "restore", "latest", "--to", "new.db", env=PHRASE)
    words = ("--store", "new.db", "get", "secret.key", "--user", "bo", "--reveal")
    assert run(*words)[0].out.strip().startswith(STEM)
    yield run("--store", "new.db", "diff", "user:bo", "user:ann", code=1)


def _migrating(run: Run, shell: Shell) -> Iterator[Told]:
    """Up and down, with a step that raises on the way, with the secret in what it says."""
    shell.write("schemas/2.0.0.json", schema_text("2.0.0", _NEWER))
    shell.write("steps/up.py", _STEP)
    keep = ("--user", "bo")
    yield run("set", "secret.key", "-", "--user", "ann", stdin=f"{STEM}-raise")
    for more in (("migrate", "plan", "-v"), ("migrate", "up", "--debug")):
        yield run(*more, code=18)
    yield run("unset", "secret.key", "--user", "ann")
    yield run("migrate", "plan", "--json")
    yield run("migrate", "up", "-v")
    yield run("get", "secret.new", *keep)
    yield run("set", "secret.key", "-", "--user", "ann", stdin=f"{STEM}-raise")
    yield run("migrate", "down", "--debug", "--to", "1.0.0", code=1)
    yield run("undo")
    yield run("migrate", "down", "--to", "1.0.0", "-v")
    yield run("migrate", "up", "--json")
