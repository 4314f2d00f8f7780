"""``prefcore validate``: every stored value against the schema in force."""

from __future__ import annotations

import attrs
import click

from prefcore.cli.frame import Command
from prefcore.cli.options import selecting
from prefcore.cli.output import amount, escaped, print_json, say, warn
from prefcore.cli.session import Session
from prefcore.cli.steps import told_steps
from prefcore.model import Selection

__all__ = ["command"]


@click.command("validate", cls=Command)
@selecting
@click.pass_obj
def command(session: Session, selection: Selection) -> int:
    """Check every stored value against the schema in force; exits with 1 where one is refused.

    So does a migration step that was applied and has other operations by now.
    """
    with session.reading() as prefs:
        version = prefs.schema.version
        faults = [one for one in prefs.faults(selection) if selection.takes_key(one[1])]
        changed = told_steps(prefs)
        checked = sum(len(one.rows) for one in prefs.sets(selection))
    if session.json:
        print_json(
            {
                "schema": version,
                "checked": checked,
                "faults": [
                    {"set": place, "key": key, "fault": fault} for place, key, fault in faults
                ],
                "steps": [attrs.asdict(one) for one in changed],
            }
        )
    else:
        for _, _, fault in faults:
            click.echo(escaped(fault))
        for one in changed:
            if one.severity == "error":
                click.echo(escaped(one.message))
            else:
                warn(escaped(one.message))
        verdict = f"{len(faults)} refused" if faults else "all valid"
        if changed:
            verdict += f"; {len(changed)} of the steps that were applied changed since"
        say(session, f"{amount(checked, 'value')} checked against {version}: {verdict}")
    return 1 if faults or any(one.severity == "error" for one in changed) else 0
