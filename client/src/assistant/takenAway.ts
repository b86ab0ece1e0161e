import type { Hunk, Suggestion } from '../api/types'
import { inDocument, type Suggestions } from './suggestions'

/** A file that went to the trash because nobody kept what the assistant had written in it. */
export interface TakenAway {
  suggestion: Suggestion
  hunk: Hunk
}

/** As `takenAway`, of whatever was at `path` and is nowhere now. */
export function takenAwayFrom(state: Suggestions, path: string, exists: (id: string) => boolean): TakenAway | null {
  const made = [...state.byId.values()].flatMap(({ mode, hunks }) => (mode === 'write' ? hunks : []))
  const gone = made.filter((hunk) => hunk.path === path && !exists(hunk.document))
  return gone.map((hunk) => takenAway(state, hunk.document)).find((found) => found !== null) ?? null
}

/** Why a deleted file with nothing in it was deleted, where the assistant had made it; null otherwise. */
export function takenAway(state: Suggestions, document: string): TakenAway | null {
  const newest = inDocument(state, document).at(-1)
  if (newest?.mode !== 'write') return null
  const hunk = newest.hunks.find((one) => one.document === document)
  const gone = hunk?.state === 'rejected' || hunk?.state === 'undone'
  return gone ? { suggestion: newest, hunk } : null
}
