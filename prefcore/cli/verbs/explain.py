"""``prefcore explain``: every layer that could hold a key's value, and which one wins."""

from __future__ import annotations

import click

from prefcore.canonical import iso_time
from prefcore.cli.completing import keys
from prefcore.cli.deprecations import tell_deprecated
from prefcore.cli.frame import Command
from prefcore.cli.masking import Masks
from prefcore.cli.options import Target, resolving, trusting
from prefcore.cli.output import escaped, print_json, print_table, shown, width
from prefcore.cli.session import Session
from prefcore.cli.times import local_time
from prefcore.model import from_micros
from prefcore.resolution import ExplainedLayer
from prefcore.values import UNSET

__all__ = ["command"]


@click.command("explain", cls=Command)
@click.argument("key", shell_complete=keys)
@resolving
@trusting
@click.pass_obj
def command(session: Session, key: str, target: Target, trust: bool) -> None:
    """Show every layer of a key, strongest first, and which one wins."""
    target = target.to_read(lambda: session.me)
    with session.reading() as prefs:
        tell_deprecated(prefs, [key])
        layers = prefs.explain(key, user=target.user, project=target.project, trust=trust)
        masks = Masks.of(prefs)
    if session.json:
        data = {"key": key, "layers": [_data(key, one, masks) for one in layers]}
        print_json(data)
        return
    limit = width(session)
    print_table(
        (
            "→" if one.state == "wins" else " ",
            escaped(one.origin) + (" (locked)" if one.locked else ""),
            shown(masks.masked(key, one.value), limit),
            _words(one),
        )
        for one in layers
    )


def _words(layer: ExplainedLayer) -> str:
    if layer.state == "unset":
        return ""
    words = layer.state
    if layer.updated_at is not None:
        at = local_time(from_micros(layer.updated_at))
        words += f", {layer.source} by {escaped(layer.actor)} at {at}"
    return words


def _data(key: str, layer: ExplainedLayer, masks: Masks) -> dict[str, object]:
    data: dict[str, object] = {
        "origin": layer.origin,
        "state": layer.state,
        "locked": layer.locked,
    }
    if layer.value is not UNSET:
        data["value"] = masks.masked(key, layer.value)
    if layer.updated_at is not None:
        data |= {
            "at": iso_time(layer.updated_at),
            "source": layer.source,
            "actor": layer.actor,
        }
    return data
