import { completionStatus } from '@codemirror/autocomplete'
import { Annotation, type EditorState, Facet, Prec, StateEffect, StateField, Transaction } from '@codemirror/state'
import { type Command, Decoration, type DecorationSet, EditorView, keymap } from '@codemirror/view'
import { ySyncAnnotation } from 'y-codemirror.next'
import { keyOf } from '../actions/catalogue'
import { askRange } from '../assistant/ask'
import {
  type Deed,
  type Ghost,
  type GhostEvent,
  type GreyText,
  greyText,
  noGhost,
  type Part,
  partOf,
  step,
} from './ghost'
import { GreyLine, GreyLines } from './widgets'

interface Layer {
  ghost: Ghost
  /** What this very transaction asks for. */
  deeds: readonly Deed[]
  shown: GreyText | null
  decorations: DecorationSet
}

/** Something that did not happen in the text. */
export const ghostEvent = StateEffect.define<GhostEvent>()

/** Marks the edit that is an acceptance, which the machine knows about already. */
const acceptance = Annotation.define<true>()

/** Ends the step that undoing would take back as one. */
export const newUndoStep = Facet.define<() => void, () => void>({
  combine: (values) => values.at(-1) ?? (() => undefined),
})

/** Whether the keys mean something else than writing at the moment. */
export const withoutGhost = Facet.define<boolean, boolean>({ combine: (values) => values.includes(true) })

/** What an edit means, or a selection. */
function eventsOf(transaction: Transaction, ghost: Ghost): GhostEvent[] {
  const { main, ranges } = transaction.state.selection
  const isBare = main.empty && ranges.length === 1
  if (transaction.annotation(acceptance) === true) return []
  if (!transaction.docChanged) {
    const stays = isBare && (ghost.cursor === null || main.head === ghost.cursor)
    return transaction.selection === undefined || stays ? [] : [{ is: 'moved' }]
  }
  const edits: { from: number; to: number; end: number; insert: string }[] = []
  transaction.changes.iterChanges((from, to, _fromB, end, inserted) =>
    edits.push({ from, to, end, insert: inserted.toString() }),
  )
  // Undoing comes this way too: it changes the shared text, and the editor follows.
  if (transaction.annotation(ySyncAnnotation) !== undefined) {
    return [{ is: 'others', changes: edits.map(({ from, to, insert }) => ({ from, to, inserted: insert.length })) }]
  }
  if (!isBare) return [{ is: 'moved' }]
  const [edit] = edits
  if (edits.length === 1 && edit?.end === main.head) return [{ is: 'typed', ...edit }]
  return [{ is: 'edited', cursor: main.head }]
}

/** Whether something is in the way of grey text; what is selected counts as having left the place. */
const isBlocked = (state: EditorState): boolean =>
  state.readOnly ||
  state.facet(withoutGhost) ||
  completionStatus(state) === 'active' ||
  (state.field(askRange, false) ?? null) !== null

function draw(state: EditorState, shown: GreyText | null): DecorationSet {
  if (shown === null || shown.at > state.doc.length) return Decoration.none
  const [first = '', ...rest] = shown.text.split('\n')
  const line = Decoration.widget({ widget: new GreyLine(first, shown.insteadOf, accept('whole')), side: 1 }).range(
    shown.at,
  )
  if (rest.length === 0) return Decoration.set(line)
  const below = Decoration.widget({ widget: new GreyLines(rest.join('\n')), side: 2, block: true })
  return Decoration.set([line, below.range(state.doc.lineAt(shown.at).to)], true)
}

function follow(layer: Layer, transaction: Transaction): Layer {
  const time = transaction.annotation(Transaction.time) ?? 0
  const deeds: Deed[] = []
  let { ghost } = layer
  const take = (event: GhostEvent) => {
    const after = step(ghost, event, time)
    ghost = after.ghost
    deeds.push(...after.deeds)
  }
  eventsOf(transaction, ghost).forEach(take)
  for (const effect of transaction.effects) if (effect.is(ghostEvent)) take(effect.value)
  const blocked = isBlocked(transaction.state)
  if (blocked !== ghost.blocked) take({ is: 'blocked', blocked })
  if (ghost === layer.ghost && deeds.length === 0 && layer.deeds.length === 0) return layer
  const shown = greyText(ghost)
  const same = shown?.at === layer.shown?.at && shown?.text === layer.shown?.text && !transaction.docChanged
  return same ? { ...layer, ghost, deeds } : { ghost, deeds, shown, decorations: draw(transaction.state, shown) }
}

/** The machine beside the text. A state field, since lines between lines change the heights, and so that what is typed
 * along and the grey text that becomes shorter by it are one picture. */
export const ghostLayer = StateField.define<Layer>({
  create: () => ({ ghost: noGhost, deeds: [], shown: null, decorations: Decoration.none }),
  update: follow,
  provide: (field) => EditorView.decorations.from(field, ({ decorations }) => decorations),
})

/** The edit is one's own, and a step of its own for undoing. */
function accept(part: Part): Command {
  return (view) => {
    const { shown } = view.state.field(ghostLayer)
    if (shown === null) return false
    const newStep = view.state.facet(newUndoStep)
    const insert = partOf(shown.text, part)
    newStep()
    view.dispatch({
      changes: { from: shown.at, insert },
      selection: { anchor: shown.at + insert.length },
      annotations: [acceptance.of(true), Transaction.userEvent.of('input.complete')],
      effects: ghostEvent.of({ is: 'accepted', part }),
      scrollIntoView: true,
    })
    newStep()
    return true
  }
}

const reject: Command = (view) => {
  if (view.state.field(ghostLayer).shown === null) return false
  view.dispatch({ effects: ghostEvent.of({ is: 'rejected' }) })
  return true
}

/** Before all others, as long as there is grey text: without any, every key does what it always does. */
export const ghostKeys = Prec.highest(
  keymap.of([
    { key: keyOf('ghost.take'), run: accept('whole') },
    { key: keyOf('ghost.word'), run: accept('word') },
    { key: keyOf('ghost.line'), run: accept('line') },
    { key: keyOf('ghost.none'), run: reject },
  ]),
)
