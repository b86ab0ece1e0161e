import type { Command, EditorView } from '@codemirror/view'
import type { ActionId } from '../actions/catalogue'
import type { Offers } from '../actions/registry'
import { useActions } from '../actions/useActions'
import { ask } from '../assistant/ask'
import { proposals } from '../assistant/proposals'
import { isUndoable, reviewCommands } from '../assistant/reviewKeys'
import { comment } from '../comments/layer'
import { ownCommands, readingCommands, writingCommands } from '../editor/commands'
import { isChecked, problemCommands } from '../editor/problems/commands'
import type { DocumentSession } from './session'

interface TextActions {
  view: EditorView | null
  session: DocumentSession
  /** Why it cannot be changed, as a clause; null where it can be. */
  refused: string | null
  /** Whether the text can be seen, and not its preview alone. */
  visible: boolean
  /** Whether the preview offers to comment on what is selected in it. */
  commentedInPreview: boolean
  /** Whether it is in the half with the focus. */
  focused: boolean
}

const hasPending = ({ state }: EditorView) => state.field(proposals).hunks.some(({ show }) => show === 'pending')
const hasHunks = ({ state }: EditorView) => state.field(proposals).hunks.some(({ show }) => show !== 'noted')

/** What can be done with the text that is open. */
export function useTextActions(text: TextActions): void {
  const { view, session, refused, visible, commentedInPreview, focused } = text
  const offers: Offers = {}
  const offer = (id: ActionId, run: Command, missing: () => string | null = () => null) => {
    if (view === null || !focused) return
    offers[id] = {
      run: () => {
        view.focus()
        run(view)
      },
      available: () => (visible ? (missing() ?? true) : 'only the preview is shown'),
    }
  }
  const offerAll = (commands: Partial<Record<ActionId, Command>>) => {
    for (const [id, command] of Object.entries(commands)) offer(id as ActionId, command)
  }
  offerAll(readingCommands)
  offerAll(ownCommands)
  for (const id of ['problems.list', 'problems.next', 'problems.previous', 'problems.fix'] as const) {
    offer(id, problemCommands[id], () =>
      view !== null && isChecked(view.state) ? null : 'nobody checks this kind of file',
    )
  }
  for (const id of ['review.next', 'review.previous'] as const) {
    offer(id, reviewCommands[id], () => (view !== null && hasHunks(view) ? null : 'there is no change in this text'))
  }
  if (refused === null) {
    offerAll(writingCommands)
    const { undo } = session
    const undone = () => undo.undo() !== null
    offer('text.undo', undone, () => (undo.canUndo() ? null : 'you have changed nothing'))
    offer(
      'text.redo',
      () => undo.redo() !== null,
      () => (undo.canRedo() ? null : 'you have undone nothing'),
    )
    offer('ask', ask)
    if (!commentedInPreview) offer('comment', comment)
    for (const id of ['review.accept', 'review.reject', 'review.acceptAll', 'review.rejectAll'] as const) {
      offer(id, reviewCommands[id], () => (view !== null && hasPending(view) ? null : 'there is no change to decide'))
    }
    offer('review.undo', reviewCommands['review.undo'], () =>
      view?.state.field(proposals).hunks.some(isUndoable) === true ? null : 'nothing was decided lately',
    )
  }
  useActions(offers)
}
