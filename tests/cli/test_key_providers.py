"""A key ring whose root key a plugin keeps: made, used, kept elsewhere, and what goes wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from prefcore_testing.distributions import write_distribution
from tests.cli.shell import Ran, Shell

CANARY = "canary-4711-tok"
PHRASE = {"PREFCORE_FILE_PASSPHRASE": "sesame"}
#: Keeps root keys in a folder, one for each slot; it fails as it is told to.
_SHELF = """
    import os, secrets
    from pathlib import Path
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from prefcore.errors import WrongKey
    from prefcore.hookspecs import hookimpl
    from prefcore.interfaces import KeyProviderInfo

    class Shelf:
        def __init__(self, settings):
            if os.environ.get("SHELF") == "closed":
                raise ConnectionError("nobody answers at the shelf")
            slot = settings.get("slot", "first")
            file = Path(os.environ["SHELVES"], f"{slot}.root")
            if not file.exists():
                file.write_bytes(secrets.token_bytes(32))
            self._root = AESGCM(file.read_bytes())

        def wrap(self, key, *, context):
            if os.environ.get("SHELF") == "tells":
                raise ValueError(f"cannot wrap {key!r}, {key.hex()}")
            nonce = secrets.token_bytes(12)
            return nonce + self._root.encrypt(nonce, key, context)

        def unwrap(self, wrapped, *, context):
            if os.environ.get("SHELF") == "text":
                return "a key"
            try:
                return self._root.decrypt(wrapped[:12], wrapped[12:], context)
            except (InvalidTag, ValueError):
                raise WrongKey("another slot of the shelf wrapped it") from None

    @hookimpl
    def prefcore_key_providers():
        trials = [{"slot": "trial"}, {"slot": "other"}]
        return [KeyProviderInfo(id="shelf", summary="a shelf", factory=Shelf, trials=trials)]
"""


class Shelved:
    """A shell with the plugin; what it runs is a process of its own."""

    def __init__(self, shell: Shell, folder: Path) -> None:
        self.shell = shell
        self.shelves = folder / "shelves"
        self.shelves.mkdir()
        site = folder / "site"
        write_distribution(
            site,
            "acme-shelf",
            entry_points={"prefcore.key_providers": {"shelf": "acme_shelf"}},
            modules={"acme_shelf": _SHELF},
        )
        self._env = {"PYTHONPATH": str(site), "SHELVES": str(self.shelves)}

    def run(self, *words: str, shelf: str = "", code: int = 0, stdin: str = "") -> Ran:
        env = {**self._env, **PHRASE, "SHELF": shelf}
        return self.shell.process(*words, env=env, code=code, stdin=stdin.encode())

    def opens(self) -> None:
        got = self.run("get", "secret.key", "--user", "bo", "--reveal")
        assert got.out == f"{CANARY}\n"


@pytest.fixture
def shelved(shell: Shell, tmp_path: Path) -> Shelved:
    made = Shelved(shell, tmp_path)
    made.run("keys", "init", "--provider", "shelf", "--setting", "slot=mine")
    made.run("set", "secret.key", "-", "--user", "bo", stdin=CANARY)
    return made


def test_a_plugin_keeps_the_root_key_by_what_it_was_told(shelved: Shelved) -> None:
    assert [path.name for path in shelved.shelves.iterdir()] == ["mine.root"]
    told = shelved.run("keys", "list", "--json").json
    assert told["root"] == "provider"
    shelved.opens()
    shelved.run("keys", "rotate")
    shelved.run("keys", "reencrypt")
    shelved.run("keys", "rewrap", "--provider", "shelf", "--setting", "slot=next")
    shelved.opens()
    (shelved.shelves / "mine.root").unlink()
    shelved.opens()
    (shelved.shelves / "next.root").rename(shelved.shelves / "mine.root")
    ran = shelved.run("get", "secret.key", "--user", "bo", "--reveal", code=12)
    assert "stays locked: another slot of the shelf wrapped it" in ran.err


def test_a_plugin_that_fails_leaves_the_ring_and_shows_no_key(shelved: Shelved) -> None:
    ring = Path(shelved.run("keys", "list", "--json").json["path"])
    before = ring.read_bytes()
    for shelf, words, told in (
        ("closed", ("get", "secret.key", "--user", "bo", "--reveal"), "nobody answers"),
        ("text", ("get", "secret.key", "--user", "bo", "--reveal"), "it gave str, not bytes"),
        ("tells", ("keys", "rotate"), "the key provider 'shelf' failed (ValueError)"),
        ("tells", ("--debug", "keys", "rotate"), "the key provider 'shelf' failed (ValueError)"),
    ):
        ran = shelved.run(*words, shelf=shelf, code=18)
        assert told in ran.err
        assert "cannot wrap" not in ran.err
        assert ring.read_bytes() == before
    shelved.opens()


def test_a_copy_takes_the_place_of_a_ring_whose_plugin_is_gone(shelved: Shelved) -> None:
    shelved.run("keys", "export", "ring.copy")
    said = shelved.run("keys", "import", "ring.copy", shelf="closed", code=18).err
    assert "--force puts it aside for the copy" in said
    shelved.run("keys", "import", "ring.copy", "--force", shelf="closed")
    got = shelved.run("get", "secret.key", "--user", "bo", "--reveal", shelf="closed")
    assert got.out == f"{CANARY}\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--setting", "slot=mine"), "--setting is for a plugin"),
        (("--provider", "shelf", "--setting", "slot"), "takes NAME=VALUE"),
        (("--provider", "shelf", "--setting", "=x"), "takes NAME=VALUE"),
        (("--provider", "shelf", "--setting", "a=1", "--setting", "a=2"), "each name once"),
        (("--provider", "shelf", "--passphrase"), "a ring has one root key"),
    ],
)
def test_settings_that_mean_nothing_are_refused(
    shell: Shell, words: tuple[str, ...], told: str
) -> None:
    assert told in shell.fails(2, "keys", "init", *words)
    assert "keys init" in shell.fails(10, "keys", "list")


def test_its_suite_is_run_by_its_declaration(shelved: Shelved) -> None:
    told = shelved.run("plugins", "check", "shelf").out
    assert "7 checks run, 7 passed" in told
