"""0.21.0 drops the experimental features of the language server; 0.21.1 brings the key back."""

from prefcore.migration import Step, remove

step = Step(
    "0.20.2",
    "0.21.0",
    remove("go.languageServerExperimentalFeatures"),
    summary="the language server's features are no longer experimental",
)
