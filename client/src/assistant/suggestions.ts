import type { Hunk, HunkState, Person, Suggestion, SuggestionDelta } from '../api/types'

/** A decision that was made while this page was open; shown for a while where it happened. */
export interface DecisionNote {
  hunk: string
  revision: number
  state: HunkState
  by: Person
  /** Milliseconds on the page's clock. */
  at: number
}

/** All suggestions of a workspace that this page has heard of, and the decisions on them that it witnessed. */
export interface Suggestions {
  byId: ReadonlyMap<string, Suggestion>
  notes: ReadonlyMap<string, DecisionNote>
  /** Those that changed while this page was open; the others are history, of which only what is undecided matters. */
  live: ReadonlySet<string>
}

export const none: Suggestions = { byId: new Map(), notes: new Map(), live: new Set() }

const isDecided = (state: HunkState) => state === 'accepted' || state === 'rejected' || state === 'undone'

function notesFor(before: Suggestion | undefined, after: Suggestion, now: number): DecisionNote[] {
  // A suggestion that was decided before this page came is history, not news.
  if (before === undefined) return []
  const earlier = new Map(before.hunks.map((hunk) => [hunk.id, hunk]))
  return after.hunks.flatMap((hunk) => {
    const was = earlier.get(hunk.id)
    const isNews = isDecided(hunk.state) && was?.state !== hunk.state && hunk.decided_by
    return isNews && hunk.decided_by
      ? [{ hunk: hunk.id, revision: hunk.revision, state: hunk.state, by: hunk.decided_by, at: now }]
      : []
  })
}

export function suggestionChanged(state: Suggestions, suggestion: Suggestion, now: number): Suggestions {
  const before = state.byId.get(suggestion.id)
  const notes = new Map(state.notes)
  for (const hunk of suggestion.hunks) if (!isDecided(hunk.state)) notes.delete(hunk.id)
  for (const note of notesFor(before, suggestion, now)) notes.set(note.hunk, note)
  return {
    byId: new Map(state.byId).set(suggestion.id, suggestion),
    notes,
    live: new Set(state.live).add(suggestion.id),
  }
}

/** A delta whose suggestion is unknown, or has ended, comes late: the whole suggestion tells more. */
export function suggestionDelta(state: Suggestions, delta: SuggestionDelta): Suggestions {
  const suggestion = state.byId.get(delta.id)
  if (suggestion?.state !== 'streaming') return state
  const changed = new Map<string, Hunk>(delta.hunks.map((hunk) => [hunk.id, hunk]))
  const removed = new Set(delta.removed)
  for (const { id, at, text } of delta.grown) {
    const known = suggestion.hunks.find((hunk) => hunk.id === id)
    // Whoever came in the middle lacks the beginning, and is told all of it in a moment; or has read more than this.
    if (known === undefined || known.proposed.length < at) continue
    const rest = text.slice(known.proposed.length - at)
    if (rest !== '') changed.set(id, { ...known, proposed: known.proposed + rest })
  }
  const kept = suggestion.hunks.filter((hunk) => !removed.has(hunk.id)).map((hunk) => changed.get(hunk.id) ?? hunk)
  const known = new Set(kept.map((hunk) => hunk.id))
  const hunks = [...kept, ...delta.hunks.filter((hunk) => !known.has(hunk.id))]
  return { ...state, byId: new Map(state.byId).set(delta.id, { ...suggestion, hunks }) }
}

/** A moment, in milliseconds of this page and of the wall, and how long ago a decision may be and still be news. */
export interface Moment {
  now: number
  wall: number
  news: number
}

/** What HTTP told; what the events told in the meantime is at least as new for the suggestions that it names. */
export function suggestionsRead(state: Suggestions, read: readonly Suggestion[], moment?: Moment): Suggestions {
  const byId = new Map(state.byId)
  const notes = new Map(state.notes)
  for (const suggestion of read) {
    const known = byId.get(suggestion.id)
    if (known !== undefined && latest(known) > latest(suggestion)) continue
    byId.set(suggestion.id, suggestion)
    // Whoever comes, or reloads, right after a decision can take it back like everybody who saw it.
    if (moment !== undefined) for (const note of recentNotes(suggestion, moment)) notes.set(note.hunk, note)
  }
  return { ...state, byId, notes }
}

function recentNotes(suggestion: Suggestion, { now, wall, news }: Moment): DecisionNote[] {
  return suggestion.hunks.flatMap(({ id, revision, state, decided_by, decided_at }) => {
    if (!isDecided(state) || !decided_by || !decided_at) return []
    // Clocks of two machines differ: what seems to come is of this moment.
    const age = Math.max(0, wall - Date.parse(decided_at))
    return age < news ? [{ hunk: id, revision, state, by: decided_by, at: now - age }] : []
  })
}

/** Revisions only grow, and a stream ends once: together they order two states of one suggestion. */
function latest(suggestion: Suggestion): number {
  const revisions = suggestion.hunks.reduce((sum, hunk) => sum + hunk.revision, 0)
  return (suggestion.state === 'streaming' ? 0 : 1_000_000) + revisions
}

/** The revisions in which this page has seen the hunks of a suggestion. */
export function revisionsOf(state: Suggestions, suggestion: string): Record<string, number> {
  const hunks = state.byId.get(suggestion)?.hunks ?? []
  return Object.fromEntries(hunks.map(({ id, revision }) => [id, revision]))
}

export function forgetNotes(state: Suggestions, olderThan: number): Suggestions {
  const notes = new Map([...state.notes].filter(([, note]) => note.at >= olderThan))
  return notes.size === state.notes.size ? state : { ...state, notes }
}

/** Suggestions that touch this document, oldest first. */
export function inDocument(state: Suggestions, document: string): Suggestion[] {
  return [...state.byId.values()]
    .filter(({ documents, hunks }) => documents.includes(document) || hunks.some((hunk) => hunk.document === document))
    .sort((a, b) => a.created_at.localeCompare(b.created_at))
}
