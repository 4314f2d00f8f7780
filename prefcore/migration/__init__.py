"""Migration steps: what a new schema version does to stored values, and how it is taken back."""

from prefcore.migration.operations import (
    Add,
    MapValues,
    Operation,
    Remove,
    Rename,
    Rows,
    add,
    map_values,
    remove,
    rename,
)
from prefcore.migration.path import Edge, find_path
from prefcore.migration.steps import Step, in_order, read_steps

__all__ = [
    "Add",
    "Edge",
    "MapValues",
    "Operation",
    "Remove",
    "Rename",
    "Rows",
    "Step",
    "add",
    "find_path",
    "in_order",
    "map_values",
    "read_steps",
    "remove",
    "rename",
]
