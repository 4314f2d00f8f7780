"""Declared: whether what is kept of each declaration is what its schema document says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256

from prefcore.audit import registered_by
from prefcore.errors import NewerFormat, PrefcoreError
from prefcore.interfaces import Snapshot, StoreProblem
from prefcore.schema import SchemaDocument
from prefcore.values import from_text

__all__ = ["other_declarations"]

_ADVICE = "keep the file, and restore a backup or a safety copy"


def other_declarations(view: Snapshot) -> Iterator[StoreProblem]:
    """Give the declarations of registered versions that their documents do not say.

    One edited so that its key is not sensitive would have its values stored in clear. Documents
    that only a newer prefcore can read are passed over. And the documents that are not what the
    changeset that registered them tells, those that no changeset tells of, and those that are gone.
    """
    told = {  # the oldest, which comes last, is the one that registered it
        (one.app, version): digest
        for one in view.changesets()
        for version, digest in registered_by(one).items()
    }
    missing = dict.fromkeys(told)
    for record in view.records():
        if record.kind not in ("app", "pruned", "schema"):  # these come first
            break
        if record.kind == "schema":
            data = record.data
            app, version = str(data["app"]), str(data["version"])
            digest = "sha256:" + sha256(str(data["text"]).encode()).hexdigest()
            registered = (app, version)
            missing.pop(registered, None)
            if registered not in told:
                yield StoreProblem(
                    "no changeset tells that this schema was registered",
                    f"{app} {version}",
                    _ADVICE,
                )
            elif told[registered] != digest:
                yield StoreProblem(
                    "the registered schema is not the one that the log tells of",
                    f"{app} {version}",
                    _ADVICE,
                )
            yield from _of_version(data)
    for app, version in missing:
        yield StoreProblem(
            "the log tells that this schema was registered, and it is not in the store",
            f"{app} {version}",
            _ADVICE,
        )


def _of_version(data: Mapping[str, object]) -> Iterator[StoreProblem]:
    name, held = f"{data['app']} {data['version']}", data["declarations"]
    assert isinstance(held, Mapping), "a record of a schema has them"
    try:
        document = from_text(str(data["text"]))
        if not isinstance(document, Mapping):
            raise TypeError
        said = SchemaDocument.from_document(document).declarations()
    except NewerFormat:
        return
    except (PrefcoreError, TypeError):
        yield StoreProblem("its registered schema cannot be read", name, _ADVICE)
        return
    for key in sorted(said.keys() | held.keys()):
        if said.get(key) != held.get(key):
            yield StoreProblem(
                f"the declaration of {key:.80} is not the one of the registered schema",
                name,
                _ADVICE,
            )
