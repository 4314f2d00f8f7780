"""The peers of bulk work: what one would use instead, each in its own idiom.

``python -m tests.benchmarks.peers WORK ARGUMENT…`` does one work as a process.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.benchmarks.population import RENAMED, SCALED, changed

__all__ = ["WORKS", "main"]

_FIELDS = ("updated_at", "source", "actor")


def _rows(document: str) -> Iterator[dict[str, Any]]:
    """Give the entries of a document as flat rows."""
    for one in json.loads(Path(document).read_text(encoding="utf-8"))["sets"]:
        for key, entry in one["entries"].items():
            yield {
                "owner": one["owner"],
                "key": key,
                "value": json.dumps(entry["value"]),
                **{name: entry[name] for name in _FIELDS},
            }


# --------------------------------------------------------------------------------- sqlite-utils


def insert(document: str, database: str) -> None:
    """Insert a document with sqlite-utils."""
    from sqlite_utils import Database

    Database(database).table("entries").insert_all(_rows(document), pk=("owner", "key"))


def upsert(document: str, database: str) -> None:
    """Insert a document again with sqlite-utils."""
    from sqlite_utils import Database

    Database(database).table("entries").upsert_all(_rows(document), pk=("owner", "key"))


def dump(database: str, document: str) -> None:
    """Write every row with sqlite-utils, a JSON object a line."""
    from sqlite_utils import Database

    with Path(document).open("w", encoding="utf-8") as out:
        for row in Database(database)["entries"].rows:
            out.write(json.dumps(row, ensure_ascii=False) + "\n")


# -------------------------------------------------------------------------------------- Alembic


def alembic_migrate(database: str) -> None:
    """Rename a key and convert one, as an Alembic revision would in SQL; no history is kept."""
    with _alembic(database) as op:
        op.execute(f"UPDATE entries SET key = '{RENAMED[1]}' WHERE key = '{RENAMED[0]}'")
        op.execute(
            f"UPDATE entries SET value = CAST(CAST(value AS INTEGER) * 10 AS TEXT) "
            f"WHERE key = '{SCALED}'"
        )


def alembic_function(database: str) -> None:
    """Change every value by a Python function, as an Alembic revision would."""
    import sqlalchemy as sa

    with _alembic(database) as op:
        connection = op.get_bind()
        table = sa.table("entries", *map(sa.column, ("owner", "key", "value")))
        rows = connection.execute(sa.select(table)).fetchall()
        update = (
            table.update()
            .where(table.c.owner == sa.bindparam("o"), table.c.key == sa.bindparam("k"))
            .values(value=sa.bindparam("v"))
        )
        connection.execute(
            update, [{"o": o, "k": k, "v": json.dumps(changed(json.loads(v)))} for o, k, v in rows]
        )


def _alembic(database: str) -> Any:
    from contextlib import contextmanager

    import sqlalchemy as sa
    from alembic.migration import MigrationContext
    from alembic.operations import Operations

    @contextmanager
    def opened() -> Iterator[Any]:
        with sa.create_engine(f"sqlite:///{database}").begin() as connection:
            yield Operations(MigrationContext.configure(connection))

    return opened()


# --------------------------------------------------------------------------------------- Django


def django_load(fixture: str, database: str) -> None:
    """Load a fixture with Django."""
    call = _django(database)
    call("loaddata", fixture, verbosity=0)


def django_dump(database: str, fixture: str) -> None:
    """Dump every object with Django."""
    call = _django(database)
    call("dumpdata", output=fixture, verbosity=0)


def django_prepare(document: str, fixture: str, database: str) -> None:
    """Write a document as a fixture, and make the table."""
    objects = [
        {"model": "peer.entry", "pk": i, "fields": row} for i, row in enumerate(_rows(document), 1)
    ]
    Path(fixture).write_text(json.dumps(objects), encoding="utf-8")
    _django(database)
    from django.apps import apps
    from django.db import connection

    with connection.schema_editor() as editor:
        editor.create_model(apps.get_model("peer", "entry"))


def _django(database: str) -> Callable[..., Any]:
    from types import ModuleType

    import django
    from django.conf import settings
    from django.core.management import call_command

    app = ModuleType("peer")
    app.__path__ = []
    app.__file__ = __file__
    sys.modules["peer"] = app
    settings.configure(
        INSTALLED_APPS=["peer"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": database}},
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        USE_TZ=True,
    )
    from django.apps import AppConfig

    app.apps = ModuleType("peer.apps")  # type: ignore[attr-defined]  # Django looks for it
    config = type("PeerConfig", (AppConfig,), {"name": "peer", "path": str(Path(__file__).parent)})
    installed = config("peer", app)
    installed.models_module = app
    settings.INSTALLED_APPS = [installed]
    installed.import_models = lambda: setattr(
        installed, "models", installed.apps.all_models["peer"]
    )
    django.setup()
    from django.db import models

    text = models.TextField
    fields: dict[str, Any] = {name: text() for name in ("owner", "key", "value", "source", "actor")}
    fields |= {"updated_at": models.DateTimeField(), "__module__": "peer"}
    fields["Meta"] = type("Meta", (), {"app_label": "peer", "unique_together": ("owner", "key")})
    type("Entry", (models.Model,), fields)
    run: Callable[..., Any] = call_command
    return run


WORKS: Mapping[str, Callable[..., None]] = {
    "insert": insert,
    "upsert": upsert,
    "dump": dump,
    "alembic-migrate": alembic_migrate,
    "alembic-function": alembic_function,
    "django-prepare": django_prepare,
    "django-load": django_load,
    "django-dump": django_dump,
}


def main() -> None:
    """Do the work that the command line names."""
    WORKS[sys.argv[1]](*sys.argv[2:])
