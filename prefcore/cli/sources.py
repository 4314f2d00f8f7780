"""Where schemas and migration steps come from, as configured; code only from safe places."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from prefcore.documents import values_of
from prefcore.errors import InvalidStep, NotFound, PluginError, UsageError
from prefcore.migration import Step, read_steps

if TYPE_CHECKING:
    from prefcore.config import Config
    from prefcore.plugins.manager import Plugins
    from prefcore.schema import SchemaDocument
    from prefcore.schema.compatibility import Policy
    from prefcore.trust import Trusted

__all__ = [
    "known_folder",
    "own_class",
    "own_schema",
    "policy",
    "schema_folder",
    "snapshot_folder",
    "steps",
]


def schema_folder(config: Config) -> Path | None:
    """Give the configured folder of schema snapshots, if it is a folder."""
    path = Path(config.schemas)
    return path if path.is_absolute() and not path.is_file() else None


def snapshot_folder(config: Config) -> Path:
    """Give the folder of schema snapshots: the one set for them, the schemas', or ``schemas``."""
    named = config.compatibility.get("snapshots")
    if isinstance(named, str):
        return Path(named)
    return schema_folder(config) or Path(config.folder or ".", "schemas")


def known_folder(config: Config) -> Path | None:
    """Give the folder of schemas that migrations know: the schemas', or the snapshots' if set."""
    folder = schema_folder(config)
    if folder is None and config.compatibility.get("snapshots"):
        folder = snapshot_folder(config)
    return folder if folder is None or folder.is_dir() or config.schemas == str(folder) else None


def policy(config: Config) -> Policy:
    """Give the configured policy of compatibility; raises UsageError, naming the file."""
    from prefcore.schema.compatibility import Policy

    try:
        return Policy.from_table(config.compatibility)
    except UsageError as error:
        raise UsageError(
            f"{config.path} in [compatibility]: {error.message}", path=config.path
        ) from error


def own_class(config: Config, trusted: Trusted) -> object | None:
    """Give the configured class of the schema; None where a folder or file is, or nothing."""
    if not config.schemas or Path(config.schemas).is_absolute():
        return None
    return _named(config, config.schemas, trusted, setting="schemas")


def own_schema(config: Config, plugins: Plugins, trusted: Trusted) -> SchemaDocument | None:
    """Give the schema of the configured class, ``package.module:Class``, or of the one file.

    None where a folder is configured, or nothing.
    """
    if not config.schemas or schema_folder(config) is not None:
        return None
    if Path(config.schemas).is_absolute():
        return schema_of_file(config.schemas, config.app, plugins)
    document = getattr(own_class(config, trusted), "document", None)
    if not callable(document):
        raise UsageError(
            f"schemas = '{config.schemas}' is no schema class; write package.module:Class"
        )
    made: SchemaDocument = document()
    return made


def schema_of_file(
    path: str, app: str, plugins: Plugins, *, version: str | None = None
) -> SchemaDocument:
    """Give the schema of a file, in any format that a plugin reads."""
    from prefcore.schema import read_schema

    decode = partial(values_of, find=plugins.formats.get)
    return read_schema(path, app=app, version=version, decode=decode)


def steps(config: Config, plugins: Plugins, trusted: Trusted) -> Iterable[Step]:
    """Give the migration steps: their code is looked for and run only when they are drawn."""
    return _Steps(config, plugins, trusted)


class _Steps:
    def __init__(self, config: Config, plugins: Plugins, trusted: Trusted) -> None:
        self._config = config
        self._plugins = plugins
        self._trusted = trusted

    def __iter__(self) -> Iterator[Step]:
        migrations = self._config.migrations
        if not migrations:
            return iter(_of_plugins(self._plugins, self._config.app))
        if Path(migrations).is_absolute():
            return iter(_of_folder(self._config, self._trusted))
        return iter(_of_module(self._config, self._trusted))


def _of_plugins(plugins: Plugins, app: str) -> tuple[Step, ...]:
    if app not in plugins.migrations.ids():
        return ()
    found = tuple(plugins.migrations.get(app).steps())
    return tuple(_checked(one, f"the plugin migrations.{app}") for one in found)


def _of_folder(config: Config, trusted: Trusted) -> tuple[Step, ...]:
    folder = Path(config.migrations)
    if folder.is_dir() and next(folder.glob("*.py"), None) is not None:
        trusted.check(config, f"the migration steps in {folder} are Python code")
    return read_steps(folder)


def _of_module(config: Config, trusted: Trusted) -> tuple[Step, ...]:
    name = config.migrations if ":" in config.migrations else f"{config.migrations}:steps"
    found = _named(config, name, trusted, setting="migrations")
    if callable(found):
        found = found()
    if not isinstance(found, Iterable):
        raise UsageError(f"migrations = '{config.migrations}': {name} is no list of steps")
    return tuple(_checked(one, config.migrations) for one in found)


def _checked(step: object, origin: str) -> Step:
    if not isinstance(step, Step):
        raise InvalidStep(f"{origin} gives {step!r:.60}, which is no migration step")
    return step


def _named(config: Config, name: str, trusted: Trusted, *, setting: str) -> object:
    """Give what ``package.module:Name`` means: an installed module, else one beside the file.

    Either is code that the file has run, so the file has to be one's own, or allowed.
    """
    module, _, attribute = name.partition(":")
    if not attribute or not all(word.isidentifier() for word in (*module.split("."), attribute)):
        raise UsageError(f"{setting} = '{name}' is no folder; name Python as package.module:Name")
    if config.folder:
        trusted.check(config, f"{setting} = '{module}' is Python code")
    if not _is_found(module):
        if not config.folder:
            raise NotFound(f"{setting} = '{name}': there is no module {module}")
        _allow_folder(config, module, setting)
    try:
        return getattr(import_module(module), attribute)
    except AttributeError as error:
        raise NotFound(f"{setting} = '{name}': {module} has no {attribute}") from error
    except Exception as error:
        raise PluginError(
            f"{setting} = '{name}' cannot be imported: {type(error).__name__}: {error}"
        ) from error


def _allow_folder(config: Config, module: str, setting: str) -> None:
    """Let modules be found beside prefcore.toml, which is trusted by now."""
    package = Path(config.folder, module.partition(".")[0])
    file = package.with_suffix(".py")
    if not package.is_dir() and not file.is_file():
        raise NotFound(
            f"{setting} = '{config.schemas if setting == 'schemas' else config.migrations}': there "
            f"is no module {module}, neither installed nor in {config.folder}"
        )
    sys.path.append(config.folder)  # last: a file there must not stand in for a library


def _is_found(module: str) -> bool:
    try:
        return find_spec(module.partition(".")[0]) is not None
    except (ImportError, ValueError):
        return False
