import { EditorSelection, Prec } from '@codemirror/state'
import { type Command, EditorView, keymap } from '@codemirror/view'
import { bindings } from '../actions/bindings'
import type { ActionId } from '../actions/catalogue'
import type { Decision } from '../api/types'
import { refuse } from '../editor/refusal'
import { reviewHandlers } from './handlers'
import type { PlacedHunk } from './placement'
import { nearestHunk, proposals } from './proposals'
import { canUndo } from './summary'

export const isUndoable = ({ show, mode, note }: PlacedHunk) =>
  show === 'noted' && note !== null && canUndo(mode, note.state)

/** Decides the nearest pending hunk, or with `all` everything of its suggestion in this text. */
function decide(decision: Decision, all: boolean): Command {
  return (view) => {
    const { canDecide, decide: send } = view.state.facet(reviewHandlers)
    const nearest = nearestHunk(view.state, ({ show }) => show === 'pending')
    if (nearest === null) return false
    if (!canDecide) return refuse(view, 'Nothing was decided')
    const { hunks } = view.state.field(proposals)
    const chosen = all
      ? hunks.filter(({ show, suggestion }) => show === 'pending' && suggestion === nearest.suggestion)
      : [nearest]
    send(
      nearest.suggestion,
      chosen.map(({ hunk }) => hunk),
      decision,
    )
    return true
  }
}

/** Takes back the nearest decision of a moment ago. */
const undoDecision: Command = (view) => {
  const { canDecide, decide: send } = view.state.facet(reviewHandlers)
  const nearest = nearestHunk(view.state, isUndoable)
  if (nearest === null) return false
  if (!canDecide) return refuse(view, 'Nothing was undone')
  send(nearest.suggestion, [nearest.hunk], 'undo')
  return true
}

/** Puts the cursor at the next hunk in the direction, going round at the ends. */
export function goToHunk(direction: 1 | -1): Command {
  return (view) => {
    const hunks = view.state.field(proposals).hunks.filter(({ show }) => show !== 'noted')
    const { head } = view.state.selection.main
    const ahead = direction > 0 ? hunks.filter(({ from }) => from > head) : hunks.filter(({ from }) => from < head)
    const next = (direction > 0 ? ahead[0] : ahead.at(-1)) ?? (direction > 0 ? hunks[0] : hunks.at(-1))
    if (next === undefined) return false
    view.dispatch({
      selection: EditorSelection.cursor(next.from),
      effects: EditorView.scrollIntoView(next.from, { y: 'center' }),
    })
    view.focus()
    return true
  }
}

/** By the action that each of them is. */
export const reviewCommands = {
  'review.accept': decide('accept', false),
  'review.reject': decide('reject', false),
  'review.acceptAll': decide('accept', true),
  'review.rejectAll': decide('reject', true),
  'review.undo': undoDecision,
  'review.next': goToHunk(1),
  'review.previous': goToHunk(-1),
} satisfies Partial<Record<ActionId, Command>>

export const reviewKeys = Prec.high(keymap.of(bindings(reviewCommands)))
