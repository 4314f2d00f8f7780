"""0.35.0 no longer offers gofumports, which gofumpt took in."""

from prefcore.migration import Step, map_values

step = Step(
    "0.33.1",
    "0.35.0",
    map_values("go.formatTool", {"gofumports": "gofumpt"}),
    summary="gofumports left the list of format tools",
)
