"""Definitions in code, by the grammars of tree-sitter: also in code that is broken.

Not by their queries, which take quadratic time where much of a kind is nested or stands side by side.
"""

import re
from dataclasses import dataclass
from functools import cache
from importlib import import_module

from tree_sitter import Language, Node, Parser

from ai.knowledge.outlines import INSIDE, UNWANTED, Outline, closes, indent_of, is_blank, rank_of

MOST_PARSED = 300_000
"""Characters. Nobody writes more by hand, and noise may take 15 s a million of them."""

_MOST_DEPTH = 10
"""Of definitions."""

_MOST_LEVELS = 200
"""Of the tree."""

_MOST_NAME = 100
_BELOW_COMMENT, _IN_TEXT = 50, 100

# What holds members, what holds statements, what belongs to the line below it, and what is text.
_JAVASCRIPT = {
    "holds": "class_declaration class",
    "does": "function_declaration generator_function_declaration method_definition variable_declarator",
    "above": "comment decorator",
    "text": "template_string",
}
_TYPESCRIPT = _JAVASCRIPT | {
    "holds": "class_declaration class abstract_class_declaration internal_module module",
    "does": _JAVASCRIPT["does"] + " interface_declaration enum_declaration type_alias_declaration",
}
_CPP = {
    "holds": "class_specifier struct_specifier namespace_definition",
    "does": "function_definition union_specifier enum_specifier",
    "above": "comment template_parameter_list",
    "text": "raw_string_literal",
}
# Of two grammars the second is for what the first finds broken: the name of a file does not always tell.
_GRAMMARS: dict[str, tuple[tuple[str, str, dict[str, str]], ...]] = {
    "python": (
        (
            "tree_sitter_python",
            "language",
            {
                "holds": "class_definition",
                "does": "function_definition",
                "above": "comment decorator",
                "text": "string",
            },
        ),
    ),
    "javascript": (("tree_sitter_javascript", "language", _JAVASCRIPT),),
    "typescript": (
        ("tree_sitter_typescript", "language_typescript", _TYPESCRIPT),
        ("tree_sitter_typescript", "language_tsx", _TYPESCRIPT),
    ),
    "go": (
        (
            "tree_sitter_go",
            "language",
            {
                "does": "function_declaration method_declaration type_spec",
                "above": "comment",
                "text": "raw_string_literal",
            },
        ),
    ),
    "rust": (
        (
            "tree_sitter_rust",
            "language",
            {
                "holds": "impl_item trait_item mod_item",
                "does": "function_item function_signature_item struct_item enum_item union_item macro_definition",
                "above": "line_comment block_comment attribute_item",
                "text": "string_literal raw_string_literal",
            },
        ),
    ),
    "java": (
        (
            "tree_sitter_java",
            "language",
            {
                "holds": "class_declaration interface_declaration enum_declaration record_declaration",
                "does": "method_declaration constructor_declaration",
                "above": "line_comment block_comment",
                "text": "string_literal",
            },
        ),
    ),
    "c": (
        (
            "tree_sitter_c",
            "language",
            {"does": "function_definition struct_specifier union_specifier enum_specifier", "above": "comment"},
        ),
        ("tree_sitter_cpp", "language", _CPP),
    ),
    "cpp": (("tree_sitter_cpp", "language", _CPP),),
    "csharp": (
        (
            "tree_sitter_c_sharp",
            "language",
            {
                "holds": "namespace_declaration class_declaration struct_declaration interface_declaration"
                " record_declaration",
                "does": "method_declaration constructor_declaration property_declaration enum_declaration",
                "above": "comment",
                "text": "raw_string_literal verbatim_string_literal",
            },
        ),
    ),
    "ruby": (
        (
            "tree_sitter_ruby",
            "language",
            {
                "holds": "class module",
                "does": "method singleton_method",
                "above": "comment",
                "text": "heredoc_body string",
            },
        ),
    ),
    "php": (
        (
            "tree_sitter_php",
            "language_php",
            {
                "holds": "namespace_definition class_declaration interface_declaration trait_declaration",
                "does": "function_definition method_declaration enum_declaration",
                "above": "comment attribute_list",
                "text": "heredoc nowdoc",
            },
        ),
    ),
    "shell": (
        (
            "tree_sitter_bash",
            "language",
            {"does": "function_definition", "above": "comment", "text": "heredoc_body string raw_string"},
        ),
    ),
}
LANGUAGES = frozenset(_GRAMMARS)

_FAR = re.compile("[^\0-\xff]")
_NEARER = {2: "ÿ", 3: "ÿ_", 4: "ÿÿ"}

# These are named in passing too.
_WITH_BODY = {"class_specifier", "struct_specifier", "union_specifier", "enum_specifier", "namespace_definition"}


@cache
def _grammars(language: str) -> list[tuple[Parser, dict[str, str]]]:
    found = []
    for module, function, table in _GRAMMARS[language]:
        parser = Parser(Language(getattr(import_module(module), function)()))
        found.append((parser, {type_: kind for kind, types in table.items() for type_ in types.split()}))
    return found


@dataclass(eq=False, slots=True)
class _Definition:
    first: int
    end: int
    """The byte behind it."""
    depth: int
    within: tuple[str, ...]
    holds: bool
    """Members, and is in no function."""
    outer: "_Definition | None" = None
    indent: int = 1_000
    """Of what it holds."""


def code_outline(text: str, lines: list[str], language: str) -> Outline:
    """By definitions; comments and decorators stay with what is below them. `language` is one of LANGUAGES."""
    source = text.encode("utf-8", "replace")
    found = _found(_harmless(source) if language == "shell" else source, language)
    leading, inner = _leading(found, lines), _inner(found, len(lines))
    file = _Definition(-1, -1, -1, (), True)
    around = [file] * len(lines)
    begins: dict[int, _Definition] = {}
    """By the row of the first comment or decorator."""
    rows: set[int] = set()
    inmost = file
    for kind, node in found:
        if kind not in ("holds", "does"):
            continue
        while inmost.outer is not None and inmost.end <= node.start_byte:
            inmost = inmost.outer
        first, last = _rows(node)
        if first in rows or inmost.depth == _MOST_DEPTH:
            continue
        rows.add(first)
        begin = first
        while begin - 1 > inmost.first and leading[begin - 1] and around[begin - 1] is inmost:
            begin -= 1
        within = (*inmost.within, *_name_of(node, source))
        inmost = _Definition(first, node.end_byte, inmost.depth + 1, within, kind == "holds" and inmost.holds, inmost)
        begins[begin] = inmost
        around[begin : last + 1] = [inmost] * (last + 1 - begin)
    for row, (line, one) in enumerate(zip(lines, around, strict=True)):
        if row > one.first and not (inner[row] or is_blank(line) or closes(line)):
            one.indent = min(one.indent, indent_of(line))

    ranks = []
    after_blank = True
    for row, (line, one) in enumerate(zip(lines, around, strict=True)):
        begun = begins.get(row)
        blank = is_blank(line)
        if blank:
            rank = UNWANTED
        elif begun is not None:
            outer = begun.outer or file
            rank = begun.depth * 8 if outer.holds else INSIDE + 2 * indent_of(line)
        elif inner[row]:
            rank = UNWANTED + (_IN_TEXT if after_blank else _IN_TEXT + 1)
        elif row and leading[row - 1]:
            rank = UNWANTED + _BELOW_COMMENT
        elif one.holds and not closes(line) and indent_of(line) <= one.indent:
            rank = (one.depth + 1) * 8 + (2 if after_blank else 4)
        else:
            rank = INSIDE + rank_of(line, after_blank)
        ranks.append(rank)
        after_blank = blank
    return Outline(ranks, [one.within for one in around])


def _harmless(source: bytes) -> bytes:
    """Words for the grammar of shells, each byte of it where it was.

    Behind a brace it looks every character up in a table of the C library that ends at U+00FF, and may end the process
    (tree-sitter-bash 0.25.1, its issue 337).
    """
    return _FAR.sub(lambda far: _NEARER[len(far[0].encode())], source.decode()).encode()


def _found(source: bytes, language: str) -> list[tuple[str, Node]]:
    """What the tables name, in the order of the text, outer ones first."""
    grammars = _grammars(language)
    roots = []
    for parser, _ in grammars:
        roots.append(parser.parse(source).root_node)
        if not roots[-1].has_error:
            break
    which = 0 if roots[-1].has_error else len(roots) - 1
    return _walked(roots[which], grammars[which][1])


def _walked(root: Node, kinds: dict[str, str]) -> list[tuple[str, Node]]:
    found = []
    cursor = root.walk()
    depth = 0
    while True:
        node = cursor.node
        assert node is not None
        kind = kinds.get(node.type)
        if kind is not None and _is_meant(node):
            found.append((kind, node))
        # Most of a tree is inside of one line, and there is nothing to cut.
        if node.start_point.row < node.end_point.row and depth < _MOST_LEVELS and cursor.goto_first_child():
            depth += 1
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return found
            depth -= 1


def _is_meant(node: Node) -> bool:
    if node.type == "variable_declarator":
        value = node.child_by_field_name("value")
        return value is not None and value.type in ("arrow_function", "function_expression")
    return node.type not in _WITH_BODY or node.child_by_field_name("body") is not None


def _leading(found: list[tuple[str, Node]], lines: list[str]) -> bytearray:
    """The rows with nothing but comments or decorators."""
    marked = bytearray(len(lines))
    for kind, node in found:
        first, last = _rows(node)
        if kind == "above" and not lines[first][: node.start_point.column].strip():
            marked[first : last + 1] = b"\1" * (last + 1 - first)
    return marked


def _inner(found: list[tuple[str, Node]], count: int) -> bytearray:
    """The rows that begin in a string or a comment."""
    marked = bytearray(count)
    covered = 0
    for kind, node in found:
        first, last = _rows(node)
        first = max(first, covered)
        if kind in ("above", "text") and last > first:
            marked[first + 1 : last + 1] = b"\1" * (last - first)
            covered = last
    return marked


def _rows(node: Node) -> tuple[int, int]:
    first, last, column = node.start_point.row, node.end_point.row, node.end_point.column
    return first, last - 1 if last > first and column == 0 else last


def _name_of(node: Node, source: bytes) -> tuple[str, ...]:
    """None or one."""
    named = node.child_by_field_name("name")
    if named is None:
        # In C it is inside of what is declared; an implementation in Rust has only a type.
        named = node.child_by_field_name("declarator") or node.child_by_field_name("type")
        for _ in range(_MOST_DEPTH):
            inner = named and named.child_by_field_name("declarator")
            named = inner or named
    said = source[named.start_byte : named.end_byte] if named is not None else b""
    name = " ".join(said[: 4 * _MOST_NAME].decode("utf-8", "replace").split())[:_MOST_NAME]
    return (name,) if name else ()
