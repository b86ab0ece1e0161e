import { Facet } from '@codemirror/state'
import type * as Y from 'yjs'
import { isSaved, type SaveState } from '../document/saveState'

/** What commands of the editor need of the shared text behind it. */
export interface Shared {
  /** Takes back one's own edits only. */
  undo: Y.UndoManager
  /** A sentence on how far it is saved. */
  saved: () => string
  /** Resolves once all of it is. */
  whenSaved: () => Promise<void>
}

export const shared = Facet.define<Shared, Shared | null>({ combine: ([one]) => one ?? null })

export const saving = 'Saving…'

/** For a command that saves, in editors that have one. */
export function savedInWords(state: SaveState): string {
  if (!state.allowed) return 'Read-only: there is nothing of yours to save'
  if (isSaved(state)) return 'Saved'
  return state.connected ? saving : 'Offline: saved as soon as the server can be reached'
}
