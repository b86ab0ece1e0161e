"""The language of a document, by the name of its file."""

_BY_NAME = {
    "dockerfile": "dockerfile",
    "containerfile": "dockerfile",
    "makefile": "makefile",
    "gnumakefile": "makefile",
    "cmakelists.txt": "cmake",
    "procfile": "yaml",
    "gemfile": "ruby",
    "rakefile": "ruby",
    "jenkinsfile": "groovy",
    "go.mod": "go",
    ".gitignore": "gitignore",
    ".dockerignore": "gitignore",
    ".editorconfig": "ini",
    ".bashrc": "shell",
    ".profile": "shell",
}
_BY_ENDING = {
    "python": "py pyi pyw",
    "javascript": "js mjs cjs jsx",
    "typescript": "ts mts cts tsx",
    "html": "html htm xhtml",
    "css": "css",
    "scss": "scss sass",
    "less": "less",
    "vue": "vue",
    "svelte": "svelte",
    "json": "json jsonc json5 webmanifest ipynb",
    "yaml": "yaml yml",
    "toml": "toml",
    "ini": "ini cfg conf properties",
    "xml": "xml xsd xsl xslt svg plist",
    "markdown": "md markdown mdx",
    "restructuredtext": "rst",
    "asciidoc": "adoc asciidoc",
    "latex": "tex sty cls bib",
    "typst": "typ",
    "text": "txt text log",
    "csv": "csv tsv",
    "c": "c h",
    "cpp": "cc cpp cxx hh hpp hxx",
    "csharp": "cs",
    "objective-c": "m mm",
    "java": "java",
    "kotlin": "kt kts",
    "scala": "scala sc",
    "groovy": "groovy gradle",
    "go": "go",
    "rust": "rs",
    "swift": "swift",
    "zig": "zig",
    "dart": "dart",
    "ruby": "rb rake gemspec",
    "php": "php phtml",
    "perl": "pl pm",
    "lua": "lua",
    "r": "r rmd",
    "julia": "jl",
    "haskell": "hs lhs",
    "ocaml": "ml mli",
    "fsharp": "fs fsi fsx",
    "elixir": "ex exs",
    "erlang": "erl hrl",
    "clojure": "clj cljs cljc edn",
    "lisp": "lisp el scm rkt",
    "shell": "sh bash zsh fish ksh",
    "powershell": "ps1 psm1 psd1",
    "batch": "bat cmd",
    "sql": "sql",
    "graphql": "graphql gql",
    "protobuf": "proto",
    "terraform": "tf tfvars hcl",
    "nix": "nix",
    "makefile": "mk",
    "cmake": "cmake",
    "dockerfile": "dockerfile",
    "diff": "diff patch",
    "wgsl": "wgsl",
    "glsl": "glsl vert frag",
}
_LANGUAGES = {ending: language for language, endings in _BY_ENDING.items() for ending in endings.split()}


KNOWN = frozenset(_LANGUAGES.values()) | frozenset(_BY_NAME.values())
"""Every name that `language_of` may give."""


def language_of(path: str) -> str | None:
    """A lower-case name such as "python" or "markdown", None where the file's name tells nothing."""
    name = path.rpartition("/")[2].lower()
    if name in _BY_NAME:
        return _BY_NAME[name]
    stem, dot, ending = name.rpartition(".")
    return _LANGUAGES.get(ending) if dot and stem else None


_PROSE = frozenset({None, "markdown", "restructuredtext", "asciidoc", "latex", "typst", "text"})


def is_prose(path: str) -> bool:
    """Whether it is read sentence by sentence, and not line by line as code and data are."""
    return language_of(path) in _PROSE
