"""0.40.0 retires the settings that served the extension before the language server."""

from prefcore.migration import Step, remove

step = Step(
    "0.39.0",
    "0.40.0",
    remove("go.autocompleteUnimportedPackages"),
    remove("go.docsTool"),
    remove("go.gocodeAutoBuild"),
    remove("go.gocodeFlags"),
    remove("go.gocodePackageLookupMode"),
    remove("go.gotoSymbol.ignoreFolders"),
    remove("go.gotoSymbol.includeGoroot"),
    remove("go.gotoSymbol.includeImports"),
    remove("go.liveErrors"),
    remove("go.useCodeSnippetsOnFunctionSuggest"),
    remove("go.useCodeSnippetsOnFunctionSuggestWithoutType"),
    remove("go.useGoProxyToCheckForToolUpdates"),
    summary="settings that only worked without the language server are gone",
)
