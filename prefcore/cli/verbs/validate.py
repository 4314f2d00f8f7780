"""``prefcore validate``: every stored value against the schema in force."""

from __future__ import annotations

import click

from prefcore.cli.frame import Command
from prefcore.cli.options import selecting
from prefcore.cli.output import escaped, print_json, say
from prefcore.cli.session import Session
from prefcore.model import Selection

__all__ = ["command"]


@click.command("validate", cls=Command)
@selecting
@click.pass_obj
def command(session: Session, selection: Selection) -> int:
    """Check every stored value against the schema in force; exits with 1 where one is refused."""
    with session.reading() as prefs:
        version = prefs.schema.version
        faults = [one for one in prefs.faults(selection) if selection.takes_key(one[1])]
        checked = sum(len(one.rows) for one in prefs.sets(selection))
    if session.json:
        print_json(
            {
                "schema": version,
                "checked": checked,
                "faults": [
                    {"set": place, "key": key, "fault": fault} for place, key, fault in faults
                ],
            }
        )
    else:
        for _, _, fault in faults:
            click.echo(escaped(fault))
        verdict = f"{len(faults)} refused" if faults else "all valid"
        say(session, f"{checked} values checked against {version}: {verdict}")
    return 1 if faults else 0
