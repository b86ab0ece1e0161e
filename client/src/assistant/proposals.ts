import { type ChangeDesc, type EditorState, type Range, RangeSet, StateEffect, StateField } from '@codemirror/state'
import { Decoration, type DecorationSet, EditorView } from '@codemirror/view'
import { reviewHandlers } from './handlers'
import { hunkPieces } from './hunkPieces'
import { drawingOf, type PlacedHunk, sameHunk } from './placement'
import { pieces } from './pieces'
import { noteGroups, type Noted } from './noteGroups'
import { ControlsApart, HunkNote, NoteGroup, NoteList, Proposal } from './widgets'

/** Shows these hunks instead of those before. */
const showHunks = StateEffect.define<readonly PlacedHunk[]>()

/** Shows each decision of the note that begins with this hunk, or no longer. */
const toggleNotes = StateEffect.define<string>()

interface Shown {
  hunks: readonly PlacedHunk[]
  /** The first hunks of the notes that are unfolded. */
  unfolded: ReadonlySet<string>
  decorations: DecorationSet
}

const replacedText = Decoration.mark({ class: 'cm-replaced', tagName: 'del' })
const replacedLine = Decoration.line({ class: 'cm-replaced-line' })
const writtenText = Decoration.mark({ class: 'cm-written' })
const staleText = Decoration.mark({ class: 'cm-stale' })

/** Between two placements by anchors: insertions at the borders of a range stay outside, those at an empty one inside. */
function mapHunk(placed: PlacedHunk, changes: ChangeDesc): PlacedHunk {
  const holds = placed.mode === 'write' || placed.base === ''
  const from = changes.mapPos(placed.from, holds ? -1 : 1)
  const to = Math.max(from, changes.mapPos(placed.to, holds ? 1 : -1))
  return from === placed.from && to === placed.to ? placed : { ...placed, from, to }
}

/** What gives way and what comes, of a hunk or of a piece of it, with the buttons unless `bare`. */
function drawPiece(state: EditorState, placed: PlacedHunk, canDecide: boolean, bare: boolean): Range<Decoration>[] {
  const { doc } = state
  const drawing = drawingOf(doc, placed)
  const { from, to, layout } = drawing
  const drawn: Range<Decoration>[] = []
  if (from < to) drawn.push(replacedText.range(from, to))
  if (layout === 'lines') {
    for (let at = from; at < to; at = doc.lineAt(at).to + 1) drawn.push(replacedLine.range(doc.lineAt(at).from))
  }
  if (bare && drawing.text === '') return drawn
  const widget = new Proposal(placed, drawing, canDecide, bare)
  const block = layout === 'lines' && drawing.text !== ''
  drawn.push(Decoration.widget({ widget, side: drawing.side, block }).range(drawing.at))
  return drawn
}

function drawEdit(state: EditorState, placed: PlacedHunk, canDecide: boolean): Range<Decoration>[] {
  const cut = placed.show === 'pending' ? hunkPieces(placed) : [placed]
  if (cut.length < 2) return drawPiece(state, placed, canDecide, false)
  const controls = Decoration.widget({ widget: new ControlsApart(placed, canDecide), side: 2 })
  return [
    ...cut.flatMap((piece) => drawPiece(state, { ...placed, ...piece }, canDecide, true)),
    controls.range(state.doc.lineAt(placed.to).to),
  ]
}

// Text that ends with a line break ends on the line before it, as a reader sees it.
const endsWithBreak = ({ doc }: EditorState, { from, to }: PlacedHunk) => from < to && doc.lineAt(to).from === to

const lineOf = (state: EditorState, placed: PlacedHunk) =>
  state.doc.lineAt(endsWithBreak(state, placed) ? placed.to - 1 : placed.to)

function drawNotes(
  state: EditorState,
  notes: readonly Noted[],
  canDecide: boolean,
  unfolded: ReadonlySet<string>,
): Range<Decoration>[] {
  const first = notes[0]?.placed
  if (first === undefined) return []
  const { to } = lineOf(state, first)
  if (notes.length === 1) {
    return [Decoration.widget({ widget: new HunkNote(first, canDecide), side: 2 }).range(to)]
  }
  const isUnfolded = unfolded.has(first.hunk)
  const toggle = (view: EditorView) => view.dispatch({ effects: toggleNotes.of(first.hunk) })
  const widget = new NoteGroup(notes, canDecide, isUnfolded, toggle)
  const list = new NoteList(notes, canDecide, isUnfolded, toggle)
  return [
    Decoration.widget({ widget, side: 2 }).range(to),
    ...(isUnfolded ? [Decoration.widget({ widget: list, side: 3, block: true }).range(to)] : []),
  ]
}

function drawHunk(state: EditorState, placed: PlacedHunk, canDecide: boolean): Range<Decoration>[] {
  const { from, to, mode, show } = placed
  if (show === 'stale') {
    const note = Decoration.widget({ widget: new HunkNote(placed, canDecide), side: 2 }).range(lineOf(state, placed).to)
    return from < to ? [staleText.range(from, to), note] : [note]
  }
  if (mode === 'edit') return drawEdit(state, placed, canDecide)
  const written = from < to ? [writtenText.range(from, to)] : []
  if (show === 'streaming') return written
  const controls = Decoration.widget({ widget: new ControlsApart(placed, canDecide), side: 2 })
  return [...written, controls.range(endsWithBreak(state, placed) ? to - 1 : to)]
}

/**
 * CodeMirror draws what stands at a place inside the marks around it. Where two proposals overlap, the new text of one
 * would be struck through with the old text of the other, and nobody could tell what is proposed.
 */
function outsideMarks(drawn: readonly Range<Decoration>[]): Range<Decoration>[] {
  const points = new Set(drawn.flatMap(({ from, to }) => (from === to ? [from] : [])))
  const cuts = [...points].sort((a, b) => a - b)
  return drawn.flatMap((range) =>
    range.from === range.to
      ? [range]
      : pieces(range.from, range.to, cuts).map(([from, to]) => range.value.range(from, to)),
  )
}

function draw(state: EditorState, hunks: readonly PlacedHunk[], unfolded: ReadonlySet<string>): Shown {
  const { canDecide } = state.facet(reviewHandlers)
  const inside = hunks.filter((placed) => placed.to <= state.doc.length)
  const notes = inside.filter(({ show }) => show === 'noted')
  const groups = noteGroups(notes.map((placed) => ({ placed, line: lineOf(state, placed).number })))
  const drawn = [
    ...inside.filter(({ show }) => show !== 'noted').flatMap((placed) => drawHunk(state, placed, canDecide)),
    ...groups.flatMap((group) => drawNotes(state, group, canDecide, unfolded)),
  ]
  return { hunks: inside, unfolded, decorations: RangeSet.of(outsideMarks(drawn), true) }
}

function toggled(ids: ReadonlySet<string>, id: string): ReadonlySet<string> {
  const others = new Set(ids)
  if (!others.delete(id)) others.add(id)
  return others
}

/** The hunks of this document, drawn in the text. A state field, since blocks between lines change the heights. */
export const proposals = StateField.define<Shown>({
  create: () => ({ hunks: [], unfolded: new Set(), decorations: Decoration.none }),
  update(shown, transaction) {
    for (const effect of transaction.effects) {
      if (effect.is(showHunks)) return draw(transaction.state, effect.value, shown.unfolded)
      if (effect.is(toggleNotes)) {
        return draw(transaction.state, shown.hunks, toggled(shown.unfolded, effect.value))
      }
    }
    const handlersChanged = transaction.startState.facet(reviewHandlers) !== transaction.state.facet(reviewHandlers)
    if (shown.hunks.length === 0 || (!transaction.docChanged && !handlersChanged)) return shown
    return draw(
      transaction.state,
      shown.hunks.map((placed) => mapHunk(placed, transaction.changes)),
      shown.unfolded,
    )
  },
  provide: (field) => EditorView.decorations.from(field, (shown) => shown.decorations),
})

/** Draws `hunks` unless the very same ones are drawn. */
export function show(view: EditorView, hunks: readonly PlacedHunk[]): void {
  const shown = view.state.field(proposals).hunks
  const same =
    shown.length === hunks.length &&
    shown.every((placed, index) => {
      const other = hunks[index]
      return other !== undefined && sameHunk(placed, other)
    })
  if (!same) view.dispatch({ effects: showHunks.of(hunks) })
}

/** The hunk that the cursor touches, else the nearest one behind it, else the first. */
export function nearestHunk(state: EditorState, accepts: (placed: PlacedHunk) => boolean): PlacedHunk | null {
  const { head } = state.selection.main
  const hunks = state.field(proposals).hunks.filter(accepts)
  return (
    hunks.find((placed) => placed.from <= head && head <= placed.to) ??
    hunks.find((placed) => placed.from >= head) ??
    hunks[0] ??
    null
  )
}
