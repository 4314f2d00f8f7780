"""Migration steps: what a new schema version does to stored values, and how it is taken back."""

from prefcore.migration.conversions import Convert, convert
from prefcore.migration.fitting import Misfit, check_step
from prefcore.migration.operations import (
    Add,
    MapValues,
    Operation,
    Remove,
    Rename,
    add,
    map_values,
    remove,
    rename,
)
from prefcore.migration.path import Edge, find_path
from prefcore.migration.rows import Rows
from prefcore.migration.scripted import Python, python
from prefcore.migration.steps import Step, in_order, read_steps

__all__ = [
    "Add",
    "Convert",
    "Edge",
    "MapValues",
    "Misfit",
    "Operation",
    "Python",
    "Remove",
    "Rename",
    "Rows",
    "Step",
    "add",
    "check_step",
    "convert",
    "find_path",
    "in_order",
    "map_values",
    "python",
    "read_steps",
    "remove",
    "rename",
]
