"""Schema files are told apart by content, kept by version, and written all or nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from prefcore.errors import (
    AppMismatch,
    InvalidSchema,
    NewerFormat,
    NotFound,
    NotPermitted,
    PrefcoreError,
)
from prefcore.schema.declaration import SchemaDocument
from prefcore.schema.declared import Preference
from prefcore.schema.shape import Shape
from prefcore.schema.snapshots import Snapshots, read_schema

OURS = SchemaDocument("acme", "1.2.0", [Preference("a.b", Shape(kinds=("string",)), default="é")])
VSCODE = {"application": "acme", "version": "1.2.0", "properties": {"a.b": {"scope": "window"}}}
JSON_SCHEMA = {"$schema": "x", "properties": {"a": {"properties": {"b": {"type": "string"}}}}}


def put(folder: Path, name: str, content: object) -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("content", "dialect"),
    [
        pytest.param(OURS.as_document(), "prefcore", id="ours"),
        pytest.param(VSCODE, "vscode", id="VS Code's configuration"),
        pytest.param([{"properties": {"a.b": {}}}], "vscode", id="VS Code's list"),
        pytest.param(
            {"name": "acme", "contributes": {"configuration": {"properties": {"a.b": {}}}}},
            "vscode",
            id="package.json",
        ),
        pytest.param({"properties": {"a.b": {"type": "null"}}}, "vscode", id="dotted keys"),
        pytest.param(JSON_SCHEMA, "json-schema", id="JSON Schema"),
        pytest.param({"properties": {"a": {"properties": {"b": {}}}}}, "json-schema", id="nested"),
    ],
)
@pytest.mark.parametrize("name", ["1.2.0.json", "1.2.0.schema.json"])
def test_a_file_is_read_by_its_content_and_its_name(
    tmp_path: Path, content: object, dialect: str, name: str
) -> None:
    made = read_schema(put(tmp_path, name, content), app="acme")
    assert (made.dialect, made.app, made.version) == (dialect, "acme", "1.2.0")
    assert list(made.preferences) == ["a.b"]


def test_tagged_values_in_our_files_are_values(tmp_path: Path) -> None:
    path = put(
        tmp_path,
        "1.0.0.json",
        {
            "prefcore_schema": 1,
            "app": "acme",
            "version": "1.0.0",
            "preferences": {"k": {"shape": {"type": "bytes"}, "default": {"$bytes": "AA=="}}},
        },
    )
    assert read_schema(path).preferences["k"].default == b"\x00"


@pytest.mark.parametrize(
    ("name", "content", "error", "message"),
    [
        pytest.param("1.0.0.json", "", InvalidSchema, "not JSON at line 1 column 1", id="empty"),
        pytest.param(
            "1.0.0.json", '{"a": 1,\n  b}', InvalidSchema, "line 2 column 3", id="not JSON"
        ),
        pytest.param(
            "1.0.0.json", '{"a": 1, "a": 2}', InvalidSchema, "'a' stands twice", id="duplicate key"
        ),
        pytest.param("1.0.0.json", '{"a": NaN}', InvalidSchema, "NaN is not a number", id="NaN"),
        pytest.param("1.0.0.json", "[" * 100_000, InvalidSchema, "too deeply", id="100,000 deep"),
        pytest.param(
            "1.0.0.json", '{"a": %s}' % ("9" * 400), InvalidSchema, "64 bits", id="400 digits"
        ),
        pytest.param(
            "1.0.0.json", '{"a": "\\ud800"}', InvalidSchema, "lone surrogate", id="surrogate"
        ),
        pytest.param("1.0.0.json", "5", InvalidSchema, "it holds no object", id="number"),
        pytest.param("1.0.0.json", {}, InvalidSchema, "it has no 'properties'", id="no schema"),
        pytest.param("1.3.0.json", VSCODE, InvalidSchema, "its name says version 1.3.0", id="vs"),
        pytest.param(
            "1.3.0.json",
            OURS.as_document(),
            InvalidSchema,
            "its name says version 1.3.0 and its content says 1.2.0",
            id="ours of another version",
        ),
        pytest.param("x.json", JSON_SCHEMA, InvalidSchema, "its version", id="version nowhere"),
        pytest.param(
            "1.0.0.json", {**VSCODE, "application": "x"}, AppMismatch, "of 'x', not of", id="app"
        ),
        pytest.param(
            "1.2.0.json", {**OURS.as_document(), "app": "x"}, AppMismatch, "of 'x'", id="our app"
        ),
        pytest.param(
            "1.2.0.json",
            {**OURS.as_document(), "prefcore_schema": 9},
            NewerFormat,
            "layout 9",
            id="newer layout",
        ),
        pytest.param(
            "1.2.0.json", {"prefcore_schema": {"$date": "x"}}, PrefcoreError, "$date", id="bad tag"
        ),
    ],
)
def test_a_bad_file_is_refused_with_its_name_and_reason(
    tmp_path: Path, name: str, content: object, error: type[PrefcoreError], message: str
) -> None:
    path = put(tmp_path, name, content)
    with pytest.raises(error) as caught:
        read_schema(path, app="acme")
    assert message in caught.value.message
    assert str(path) in caught.value.message


def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="there is no file"):
        read_schema(tmp_path / "1.0.0.json")
    with pytest.raises(NotFound, match="there is no folder of schemas"):
        _ = Snapshots(tmp_path / "none", "acme").versions


def test_bytes_that_are_not_utf_8_are_refused_and_a_byte_order_mark_is_not(tmp_path: Path) -> None:
    path = tmp_path / "1.2.0.json"
    path.write_bytes(b"\xef\xbb\xbf" + OURS.text.encode())
    assert read_schema(path) == OURS
    path.write_bytes(b'{"\xff": 1}')
    with pytest.raises(InvalidSchema, match="byte 2 is not valid UTF-8"):
        read_schema(path)


def test_a_folder_that_is_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "1.0.0.json").mkdir()
    with pytest.raises(InvalidSchema, match=r"1\.0\.0\.json can't be read"):
        read_schema(tmp_path / "1.0.0.json")
    assert Snapshots(tmp_path, "acme").versions == ()


def test_a_file_that_may_not_be_read_is_not_permitted(tmp_path: Path) -> None:
    path = tmp_path / "1.2.0.json"
    path.write_text(OURS.text)
    path.chmod(0)
    read = (
        "import os, sys; from prefcore.schema import read_schema\n"
        "os.getuid() or os.setuid(65534)\n"
        "try: read_schema(sys.argv[1])\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", read, str(path)], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"NotPermitted {path} can't be read: Permission denied\n"


def test_versions_come_from_names_without_reading_bodies(tmp_path: Path) -> None:
    for name in ("1.10.0.json", "1.9.0.schema.json", "1.10.0-rc.1.json", ".1.0.0.json.9.tmp"):
        put(tmp_path, name, "not JSON")
    put(tmp_path, "README.md", "text")
    snapshots = Snapshots(tmp_path, "acme")
    assert snapshots.versions == ("1.9.0", "1.10.0-rc.1", "1.10.0")
    assert snapshots.newest == "1.10.0"


def test_a_version_comes_from_the_content_where_the_name_tells_none(tmp_path: Path) -> None:
    put(tmp_path, "settings.json", OURS.as_document())
    snapshots = Snapshots(tmp_path, "acme")
    assert snapshots.versions == ("1.2.0",)
    assert snapshots.load("1.2.0") == OURS


def test_an_empty_folder_has_no_newest(tmp_path: Path) -> None:
    assert Snapshots(tmp_path, "acme").newest is None


def test_two_files_of_one_version_are_refused(tmp_path: Path) -> None:
    put(tmp_path, "1.2.0.json", "")
    put(tmp_path, "1.2.0.schema.json", "")
    with pytest.raises(
        InvalidSchema,
        match=r"1\.2\.0\.json and 1\.2\.0\.schema\.json .* are both of version 1\.2\.0",
    ):
        _ = Snapshots(tmp_path, "acme").versions


def test_a_version_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    put(tmp_path, "1.0.0.json", JSON_SCHEMA)
    put(tmp_path, "2.0.0.json", JSON_SCHEMA)
    with pytest.raises(NotFound, match=r"no schema of version 3\.0\.0; it has 2 from 1\.0\.0 to"):
        Snapshots(tmp_path, "acme").load("3.0.0")


def test_a_document_is_loaded_once(tmp_path: Path) -> None:
    put(tmp_path, "1.0.0.json", JSON_SCHEMA)
    snapshots = Snapshots(tmp_path, "acme")
    assert snapshots.load("1.0.0") is snapshots.load("1.0.0")


def test_a_snapshot_written_is_read_back_the_same(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path / "new" / "schemas", "acme")
    path = snapshots.write(OURS)
    assert path == tmp_path / "new" / "schemas" / "1.2.0.json"
    assert snapshots.load("1.2.0") == OURS
    assert [entry.name for entry in path.parent.iterdir()] == ["1.2.0.json"]
    text = path.read_text(encoding="utf-8")
    assert '"default": "é"' in text
    assert text.endswith("}\n")


def test_a_foreign_schema_snapshot_keeps_its_dialect(tmp_path: Path) -> None:
    foreign = read_schema(put(tmp_path, "1.2.0.json", VSCODE))
    snapshots = Snapshots(tmp_path / "ours", "acme")
    snapshots.write(foreign)
    assert snapshots.load("1.2.0").dialect == "vscode"


def test_writing_the_same_again_changes_nothing_and_another_is_refused(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path, "acme")
    path = snapshots.write(OURS)
    before = path.stat()
    assert snapshots.write(OURS) == path
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    with pytest.raises(InvalidSchema, match=r"holds another schema of version 1\.2\.0"):
        snapshots.write(SchemaDocument("acme", "1.2.0"))
    assert snapshots.load("1.2.0") == OURS


def test_a_document_of_another_application_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(AppMismatch):
        Snapshots(tmp_path, "other").write(OURS)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "schemas").write_text("a file")
    with pytest.raises(NotPermitted, match="schemas cannot be made: File exists"):
        Snapshots(tmp_path / "schemas", "acme").write(OURS)


def test_a_write_that_fails_leaves_no_temporary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(PrefcoreError, match="No space left") as caught:
        Snapshots(tmp_path, "acme").write(OURS)
    assert caught.value.exit_code == 14
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_too_large_for_a_schema_is_refused_before_it_is_parsed(
    tmp_path: Path,
) -> None:
    path = tmp_path / "1.0.0.json"
    with path.open("wb") as file:
        file.truncate((16 << 20) + 1)
    with pytest.raises(InvalidSchema, match="is larger than 16 MiB, too large for a schema"):
        read_schema(path, app="acme")


def test_a_schema_of_ten_megabytes_is_read_whole(tmp_path: Path) -> None:
    # Few keys with long texts: what is large in real schemas. Many keys take a few seconds.
    help = "x" * 100_000
    properties = {f"k{i}": {"type": "string", "description": help} for i in range(100)}
    path = tmp_path / "1.0.0.json"
    path.write_text(json.dumps({"properties": properties}))
    assert path.stat().st_size > 10_000_000
    assert len(read_schema(path, app="acme").preferences) == 100
