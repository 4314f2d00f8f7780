"""Variables of the environment at the command line."""

from __future__ import annotations

import pytest

from tests.cli.shell import Shell


def test_the_verbs_that_read_what_holds_know_the_environment(shell: Shell) -> None:
    shell.run("set", "size=13", "--user", "bo")
    env = {"ACME_SIZE": "20", "ACME_SECRET__KEY": "s3cr3t"}
    assert shell.run("get", "size", "--user", "bo", env=env).out == "20\n"
    assert shell.run("get", "size", "--user", "bo", "--show-origin", env=env).out == (
        "environment/ACME_SIZE\t20\n"
    )
    assert shell.run("get", "secret.key", env=env).out == "********\n"
    assert shell.run("get", "secret.key", "--reveal", env=env).out == "s3cr3t\n"
    listed = shell.run("list", "--user", "bo", "--json", env=env)
    assert {one["key"]: (one["value"], one["origin"]) for one in listed.json} == {
        "secret.key": ("********", "environment/ACME_SECRET__KEY"),
        "size": (20, "environment/ACME_SIZE"),
    }
    layers = shell.run("explain", "size", "--user", "bo", "--json", env=env).json["layers"]
    assert layers[0] == {
        "origin": "environment/ACME_SIZE", "state": "wins", "locked": False, "value": 20,
    }  # fmt: skip
    assert "s3cr3t" not in shell.run("explain", "secret.key", env=env).out
    assert "environment  ACME_SIZE" in shell.run("describe", "size").out
    told = shell.run("set", "size=14", "--user", "bo", env=env).err
    assert "size: the variable ACME_SIZE is set and wins here" in told
    assert "large" not in shell.run("export", env={"ACME_SIZE": "20"}).out


@pytest.mark.parametrize("verb", ["get", "explain", "list"])
def test_a_refused_variable_exits_with_5(shell: Shell, verb: str) -> None:
    message = shell.fails(5, verb, "size", env={"ACME_SIZE": "large"})
    assert message.startswith("the variable ACME_SIZE: size: ")
