import { EditorSelection, Prec } from '@codemirror/state'
import { type Command, EditorView, keymap } from '@codemirror/view'
import type { Decision } from '../api/types'
import { reviewHandlers } from './handlers'
import { nearestHunk, proposals } from './proposals'

/** Decides the nearest pending hunk, or with `all` everything of its suggestion in this text. */
function decide(decision: Decision, all: boolean): Command {
  return (view) => {
    const { canDecide, decide: send } = view.state.facet(reviewHandlers)
    const nearest = nearestHunk(view.state, ({ show }) => show === 'pending')
    if (!canDecide || nearest === null) return false
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

export const reviewKeys = Prec.high(
  keymap.of([
    { key: 'Alt-y', run: decide('accept', false) },
    { key: 'Alt-n', run: decide('reject', false) },
    { key: 'Shift-Alt-y', run: decide('accept', true) },
    { key: 'Shift-Alt-n', run: decide('reject', true) },
    { key: 'F8', run: goToHunk(1) },
    { key: 'Shift-F8', run: goToHunk(-1) },
  ]),
)
