import type { Hunk, Suggestion } from '../api/types'
import { inDocument, type Suggestions } from './suggestions'

/** A file that went to the trash because nobody kept what the assistant had written in it. */
export interface TakenAway {
  suggestion: Suggestion
  hunk: Hunk
}

/** Why a deleted file with nothing in it was deleted, where the assistant had made it; null otherwise. */
export function takenAway(state: Suggestions, document: string): TakenAway | null {
  const newest = inDocument(state, document).at(-1)
  if (newest?.mode !== 'write') return null
  const hunk = newest.hunks.find((one) => one.document === document)
  const gone = hunk?.state === 'rejected' || hunk?.state === 'undone'
  return gone ? { suggestion: newest, hunk } : null
}
