"""prefcore.toml and the environment: where things are, as data.

No code is run from a configuration file. Precedence: explicit argument, environment, file,
default. ``prefcore get`` reads this on its way, so it takes ``os.path`` where other modules take
pathlib (5 ms to import) and NamedTuples, which tomllib has paid for, where others take attrs.
"""
# ruff: noqa: PTH100, PTH110, PTH111, PTH113, PTH117, PTH118, PTH120, PTH123

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, NoReturn, TypeVar

from prefcore.errors import (
    NotFound,
    NotPermitted,
    PrefcoreError,
    UsageError,
)
from prefcore.host import default_store
from prefcore.whole_files import unwritable, written_whole

__all__ = [
    "FILE_NAME",
    "Config",
    "PluginSettings",
    "find",
    "store_url",
    "target_url",
    "write_initial",
]

FILE_NAME = "prefcore.toml"

_MAX_BYTES = 256 << 10
#: tomllib takes 4 s for a key of 20,000 parts.
_MAX_DOTS = 1000
_KEYS = ("app", "store", "schemas", "migrations", "plugins", "targets", "compatibility")
_OF_POLICIES = ("access", "roles", "rules")
_COMPATIBILITY_KEYS = ("mode", "remedy", "snapshots", "overrides")
_PLUGIN_KEYS = ("allow", "deny", "choose", "strict", "watch")
_TYPES: dict[type, str] = {str: "a text", bool: "true or false", dict: "a table", list: "a list"}

_T = TypeVar("_T")


class PluginSettings(NamedTuple):
    """The table ``[plugins]``: the arguments of ``Plugins`` by their names."""

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    choose: Mapping[str, str] = {}
    strict: bool = False
    watch: tuple[str, ...] = ()


class Config(NamedTuple):
    """What is configured, defaults filled in.

    ``path`` and ``folder`` are of the file, empty without one. ``store`` is a URL, empty where
    neither it nor ``app`` is known. ``schemas`` and ``migrations`` are absolute paths of folders,
    ``schemas`` also of a file, or else name Python (``package.module:Class``,
    ``package.module``), to load only where ``prefcore.host.why_untrusted`` has no objection.
    ``targets`` has each target's table by name, its URL absolute, ``compatibility`` its table, with
    ``snapshots`` as an absolute path.
    """

    path: str = ""
    folder: str = ""
    app: str = ""
    store: str = ""
    schemas: str = ""
    migrations: str = ""
    plugins: PluginSettings = PluginSettings()
    targets: Mapping[str, Mapping[str, object]] = {}
    compatibility: Mapping[str, object] = {}

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str] | None,
        environ: Mapping[str, str],
        *,
        app: str = "",
        store: str = "",
    ) -> Config:
        """Read a file (None: there is none) and give the configuration that holds.

        ``app`` and ``store`` are explicit ones; a store there and in the environment may be named
        by its path, from the working folder. Raises UsageError naming file and line, NotFound
        where a named file is missing, NotPermitted where it cannot be read.
        """
        config = cls() if path is None else _read(os.path.abspath(path))
        app = app or environ.get("PREFCORE_APP") or config.app
        store = store or environ.get("PREFCORE_STORE", "")
        store = store_url(store) if store else config.store
        if app and not store:
            store = default_store(app, environ)
        return config._replace(app=app, store=store)


def find(start: str | os.PathLike[str], environ: Mapping[str, str]) -> str | None:
    """Give the path of the prefcore.toml that holds in a folder: PREFCORE_CONFIG, else upward."""
    named = environ.get("PREFCORE_CONFIG")
    if named:
        return os.path.join(os.path.abspath(start), named)
    folder = os.path.abspath(start)
    while True:
        path = os.path.join(folder, FILE_NAME)
        if os.path.isfile(path):
            return path
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent


def store_url(text: str) -> str:
    """Give the URL of a store that is named by its URL or, for SQLite, by its path."""
    scheme, colon, rest = text.partition(":")
    if colon and len(scheme) > 1 and scheme.isalnum():
        if scheme == "sqlite" and not rest:
            raise UsageError(f"'{text}' names no file; write sqlite:PATH", store=text)
        return text
    return f"sqlite:{os.path.abspath(os.path.expanduser(text))}"


def target_url(url: str, folder: str) -> str:
    """Give the URL of a target, ``file:PATH`` as the URL of an absolute path.

    A relative path starts at ``folder``, and ``~`` is the user's own.
    """
    scheme, _, rest = url.partition(":")
    if scheme != "file" or rest.startswith("//"):
        return url
    path = os.path.normpath(os.path.join(folder, os.path.expanduser(rest)))
    for mark in "%?#":  # the percent sign first, for the others bring new ones
        path = path.replace(mark, f"%{ord(mark):02X}")
    return f"file://{path}"


def _scheme(url: str) -> str:
    scheme, colon, _ = url.partition(":")
    # One letter is a drive of Windows.
    good = len(scheme) > 1 and scheme[0].isalpha() and not set(scheme) & set("/\\. ")
    return scheme if colon and good else ""


# ----------------------------------------------------------------------------- reading the file


def _read(path: str) -> Config:
    text = _text(path)
    for number, line in enumerate(text.split("\n"), 1):
        if line.count(".") > _MAX_DOTS:
            raise UsageError(f"{path} line {number}: it is nested too deeply", path=path)
    import tomllib  # late: 4 ms, and often there is no file

    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        what = "it is nested too deeply" if isinstance(error, RecursionError) else error
        raise UsageError(f"{path}: {what}", path=path) from error
    return _Reader(path, text).config(table)


def _text(path: str) -> str:
    try:
        with open(path, "rb") as file:
            data = file.read(_MAX_BYTES + 1)
        if len(data) > _MAX_BYTES:
            raise UsageError(f"{path} is larger than {_MAX_BYTES >> 10} KiB", path=path)
        return data.decode("utf-8").replace("\r\n", "\n")
    except FileNotFoundError as error:
        raise NotFound(f"{path} is not there; make one with: prefcore init", path=path) from error
    except PermissionError as error:
        raise NotPermitted(f"{path} cannot be read: permission denied", path=path) from error
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", path=path) from error
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{path} line {line}: this is no UTF-8", path=path, line=line) from error


class _Reader:
    """Checks the tables of one file; every complaint names the line."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.folder = os.path.dirname(path)
        self.text = text

    def config(self, table: Mapping[str, object]) -> Config:
        for key in _OF_POLICIES:
            if key in table:
                self.complain(
                    key,
                    f"'{key}' belongs to an access policy, which never comes from a project's "
                    "file; `prefcore access show` says where one stands",
                )
        self.refuse_unknown(table, _KEYS)
        targets = self.get(table, "targets", dict, {})
        return Config(
            path=self.path,
            folder=self.folder,
            app=self.get(table, "app", str, ""),
            store=self.store(self.get(table, "store", str, "")),
            schemas=self.source(self.get(table, "schemas", str, "")),
            migrations=self.source(self.get(table, "migrations", str, "")),
            plugins=self.plugins(self.get(table, "plugins", dict, {})),
            targets={name: self.target(targets, name) for name in targets},
            compatibility=self.compatibility(self.get(table, "compatibility", dict, {})),
        )

    def store(self, url: str) -> str:
        """A file's relative path starts at this folder, wherever prefcore runs."""
        if not url:
            return ""
        if not _scheme(url):
            self.complain("store", f"'{url}' is no URL of a store, such as sqlite:{url}")
        scheme, _, rest = url.partition(":")
        if scheme != "sqlite" or rest.startswith("~"):
            return url
        return "sqlite:" + os.path.normpath(os.path.join(self.folder, rest))

    def source(self, text: str) -> str:
        """Give an absolute path, or the name of something in Python as it stands.

        What has a colon is Python; so is a dotted name that is no folder or file here.
        """
        if not text or (":" in text and not os.path.isabs(text)):
            return text
        path = os.path.normpath(os.path.join(self.folder, os.path.expanduser(text)))
        words = text.split(".")
        if len(words) > 1 and all(map(str.isidentifier, words)) and not os.path.exists(path):
            return text
        return path

    def plugins(self, table: Mapping[str, object]) -> PluginSettings:
        self.refuse_unknown(table, _PLUGIN_KEYS, "plugins")
        choose = self.get(table, "choose", dict, {}, "plugins")
        for name in choose:
            self.get(choose, name, str, "", "plugins.choose")
        return PluginSettings(
            self.texts(table, "allow", "plugins"),
            self.texts(table, "deny", "plugins"),
            choose,
            self.get(table, "strict", bool, False, "plugins"),
            self.texts(table, "watch", "plugins"),
        )

    def target(self, targets: Mapping[str, object], name: str) -> Mapping[str, object]:
        table = self.get(targets, name, dict, {}, "targets")
        inside = f"targets.{name}"
        url = self.get(table, "url", str, "", inside)
        scheme = _scheme(url)
        if not scheme:
            self.complain("url", f"'{url}' is no URL of a target, such as file:backups", inside)
        if "@" in url.partition("://")[2].partition("/")[0]:
            self.complain("url", "credentials belong into the environment, not here", inside)
        table = {**table, "url": target_url(url, self.folder)}
        keep = self.get(table, "keep", dict, {}, inside)
        for period, count in keep.items():
            if isinstance(count, bool) or (isinstance(count, int) and count < 0):
                self.complain(period, f"'{period}' is a whole number from 0", f"{inside}.keep")
        return table

    def compatibility(self, table: Mapping[str, object]) -> Mapping[str, object]:
        inside = "compatibility"
        self.refuse_unknown(table, _COMPATIBILITY_KEYS, inside)
        for key in ("mode", "remedy"):
            self.get(table, key, str, "", inside)
        overrides: list[object] = self.get(table, "overrides", list, [], inside)
        if not all(isinstance(one, dict) for one in overrides):
            self.complain("overrides", "'overrides' is a list of tables", inside)
        snapshots = self.get(table, "snapshots", str, "", inside)
        folder = os.path.join(self.folder, os.path.expanduser(snapshots))
        return {**table, "snapshots": os.path.normpath(folder)} if snapshots else table

    def texts(self, table: Mapping[str, object], key: str, inside: str) -> tuple[str, ...]:
        texts: list[object] = self.get(table, key, list, [], inside)
        if not all(isinstance(text, str) for text in texts):
            self.complain(key, f"'{key}' is a list of texts", inside)
        return tuple(map(str, texts))

    def get(
        self, table: Mapping[str, Any], key: str, due: type[_T], default: _T, inside: str = ""
    ) -> _T:
        value = table.get(key, default)
        if not isinstance(value, due):
            self.complain(key, f"'{key}' is {_TYPES[due]}, not {value!r:.50}", inside)
        return value

    def refuse_unknown(
        self, table: Iterable[str], known: tuple[str, ...], inside: str = ""
    ) -> None:
        for key in table:
            if key not in known:
                from difflib import get_close_matches  # late: only for the message

                near = get_close_matches(key, known, n=1)
                hint = f"did you mean '{near[0]}'?" if near else f"known are {', '.join(known)}"
                self.complain(key, f"there is no setting '{key}'; {hint}", inside)

    def complain(self, key: str, what: str, inside: str = "") -> NoReturn:
        line = self.line(key, inside)
        where = f"{self.path} line {line}" if line else self.path
        table = f" in [{inside}]" if inside else ""
        raise UsageError(f"{where}{table}: {what}", path=self.path, line=line, key=key)

    def line(self, key: str, inside: str) -> int:
        """Give the line a key stands in, 0 where a line-wise look does not find it."""
        section, parent = "", 0
        for number, line in enumerate(self.text.split("\n"), 1):
            line = line.strip()
            if line.startswith("["):
                section = _plain(line.partition("]")[0].lstrip("["))
                name = ""
            else:
                name = _plain(line.partition("=")[0]) if "=" in line else ""
            full = ".".join(filter(None, (section, name)))
            wanted = f"{inside}.{key}" if inside else key
            if full == wanted or full.startswith(wanted + "."):
                return number
            if inside and full == inside:
                parent = number
        return parent


def _plain(name: str) -> str:
    return "".join(name.split()).replace('"', "").replace("'", "")


# ----------------------------------------------------------------------------- writing it first


def write_initial(
    folder: str | os.PathLike[str],
    *,
    app: str,
    store: str = "",
    schemas: str = "",
    migrations: str = "",
) -> str:
    """Write the first prefcore.toml into a folder, whole or not at all, and give its path.

    Raises UsageError where one is there already, NotPermitted, ReadOnly or NoSpace.
    """
    path = os.path.join(os.path.abspath(folder), FILE_NAME)
    settings = {"app": app, "store": store, "schemas": schemas, "migrations": migrations}
    lines = [f"{key} = {_toml_text(value)}\n" for key, value in settings.items() if value]
    try:
        with written_whole(path, mode=0o666, replacing=False) as file:
            file.write("".join(lines).encode())
    except OSError as error:
        raise _refusal(path, error) from error
    return path


def _refusal(path: str, error: OSError) -> PrefcoreError:
    if error.errno == errno.EEXIST:
        return UsageError(f"{path} is there already; edit it instead", path=path)
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return NotFound(f"{os.path.dirname(path)} is no folder", path=path)
    return unwritable(path, error)


def _toml_text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in escaped) + '"'
