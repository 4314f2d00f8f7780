"""0.24.0 no longer offers goreturns; goimports is what it was built upon."""

from prefcore.migration import Step, map_values, remove

step = Step(
    "0.23.3",
    "0.24.0",
    map_values("go.formatTool", {"goreturns": "goimports"}),
    remove("go.overwriteGoplsMiddleware"),
    summary="goreturns left the list of format tools",
)
