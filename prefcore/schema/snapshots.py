"""Schema files: one snapshot of the schema per version, in a folder that the application commits.

A file is ours, VS Code's or JSON Schema, told by its content. Its version stands in its name
(``1.2.0.json``, ``0.41.0.schema.json``) or, where the name tells none, in its content. It is JSON,
or TOML or YAML where whoever asks can decode them: those are formats of plugins.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from prefcore.errors import (
    AppMismatch,
    InvalidSchema,
    InvalidValue,
    NotFound,
    NotPermitted,
    PrefcoreError,
)
from prefcore.schema.declaration import SchemaDocument
from prefcore.schema.foreign import Known
from prefcore.schema.json_schema import from_json_schema
from prefcore.schema.strict_json import read_json
from prefcore.schema.versions import Version, sorted_versions
from prefcore.schema.vscode import from_vscode
from prefcore.values import from_tagged, to_tagged
from prefcore.whole_files import put_whole, unwritable

__all__ = ["Decode", "Snapshots", "read_schema", "to_snapshot"]

#: Gives the values that a file of another format than JSON holds; takes its path and content.
Decode = Callable[[Path, bytes], Mapping[str, object]]

_ENDINGS = (".json", ".toml", ".yaml", ".yml")
#: A larger file is refused before it is parsed.
MAX_BYTES = 16 << 20
_SUFFIXES = (*(f".schema{ending}" for ending in _ENDINGS), *_ENDINGS)
# What JSON Schema has at its root and VS Code's configurations have not.
_OF_JSON_SCHEMA = ("$schema", "$id", "$ref", "$defs", "definitions")


def read_schema(
    path: Path | str,
    *,
    app: str | None = None,
    version: str | None = None,
    decode: Decode | None = None,
) -> SchemaDocument:
    """Give the schema document of a file: ours, JSON Schema or VS Code's form.

    ``app`` is needed where the content names no application, ``version`` where neither it nor the
    name tells one, ``decode`` for TOML and YAML. Raises NotFound when there is no such file;
    InvalidSchema when it can't be read or understood, or says another version than its name or
    ``version``; AppMismatch when it is of another application than ``app``; NewerFormat when a
    newer prefcore wrote it; NotPermitted when it may not be read; and what ``decode`` raises.
    """
    return _read_schema(Path(path), app, version, decode, Known())


def _read_schema(
    path: Path, app: str | None, version: str | None, decode: Decode | None, known: Known
) -> SchemaDocument:
    named = _version_in_name(path)
    content = _read(path, decode)
    try:
        document = _document(content, app, named or version, known)
    except PrefcoreError as error:
        # A tagged value that is malformed is a fault of the file, as a field is.
        kind = InvalidSchema if isinstance(error, InvalidValue) else type(error)
        raise kind(f"{path}: {error.message}", **{**error.facts, "path": str(path)}) from error
    for asked, said in ((named, "its name says version"), (version, "asked for is version")):
        if asked is not None and document.version != asked:
            raise InvalidSchema(
                f"{path}: {said} {asked} and its content says {document.version}; "
                "let the two agree",
                path=str(path),
            )
    return document


class Snapshots:
    """The schemas of one application, version by version, from a folder of files."""

    def __init__(self, folder: Path | str, app: str, *, decode: Decode | None = None) -> None:
        self.folder = Path(folder)
        self.app = app
        self._decode = decode
        self._loaded: dict[str, SchemaDocument] = {}
        self._found: dict[str, Path] | None = None
        self._known = Known()

    @property
    def versions(self) -> tuple[str, ...]:
        """The versions there are, oldest first; bodies are read only where names tell none.

        Raises NotFound when there is no such folder, InvalidSchema when two files are of one
        version or a file tells none.
        """
        return tuple(sorted_versions(self._files()))

    @property
    def newest(self) -> str | None:
        """The newest version, or None where there is none."""
        return self.versions[-1] if self._files() else None

    @property
    def path_of_newest(self) -> Path | None:
        """The file of the newest version, or None where there is none."""
        newest = self.newest
        return None if newest is None else self._files()[newest]

    def load(self, version: str) -> SchemaDocument:
        """Give the document of a version; raises NotFound, and what ``read_schema`` raises."""
        document = self._loaded.get(version)
        if document is None:
            path = self._files().get(version)
            if path is None:
                raise NotFound(
                    f"{self.folder} has no schema of version {version}; it has "
                    f"{_span(self.versions)}",
                    version=version,
                )
            document = self._read(path)
            self._loaded[version] = document
        return document

    def write(self, document: SchemaDocument) -> Path:
        """Write the snapshot of a document's version, all or nothing, and give its path.

        Writing the same again changes nothing. Raises InvalidSchema when the version has a file
        that says something else, AppMismatch when the document is of another application, NoSpace,
        ReadOnly or NotPermitted when the operating system refuses.
        """
        if document.app != self.app:
            raise AppMismatch(
                f"the schema is of '{document.app}', and {self.folder} of '{self.app}'",
                app=document.app,
            )
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(self.folder, error, "made") from error
        self._found = None
        path = self._files().get(document.version)
        if path is not None:
            held = self._read(path)
            if held.digest != document.digest:
                raise InvalidSchema(
                    f"{path} holds another schema of version {document.version}; "
                    "give the changed one a new version",
                    version=document.version,
                    digest=held.digest,
                )
            return path
        path = self.folder / f"{document.version}.json"
        put_whole(path, to_snapshot(document), mode=0o666)
        self._found = None
        return path

    def _read(self, path: Path) -> SchemaDocument:
        return _read_schema(path, self.app, None, self._decode, self._known)

    def _files(self) -> dict[str, Path]:
        if self._found is None:
            if not self.folder.is_dir():
                raise NotFound(
                    f"there is no folder of schemas {self.folder}", path=str(self.folder)
                )
            found: dict[str, Path] = {}
            for path in sorted(self.folder.iterdir()):
                if path.name.startswith(".") or path.suffix not in _ENDINGS or not path.is_file():
                    continue
                version = _version_in_name(path) or self._read(path).version
                if version in found:
                    raise InvalidSchema(
                        f"{found[version].name} and {path.name} in {self.folder} are both of "
                        f"version {version}; remove one",
                        version=version,
                    )
                found[version] = path
            self._found = found
        return self._found


def _version_in_name(path: Path) -> str | None:
    for suffix in _SUFFIXES:
        if path.name.endswith(suffix):
            name = path.name.removesuffix(suffix)
            with suppress(InvalidSchema):  # the content has to tell it
                return str(Version.parse(name))
    return None


def _read(path: Path, decode: Decode | None) -> Mapping[str, object] | list[object]:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise InvalidSchema(
                f"{path} is larger than {MAX_BYTES >> 20} MiB, too large for a schema",
                path=str(path),
            )
        content: object
        if path.suffix in _ENDINGS[1:]:
            if decode is None:
                raise InvalidSchema(f"{path} is not JSON, and nothing here reads {path.suffix}")
            content = decode(path, data)
        else:
            content = read_json(data)
    except FileNotFoundError as error:
        raise NotFound(f"there is no file {path}", path=str(path)) from error
    except OSError as error:
        kind = NotPermitted if isinstance(error, PermissionError) else InvalidSchema
        raise kind(f"{path} can't be read: {error.strerror or error}", path=str(path)) from error
    except ValueError as error:
        raise InvalidSchema(f"{path}: {error}", path=str(path)) from error
    if not isinstance(content, (dict, list)):
        raise InvalidSchema(f"{path} is no schema: it holds no object", path=str(path))
    return content


def _document(
    content: Mapping[str, object] | list[object],
    app: str | None,
    version: str | None,
    known: Known,
) -> SchemaDocument:
    if isinstance(content, list) or _is_vscode(content):
        said = None if isinstance(content, list) else content.get("version")
        return from_vscode(content, app=app, version=None if said else version, known=known)
    if "prefcore_schema" not in content:
        said = content.get("x-prefcore-version")
        return from_json_schema(content, app=app, version=None if said else version, known=known)
    tagged = from_tagged(dict(content))
    document = SchemaDocument.from_document(tagged if isinstance(tagged, dict) else {})
    if app is not None and document.app != app:
        raise AppMismatch(f"the schema is of '{document.app}', not of '{app}'", app=document.app)
    return document


def _is_vscode(content: Mapping[str, object]) -> bool:
    if "contributes" in content:
        return True
    properties = content.get("properties")
    if not isinstance(properties, dict) or any(word in content for word in _OF_JSON_SCHEMA):
        return False
    return any(
        "." in key or (isinstance(schema, dict) and isinstance(schema.get("scope"), str))
        for key, schema in properties.items()
    )


def to_snapshot(document: SchemaDocument) -> bytes:
    """Give the content of a document's file: indented JSON, keys sorted, as UTF-8."""
    tagged = to_tagged(document.as_document())
    text = json.dumps(tagged, ensure_ascii=False, indent=2, sort_keys=True, allow_nan=False)
    return f"{text}\n".encode()


def _span(versions: tuple[str, ...]) -> str:
    if len(versions) < 2:
        return versions[0] if versions else "none"
    return f"{len(versions)} from {versions[0]} to {versions[-1]}"
