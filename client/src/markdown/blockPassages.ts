import type { Text } from '@codemirror/state'
import type { Drawing, Shown } from './drawing'
import { asRead, counterpart, findWords, longest, type Passage } from './passages'

/** Blocks of the preview, and the piece of the source that they were made of. */
interface Piece {
  blocks: readonly Shown[]
  from: number
  source: string
}

const isOfText = ({ element }: Shown) => !element.hasAttribute('data-footnotes')

function pieceOf(first: number, last: number, drawing: Drawing, doc: Text): Piece | null {
  const blocks = drawing.shown.slice(first, last + 1)
  const [top] = blocks
  if (top === undefined || top.line >= doc.lines) return null
  // Footnotes stand behind all blocks, wherever they were written.
  const behind = blocks.every(isOfText) ? drawing.shown[last + 1] : undefined
  const end = behind === undefined || !isOfText(behind) ? doc.lines : Math.min(behind.line, doc.lines)
  const from = blocks.every(isOfText) ? doc.line(top.line + 1).from : 0
  const source = doc.sliceString(from, doc.line(Math.max(end, top.line + 1)).to).trimEnd()
  return { blocks, from, source }
}

const read = ({ blocks }: Piece) => blocks.map(({ element }) => element.textContent).join('\n')

/** The passage of the source that was selected in the preview: exactly, or else the blocks in which it stands. */
export function selectedPassage(range: Range, words: string, drawing: Drawing, doc: Text): Passage | null {
  const at = (node: Node) => drawing.shown.findIndex(({ element }) => element.contains(node))
  const first = at(range.startContainer)
  // A selection that was made by three clicks ends before the first letter of the next block.
  const last =
    range.endOffset === 0 && at(range.endContainer) > first ? at(range.endContainer) - 1 : at(range.endContainer)
  const piece = first < 0 ? null : pieceOf(first, Math.max(first, last), drawing, doc)
  const top = piece?.blocks[0]
  if (!piece || top === undefined) return null
  const before = document.createRange()
  before.setStart(top.element, 0)
  before.setEnd(range.startContainer, range.startOffset)
  const skipped = before.toString().length
  const all = findWords(words, read(piece))
  const nth = all.findIndex(([from, to]) => from <= skipped + 1 && to > skipped)
  const found = nth < 0 ? null : counterpart(words, nth, all.length, piece.source)
  const [from, to] = found ?? [0, piece.source.length]
  return [piece.from + from, piece.from + to]
}

/** What of an element stands from one of its letters up to another. */
function rangeWithin(element: HTMLElement, [from, to]: Passage): Range {
  const range = document.createRange()
  range.selectNodeContents(element)
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT)
  let passed = 0
  let begun = false
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const length = node.nodeValue?.length ?? 0
    if (!begun && from < passed + length) {
      range.setStart(node, from - passed)
      begun = true
    }
    if (begun && to <= passed + length) {
      range.setEnd(node, to - passed)
      break
    }
    passed += length
  }
  return range
}

/** Where a passage of the source is in the preview: exactly, or else the blocks that were made of it. */
export function rangesOf([from, to]: Passage, drawing: Drawing, doc: Text): Range[] {
  const blocks = drawing.shown.filter(isOfText)
  const lineOf = (at: number) => doc.lineAt(Math.min(at, doc.length)).number - 1
  const blockAt = (line: number) =>
    Math.max(
      0,
      blocks.findLastIndex((block) => block.line <= line),
    )
  const [first, last] = [blockAt(lineOf(from)), blockAt(lineOf(Math.max(from, to - 1)))]
  const piece = blocks.length === 0 ? null : pieceOf(first, last, drawing, doc)
  if (piece === null) return []
  const [only, another] = piece.blocks
  if (only !== undefined && another === undefined && to - from <= longest) {
    // Brackets are read only where they are no link's, which a piece of the text cannot tell.
    const words = asRead(doc.sliceString(from, to)).replace(/[[\]]/g, '')
    const all = findWords(words, piece.source)
    const nth = all.findIndex(([start, end]) => start < to - piece.from && end > from - piece.from)
    const found = nth < 0 ? null : counterpart(words, nth, all.length, only.element.textContent)
    if (found !== null) return [rangeWithin(only.element, found)]
  }
  return piece.blocks.map(({ element }) => {
    const range = document.createRange()
    range.selectNodeContents(element)
    return range
  })
}
