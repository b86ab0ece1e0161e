"""The full-text index of one workspace's pieces: BM25 in memory, made from what is kept (`ai.knowledge.pieces`).

In memory rather than on disk, since one process alone may write an index of tantivy: so each makes its own of the one
truth that all share, and is as fresh as that at every search. The pieces themselves are in it, packed, so that a search
asks nobody else (docs/decisions.md has what it takes, and what SQLite's does).
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log1p

import tantivy

from ai.knowledge.pieces import Holding
from ai.knowledge.reading import Piece
from ai.knowledge.words import words

_HEAP = 15_000_000
"""Bytes for a writer, the fewest that it takes."""

_TITLE = 0.5
"""How much a word of the path, or of the headings, counts."""

_schema = tantivy.SchemaBuilder()
_schema.add_text_field("document", stored=True, tokenizer_name="raw", index_option="basic")
_schema.add_text_field("key", stored=True, tokenizer_name="raw", index_option="basic")
_schema.add_bytes_field("piece", stored=True)
_schema.add_text_field("words", tokenizer_name="whitespace", index_option="freq")
_schema.add_text_field("title", tokenizer_name="whitespace", index_option="freq")
_SCHEMA = _schema.build()


@dataclass(frozen=True, slots=True)
class Hit:
    document: str
    piece: Piece
    score: float


class Index:
    """Not for two threads at a time."""

    def __init__(self) -> None:
        self._index = tantivy.Index(_SCHEMA)
        self._counts: dict[str, int] = {}

    def __len__(self) -> int:
        """How many pieces it holds."""
        return sum(self._counts.values())

    def take(self, holdings: Iterable[Holding]) -> None:
        """In place of what there is of these documents."""
        writer = self._index.writer(_HEAP, 1)
        for holding in holdings:
            if self._counts.pop(holding.document, 0):
                writer.delete_documents_by_term("document", holding.document)
            if holding.path is None or not holding.pieces:
                continue
            self._counts[holding.document] = len(holding.pieces)
            path = words(holding.path)
            for piece in holding.pieces:
                title = [*path, *(word for name in piece.within for word in words(name))]
                writer.add_document(
                    tantivy.Document(
                        document=holding.document,
                        key=piece.key.hex(),
                        piece=_packed(piece),
                        words=piece.words,
                        title=" ".join(title),
                    )
                )
        writer.commit()
        writer.wait_merging_threads()
        self._index.reload()

    def search(self, wanted: Sequence[str], most: int) -> list[Hit]:
        """The pieces that hold any of `wanted`, words as `ai.knowledge.words` makes them; best first."""
        if not wanted or not self._counts:
            return []
        return self._found(_holding(wanted), most)

    def of(self, document: str, key: bytes) -> Piece | None:
        """The piece of a document with the text that has this key, if it is there."""
        here = [("document", document), ("key", key.hex())]
        terms = [(tantivy.Occur.Must, tantivy.Query.term_query(_SCHEMA, field, value)) for field, value in here]
        return next((hit.piece for hit in self._found(tantivy.Query.boolean_query(terms), 1)), None)

    def _found(self, query: tantivy.Query, most: int) -> list[Hit]:
        searcher = self._index.searcher()
        found = ((searcher.doc(address), score) for score, address in searcher.search(query, most).hits)
        return [Hit(one["document"][0], _unpacked(one["piece"][0]), score) for one, score in found]

    def weights(self, wanted: Sequence[str]) -> dict[str, float]:
        """How much each of these words tells one piece from others: BM25's inverse document frequency."""
        searcher, pieces = self._index.searcher(), len(self)
        having = {word: searcher.doc_freq("words", word) for word in wanted}
        return {word: log1p((max(0, pieces - count) + 0.5) / (count + 0.5)) for word, count in having.items()}

    def known(self, wanted: Sequence[str]) -> list[str]:
        """Those of these words that any piece holds."""
        searcher = self._index.searcher()
        return [word for word in wanted if searcher.doc_freq("words", word)]


def _holding(wanted: Sequence[str]) -> tantivy.Query:
    terms = []
    for word in wanted:
        terms.append(tantivy.Query.term_query(_SCHEMA, "words", word))
        terms.append(tantivy.Query.boost_query(tantivy.Query.term_query(_SCHEMA, "title", word), _TITLE))
    return tantivy.Query.boolean_query([(tantivy.Occur.Should, term) for term in terms])


def _packed(piece: Piece) -> bytes:
    return json.dumps([piece.text, piece.first, piece.last, piece.within, piece.words]).encode()


def _unpacked(raw: bytes) -> Piece:
    text, first, last, within, found = json.loads(bytes(raw))
    return Piece(text, first, last, tuple(within), found)
