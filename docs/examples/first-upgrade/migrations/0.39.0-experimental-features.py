"""0.39.0 drops the experimental features of the language server for good."""

from prefcore.migration import Step, remove

step = Step(
    "0.38.0",
    "0.39.0",
    remove("go.languageServerExperimentalFeatures"),
    summary="the language server's experimental features are gone",
)
