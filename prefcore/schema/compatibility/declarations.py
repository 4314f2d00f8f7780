"""Comparing what a declaration says beside its shape: default, scopes, roles, names, texts."""

from __future__ import annotations

from collections.abc import Iterator

from prefcore.schema.compatibility.findings import Finding, Verdict
from prefcore.schema.compatibility.places import pointer
from prefcore.schema.declaration import SchemaDocument
from prefcore.schema.declared import Preference
from prefcore.schema.problems import shown
from prefcore.schema.witnesses import allowed
from prefcore.values import UNSET, canonical_text

__all__ = ["declaration_findings", "document_findings"]

_YES, _NO = Verdict.COMPATIBLE, Verdict.INCOMPATIBLE

#: What is only for people and user interfaces.
_TEXTS = ("title", "help", "category", "order", "examples")


def declaration_findings(
    before: Preference, after: Preference, older: SchemaDocument, newer: SchemaDocument
) -> Iterator[Finding]:
    """Give what differs between two declarations of one key beside their rules for values."""
    if before.as_document() == after.as_document():
        return
    yield from _defaults(before, after)
    yield from _broken_default(before, after, older, newer)
    yield from _unit(before, after, older, newer)
    yield from _scopes(before, after)
    yield from _protection(before, after)
    yield from _names(before, after)
    yield from _deprecation(before, after)
    yield from _texts(before, after)


def document_findings(older: SchemaDocument, newer: SchemaDocument) -> Iterator[Finding]:
    """Give what differs between two documents beside their preferences and reserved names."""
    for field in ("baseline", "description", "sections"):
        if getattr(older, field) != getattr(newer, field):
            yield Finding(
                rule="P08",
                key="",
                message=f"the schema's {field} changed",
                place=pointer(field),
            )


def _finding(rule: str, preference: Preference, what: str, field: str, **more: object) -> Finding:
    return Finding(
        rule=rule,
        key=preference.key,
        message=f"{preference.key}: {what}",
        place=pointer("preferences", preference.key, field),
        **more,  # type: ignore[arg-type]  # the fields of Finding by name
    )


# ---------------------------------------------------------------------------------- defaults


def _defaults(before: Preference, after: Preference) -> Iterator[Finding]:
    had, has = before.default is not UNSET, after.default is not UNSET
    if not before.required and after.required:
        if has:
            yield _finding(
                "D04", after, "a value is required now, and it has a default", "required"
            )
        else:
            what = "a value is required now, and there is no default; give it one, or add a value"
            yield _finding("D04", after, what, "required", backward=_NO)
    elif before.required and not after.required:
        what = "a value is no longer required; programs may find none"
        yield _finding("D05", after, what, "required", forward=_NO, callers=_NO)
    if had and has:
        if canonical_text(before.default) != canonical_text(after.default):
            hidden = before.sensitive or after.sensitive
            what = (
                "the default changed"
                if hidden
                else f"the default changed {_moved(before.default, after.default)}"
            )
            yield _finding("D01", after, what, "default", callers=_NO)
    elif before.required and after.required and had != has:
        what = "the required key has a default now" if has else "the required key lost its default"
        broken = {} if has else {"backward": _NO, "callers": _NO}
        yield _finding("D02", after, what, "default", **broken)
    elif had and not has and not after.required:
        what = "it has no default any more; programs may find no value"
        yield _finding("D01", after, what, "default", callers=_NO)
    elif has and not had and not before.required:
        what = f"it has a default now{'' if after.sensitive else f', {_said(after.default)}'}"
        yield _finding("D01", after, what, "default", callers=_NO)


def _broken_default(
    before: Preference, after: Preference, older: SchemaDocument, newer: SchemaDocument
) -> Iterator[Finding]:
    if after.default is UNSET or newer.check(after.key, after.default) is None:
        return
    if before.default is not UNSET and older.check(before.key, before.default) is not None:
        return
    yield _finding(
        "D03", after, "its default breaks its own constraints; change one of them", "default"
    )


def _unit(
    before: Preference, after: Preference, older: SchemaDocument, newer: SchemaDocument
) -> Iterator[Finding]:
    if before.unit == after.unit:
        return
    values = (
        value
        for value in allowed(before.shape, older.definitions)
        if newer.check(after.key, value) is None
    )
    witness = next((value for value in values if value), UNSET)
    verdict = Verdict.UNDECIDED if witness is UNSET else _NO
    what = f"the unit changed from {before.unit or 'none'} to {after.unit or 'none'}"
    if witness is not UNSET and not after.sensitive:
        what += f"; {shown(witness)} means another quantity now"
    yield _finding(
        "T07",
        after,
        f"{what}; convert held values by a step",
        "unit",
        backward=verdict,
        forward=verdict,
        callers=_NO,
        refused=witness,
        unknown=witness,
    )


# --------------------------------------------------------------------------- who may hold it


def _scopes(before: Preference, after: Preference) -> Iterator[Finding]:
    gone = [scope for scope in before.scopes if scope not in after.scopes]
    new = [scope for scope in after.scopes if scope not in before.scopes]
    if gone:
        what = f"it may no longer stand in {', '.join(gone)}; values held there are refused"
        yield _finding("P01", after, what, "scopes", backward=_NO, callers=_NO)
    if new:
        yield _finding("P01", after, f"it may stand in {', '.join(new)} too", "scopes")
    if before.trusted_only != after.trusted_only:
        if after.trusted_only:
            what = "it counts no longer in projects that nobody has trusted"
            yield _finding("P01", after, what, "trusted_only", backward=_NO, callers=_NO)
        else:
            what = "it counts in untrusted projects too; make sure that it can do no harm there"
            yield _finding("P01", after, what, "trusted_only", level="warning")
    if before.portable != after.portable:
        said = "travels in exports now" if after.portable else "stays out of exports now"
        yield _finding("P01", after, f"its value {said}", "portable", level="warning")


def _protection(before: Preference, after: Preference) -> Iterator[Finding]:
    if before.locked != after.locked:
        if after.locked:
            what = "the system's value wins over users' and projects' now"
            yield _finding("P02", after, what, "locked", forward=_NO, callers=_NO)
        else:
            what = "users' and projects' values win over the system's now"
            yield _finding("P02", after, what, "locked", level="warning")
    if before.sensitive != after.sensitive:
        if after.sensitive:
            what = "it is sensitive now; older versions show its value"
            yield _finding("P03", after, what, "sensitive", forward=_NO)
        else:
            what = "it is no longer sensitive: what was secret is shown; approve it by an override"
            yield _finding("P03", after, what, "sensitive", level="error")
    if before.audited != after.audited:
        said = "is recorded now" if after.audited else "is recorded no longer"
        level = None if after.audited else "warning"
        yield _finding("P07", after, f"each reading of it {said}", "audited", level=level)
    if before.requires_role != after.requires_role:
        old, new = before.requires_role, after.requires_role
        if new is not None:
            what = f"changing it needs the role {new} now" + (f", not {old}" if old else "")
            yield _finding("P04", after, what, "requires_role", callers=_NO)
        else:
            what = f"anyone may change it now; before it needed the role {old}"
            yield _finding("P04", after, what, "requires_role", level="warning")


# ------------------------------------------------------------------------- names and texts


def _names(before: Preference, after: Preference) -> Iterator[Finding]:
    if before.env != after.env:
        old, new = before.env, after.env
        if old is None:
            yield _finding("P06", after, f"it can be set by the environment's {new} now", "env")
        else:
            what = f"the environment's {old} no longer sets it" + (
                f", but {new} does" if new else ""
            )
            yield _finding("P06", after, what, "env", callers=_NO)
    dropped = [name for name in before.aliases if name not in after.aliases and name != after.key]
    for name in dropped:
        what = f"its earlier name {name} no longer leads to it"
        yield _finding("K08", after, what, "aliases", backward=_NO, forward=_NO, callers=_NO)
    added = [name for name in after.aliases if name not in (*before.aliases, before.key)]
    if added:
        yield _finding("P08", after, f"{', '.join(added)} leads to it too", "aliases")
    if before.merge != after.merge:
        by, was = after.merge or "the default", before.merge or "the default"
        what = f"imports merge it by {by} now, not by {was}"
        yield _finding("P05", after, what, "merge")


def _deprecation(before: Preference, after: Preference) -> Iterator[Finding]:
    if before.deprecated == after.deprecated:
        return
    if after.deprecated is None:
        yield _finding("K11", after, "it is no longer deprecated", "deprecated")
    elif before.deprecated is None:
        what = f"it {after.deprecated.sentence}"
        yield _finding("K11", after, what, "deprecated", least="minor")
    else:
        what = "what its deprecation says changed"
        yield _finding("P08", after, what, "deprecated")


def _texts(before: Preference, after: Preference) -> Iterator[Finding]:
    fields = [
        name
        for name in _TEXTS
        if canonical_text(_plain(getattr(before, name)))
        != canonical_text(_plain(getattr(after, name)))
    ]
    if before.shape != after.shape and before.shape.same_rules(after.shape):
        fields.append("texts inside its shape")
    if fields:
        field = fields[0] if fields[0] in _TEXTS else "shape"
        yield _finding("P08", after, f"{', '.join(fields)} changed", field)


def _moved(before: object, after: object) -> str:
    if isinstance(before, dict) and isinstance(after, dict):
        names = [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]
        if names and len(canonical_text(before)) + len(canonical_text(after)) > 120:
            return f"in {', '.join(names[:8])}{' …' if len(names) > 8 else ''}"
    return f"from {_said(before)} to {_said(after)}"


def _said(value: object) -> str:
    text = canonical_text(value)
    return text if len(text) <= 60 else text[:59] + "…"


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
