"""Writes tree.json, the answers that collab/tree/rule.py and client/src/tree/rules.ts must both give.

`python tests/vectors/tree.py` writes it anew; test_tree.py fails while the file is not what this makes. The trees with
a title were worked out by hand; the random ones fix today's answers, so that one side cannot change alone.
"""

import json
import random
import sys
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("tree.json")
DELETED = "2026-01-02T03:04:05Z"


def key(number: int) -> str:
    return f"{number:032x}"


A, B, C, D, E, F = (key(n) for n in range(10, 16))


def folder(name: object, parent: object = None, **more: object) -> dict[str, object]:
    return {"name": name, "parent": parent, "kind": "folder", **more}


def text(name: object, parent: object = None, **more: object) -> dict[str, object]:
    return {"name": name, "parent": parent, "kind": "text", **more}


# title, nodes, paths of the visible ones, ids in the trash
BY_HAND: list[tuple[str, dict[str, object], dict[str, str], list[str]]] = [
    ("empty", {}, {}, []),
    (
        "files in folders",
        {
            C: text("c.py", B),
            A: folder("src"),
            B: folder("pkg", A),
            D: {"name": "p.png", "parent": A, "kind": "binary"},
        },
        {A: "src", B: "src/pkg", D: "src/p.png", C: "src/pkg/c.py"},
        [],
    ),
    ("missing parent", {A: text("a", B)}, {A: "a"}, []),
    ("its own parent", {A: folder("a", A)}, {A: "a"}, []),
    ("a file as parent", {A: text("a"), B: text("b", A)}, {A: "a", B: "b"}, []),
    ("a parent of unknown kind", {A: {"name": "a", "kind": "link"}, B: text("b", A)}, {A: "a", B: "b"}, []),
    ("parents of other types", {A: text("a", 3), B: text("b", [C]), C: folder("c", {})}, {A: "a", B: "b", C: "c"}, []),
    ("a ring of two", {A: folder("a", B), B: folder("b", A)}, {A: "a", B: "a/b"}, []),
    (
        "a ring of three with a tail",
        {B: folder("b", C), C: folder("c", D), D: folder("d", B), A: text("a", D), E: folder("e", A)},
        {B: "b", E: "e", D: "b/d", A: "b/d/a", C: "b/d/c"},
        [],
    ),
    (
        "two rings",
        {A: folder("a", C), C: folder("c", A), B: folder("b", D), D: folder("d", B)},
        {A: "a", B: "b", C: "a/c", D: "b/d"},
        [],
    ),
    ("a deleted file", {A: text("a", deleted_at=DELETED)}, {}, [A]),
    (
        "a deleted folder takes along what is inside",
        {A: folder("a", deleted_at=DELETED), B: folder("b", A), C: text("c", B), D: text("d", B, deleted_at=DELETED)},
        {},
        [A, D],
    ),
    (
        "only a string deletes",
        {
            A: text("a", deleted_at=None),
            B: text("b", deleted_at=1700000000),
            C: text("c", deleted_at=False),
            D: text("d", deleted_at={}),
            E: text("e", deleted_at=""),
        },
        {A: "a", B: "b", C: "c", D: "d"},
        [E],
    ),
    (
        "a ring through the trash",
        {A: folder("a", B), B: folder("b", A, deleted_at=DELETED), C: text("c", B)},
        {A: "a"},
        [B],
    ),
    (
        "equal names are numbered by id",
        {C: text("a.txt"), A: text("a.txt"), B: folder("a.txt")},
        {A: "a.txt", B: "a.txt (2)", C: "a (2).txt"},
        [],
    ),
    (
        "a number that somebody chose is not given again",
        {A: text("a.txt"), B: text("a.txt"), C: text("a (2).txt"), D: text("a (3).txt", deleted_at=DELETED)},
        {A: "a.txt", B: "a (3).txt", C: "a (2).txt"},
        [D],
    ),
    (
        "equal in NFC",
        {A: text("e\u0301.txt"), B: text("\u00e9.txt"), C: text("E\u0301.txt")},
        {A: "\u00e9.txt", B: "\u00e9 (2).txt", C: "\u00c9.txt"},
        [],
    ),
    ("case counts", {A: text("readme"), B: text("README")}, {A: "readme", B: "README"}, []),
    (
        "names that are none",
        {A: text(".."), B: text("."), C: text(""), D: text(None), E: text(17), F: text("a/../b\\c\x00d\u202e")},
        {A: "__", B: "_", C: "untitled", D: "untitled (2)", E: "untitled (3)", F: "a_.._b_c_d_"},
        [],
    ),
    (
        "the same name in other folders, and in the trash",
        {A: folder("d"), B: text("x", A), C: text("x"), D: text("x", deleted_at=DELETED)},
        {A: "d", C: "x", B: "d/x"},
        [D],
    ),
    (
        "keys that are no ids, values that are no maps",
        {
            "__proto__": text("x"),
            "constructor": text("y"),
            "": text("z"),
            A.upper(): text("upper"),
            A + "\n": text("newline"),
            A: text("a", "__proto__"),
            B: "text",
            C: [],
            D: None,
            E: 5,
        },
        {A: "a"},
        [],
    ),
    ("keys of prototypes in a node", {A: {"__proto__": {"name": "stolen"}, "kind": "text"}}, {A: "untitled"}, []),
    (
        "long names are cut, the extension stays",
        {A: text("é" * 200 + ".txt"), B: text("é" * 200 + ".txt"), C: text("😀" * 64), D: text("x." + "y" * 300)},
        {
            A: "é" * 125 + ".txt",
            B: "é" * 120 + " (2).txt",
            C: "😀" * 63,
            D: "x." + "y" * 253,
        },
        [],
    ),
    (
        "a path that is too long goes to the root",
        {
            A: folder("a" * 250),
            B: folder("b" * 250, A),
            C: folder("c" * 250, B),
            D: folder("d" * 250, C),
            E: text("e", D),
            F: text("d" * 250),
        },
        {
            A: "a" * 250,
            F: "d" * 250,
            B: "a" * 250 + "/" + "b" * 250,
            C: "a" * 250 + "/" + "b" * 250 + "/" + "c" * 250,
            D: "d" * 244 + " (2)",
            E: "d" * 244 + " (2)/e",
        },
        [],
    ),
]

NAMES: list[object] = [
    *(
        "a",
        "a.txt",
        ".gitignore",
        "..a",
        "a b",
        " a",
        "a.",
        "é",
        "e\u0301",
        "日本語.md",
        "😀",
        "\u1e9b\u0323",
        "\u212b",
    ),
    *(
        "",
        ".",
        "..",
        "a/b",
        "a\\b",
        "a\nb",
        "\x7f",
        "\x85",
        "\u2028",
        "\u202e",
        "\u2069",
        "\ud800",
        "x\udc00y",
        "\ufffd",
    ),
    *("x" * 255, "x" * 256, "é" * 127, "é" * 128, "e\u0301" * 127, "😀" * 63 + "xyz", "😀" * 64, "x" * 300 + ".tar.gz"),
    *("x" * 300 + ".toolongforanextension", "." + "x" * 300, None, True, 3, 2.5, [], ["a"], {}, {"a": 1}),
    *(
        "con",
        "a:b",
        "<a>",
        "a?",
        "%2e%2e",
        "__proto__",
        "\ufeff",
        "a\u200db",
        "\u1100\u1161\u11a8",
        "\u0344",
        "a\u0315\u0300",
    ),
    *(  # around the length from which on a name is cut before it is put into NFC
        "e\u0301" * 255,
        "e\u0301" * 256 + ".md",
        "\u1100\u1161\u11a8" * 85,
        "\u1100\u1161\u11a8" * 86,
        "a" + "\u0301" * 400 + "\u0316" * 400 + ".txt",
        "\u1fbe\u0308\u0301" * 120,
        "\ud800" * 300 + ".",
        "😀" * 300 + ".jpg",
        "x" * 1000 + ".tar.gz",
        "x" * 1000 + "." + "\u212a" * 3,
    ),
]


def random_nodes(rng: random.Random) -> dict[str, object]:
    ids = [key(rng.choice((n, n * 0x1111111111, rng.getrandbits(128)))) for n in range(1, rng.randrange(2, 17))]
    names: list[object] = [
        "a",
        "a.txt",
        "a (2).txt",
        "a (2)",
        "b",
        "B",
        "e\u0301",
        "é",
        "../x",
        "",
        "n" * 251,
        "n" * 254,
    ]
    names += ["n" * 251 + ".md", "longer than most " * 14, 7, None, "\u202etxt.exe", "😀" * 70]

    def value() -> object:
        if rng.random() < 0.05:
            return rng.choice([None, "text", 3, [], {}])
        node: dict[str, object] = {
            "name": rng.choice(names),
            "parent": rng.choice([None, *ids, *ids, "nowhere", 4]),
            "kind": rng.choice(["folder"] * 6 + ["text", "binary", "link", None]),
        }
        if rng.random() < 0.1:
            node["deleted_at"] = rng.choice([DELETED, DELETED, None, 1])
        if rng.random() < 0.1:
            del node[rng.choice(list(node))]
        return node

    return {node_id: value() for node_id in rng.sample(ids, len(ids))}


def build() -> dict[str, Any]:
    from collab.tree.paths import InvalidPath, legal_name, parse_name
    from collab.tree.rule import legal_tree

    def allowed(name: object) -> bool:
        try:
            return isinstance(name, str) and parse_name(name) is not None
        except InvalidPath:
            return False

    rng = random.Random(20260102)
    cases = [(title, nodes) for title, nodes, _, _ in BY_HAND]
    cases += [(f"random {number}", random_nodes(rng)) for number in range(30)]
    trees = []
    for title, nodes in cases:
        tree = legal_tree(nodes)
        visible = [[node.id, node.kind, node.parent, node.path] for node in tree.nodes.values()]
        trash = [[node.id, node.kind, node.name] for node in tree.trash.values()]
        trees.append({"title": title, "nodes": nodes, "tree": visible, "trash": trash})
    names = [{"name": name, "legal": legal_name(name), "allowed": allowed(name)} for name in NAMES]
    return {"names": names, "trees": trees}


def encode(vectors: dict[str, Any]) -> str:
    """One case a line, so that a change shows which cases it changes."""
    parts = [f'"{part}": [\n' + ",\n".join(map(json.dumps, cases)) + "\n]" for part, cases in vectors.items()]
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    FILE.write_text(encode(build()))
