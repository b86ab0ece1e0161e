import type { Hunk, Suggestion } from '../api/types'
import { plural } from '../lib/format'
import type { DecisionNote, Suggestions } from './suggestions'

/** One line of the bar under the text: a suggestion, where it stands, and what can be done about it. */
export interface BarRow {
  suggestion: Suggestion
  words: string
  tone: 'plain' | 'problem'
  pending: Hunk[]
  /** Decisions of the last moments that can be taken back. */
  undoable: Hunk[]
  stale: boolean
  canCancel: boolean
}

function noteWords(notes: readonly DecisionNote[]): string {
  const counts = new Map<string, number>()
  for (const { state, by } of notes) {
    const key = `${state} by ${by.name}`
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return [...counts].map(([what, count]) => (notes.length === 1 ? what : `${count} ${what}`)).join(', ')
}

function words(
  suggestion: Suggestion,
  pending: readonly Hunk[],
  notes: readonly DecisionNote[],
  stale: boolean,
): string {
  const left =
    suggestion.mode === 'write' ? 'Its text can be kept or undone' : `${plural(pending.length, 'change')} to decide`
  switch (suggestion.state) {
    case 'streaming':
      if (suggestion.mode === 'write') return 'Writing…'
      return suggestion.hunks.length === 0
        ? 'Thinking…'
        : `Proposing… ${plural(suggestion.hunks.length, 'change')} so far`
    case 'failed':
    case 'cancelled': {
      const end = suggestion.state === 'failed' ? (suggestion.error ?? 'It could not finish.') : 'Stopped.'
      return pending.length === 0 ? end : `${end} What had arrived can still be decided.`
    }
    case 'ready':
    case 'done':
      if (pending.length > 0) return notes.length === 0 ? left : `${left}; ${noteWords(notes)}`
      if (notes.length > 0) return noteWords(notes)
      if (stale) return 'The text changed, so it no longer fits'
      return suggestion.note ?? (suggestion.hunks.length === 0 ? 'There is nothing to change.' : '')
  }
}

/** The row of a suggestion, or null when there is nothing (any more) to say about it. */
export function barRow(state: Suggestions, suggestion: Suggestion): BarRow | null {
  const { hunks } = suggestion
  const live = state.live.has(suggestion.id)
  const pending = hunks.filter((hunk) => hunk.state === 'pending')
  const notes = hunks.flatMap((hunk) => state.notes.get(hunk.id) ?? [])
  const stale = live && hunks.some((hunk) => hunk.state === 'stale')
  const streaming = suggestion.state === 'streaming'
  const endedWithWords = live && (suggestion.state !== 'done' || hunks.length === 0) && pending.length === 0
  if (!streaming && pending.length === 0 && notes.length === 0 && !stale && !endedWithWords) return null
  const noted = new Set(notes.filter((note) => note.state !== 'undone').map((note) => note.hunk))
  return {
    suggestion,
    words: words(suggestion, pending, notes, stale),
    tone: suggestion.state === 'failed' ? 'problem' : 'plain',
    pending,
    undoable: hunks.filter((hunk) => noted.has(hunk.id) && (suggestion.mode === 'edit' || hunk.state === 'accepted')),
    stale,
    canCancel: streaming,
  }
}
