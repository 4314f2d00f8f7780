"""``prefcore init``: prefcore.toml and the store, made once."""

from __future__ import annotations

from pathlib import Path

import click

from prefcore.cli.frame import PATH, Command
from prefcore.cli.output import amount, print_json, say, warn
from prefcore.cli.session import Session
from prefcore.config import FILE_NAME, Config, write_initial
from prefcore.errors import PrefcoreError, UsageError

__all__ = ["command"]


@click.command("init", cls=Command)
@click.option(
    "--schemas",
    metavar="DIR",
    type=PATH,
    help="Folder of schema snapshots, or module:Class.",
)
@click.option(
    "--migrations",
    metavar="DIR",
    type=PATH,
    help="Folder of migration steps, or a module.",
)
@click.pass_obj
def command(session: Session, schemas: str | None, migrations: str | None) -> None:
    """Write prefcore.toml into this folder and make the store.

    --app is needed; --store may be a path, by default the store is a file in your data folder.
    Where both are there already, nothing is changed.
    """
    path = _place(session)
    wrote = not path.exists()
    if wrote:
        _write(session, path, schemas or "", migrations or "")
    session.config = str(path)
    found = session.configuration
    if not wrote:
        _compare(session, path, found, schemas, migrations)
    made = _make_store(session)
    if session.json:
        print_json(
            {
                "config": str(path),
                "app": found.app,
                "store": found.store,
                "wrote_config": wrote,
                "made_store": made,
            }
        )
        return
    say(session, f"{'wrote' if wrote else 'found'} {path} (application {found.app})")
    say(session, f"{'made' if made else 'found'} the store {found.store}")
    if not wrote and not made:
        say(session, "all is there already; nothing changed")
    _tell_schemas(session, found)


def _place(session: Session) -> Path:
    """Give where the file goes: --config, else PREFCORE_CONFIG, else here; never a folder above."""
    named = session.config or session.environ.get("PREFCORE_CONFIG")
    path = Path(named).absolute() if named else Path.cwd() / FILE_NAME
    if path.name != FILE_NAME and not path.exists():
        raise UsageError(
            f"{path}: the file is to be named {FILE_NAME}, for by that name it is found in a "
            f"folder and above; give --config {path.parent / FILE_NAME}",
            path=str(path),
        )
    return path


def _write(session: Session, path: Path, schemas: str, migrations: str) -> None:
    app = session.app or session.environ.get("PREFCORE_APP", "")
    if not app:
        raise UsageError("name the application: prefcore init --app NAME")
    store = session.store
    if store and ":" not in store:
        store = f"sqlite:{store}"  # relative to the folder of the file, wherever prefcore runs
    write_initial(path.parent, app=app, store=store, schemas=schemas, migrations=migrations)
    try:
        Config.load(path, {})
    except PrefcoreError:
        path.unlink()  # what cannot be read back must not stay
        raise


def _compare(
    session: Session, path: Path, found: Config, schemas: str | None, migrations: str | None
) -> None:
    """Refuse options that contradict the file that is there."""
    there = Config.load(path, {})
    given = {"app": session.app, "schemas": schemas, "migrations": migrations}
    for name, value in given.items():
        held = getattr(there, name)
        if value and value != held and str(path.parent / value) != held:
            raise UsageError(
                f"{path} is there already, with {name} = '{held}'; edit it, or run init elsewhere",
                path=str(path),
            )


def _make_store(session: Session) -> bool:
    """Open the store, making it where none is; gives whether it was made."""
    try:
        session.open_store().close()
    except PrefcoreError as error:
        if error.exit_code != 10:
            raise
        session.open_store(create=True).close()
        return True
    return False


def _tell_schemas(session: Session, found: Config) -> None:
    """Say what the schemas are, or what is wrong with them before someone trips over it."""
    if not found.schemas:
        warn('no schemas are configured; before the first set, add schemas = "FOLDER" to the file')
        return
    try:
        with session.preferences() as prefs:
            versions = prefs.versions()
            secrets = [one for one in prefs.schema.preferences.values() if one.sensitive]
    except PrefcoreError as error:
        warn(error.message)
        return
    if not versions:
        warn(f"{found.schemas} holds no schema yet")
    else:
        count = amount(len(versions), "schema version")
        span = versions[0] if len(versions) == 1 else f"{versions[0]} to {versions[-1]}"
        say(session, f"{count}, {span}")
        if secrets and session.keys.folder.stamp() is None:
            what = "a preference is" if len(secrets) == 1 else f"{len(secrets)} preferences are"
            say(session, f"{what} sensitive; to store them, make a key ring: prefcore keys init")
