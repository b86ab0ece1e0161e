import type { Hunk, HunkState, Suggestion } from '../api/types'
import { plural } from '../lib/format'
import { notesInWords } from './noteGroups'
import type { DecisionNote, Suggestions } from './suggestions'

export interface Elsewhere {
  path: string
  pending: number
}

/** One line of the bar under the text: a suggestion, where it stands, and what can be done about it. */
export interface BarRow {
  suggestion: Suggestion
  words: string
  tone: 'plain' | 'problem'
  /** In this file. */
  pending: Hunk[]
  /** In all files. */
  pendingInAll: Hunk[]
  /** Other files of the suggestion, by document, and what waits for a decision in each. */
  elsewhere: ReadonlyMap<string, Elsewhere>
  /** Decisions of the last moments that can be taken back. */
  undoable: Hunk[]
  stale: boolean
  canCancel: boolean
}

/** Whether a decision can be taken back. What was written and taken away can stand there again, however it went. */
export const canUndo = (mode: Suggestion['mode'], state: HunkState) => mode === 'write' || state !== 'undone'

function leftWords(pending: readonly Hunk[], elsewhere: ReadonlyMap<string, Elsewhere>): string {
  const there = [...elsewhere.values()].filter((file) => file.pending > 0)
  const count = there.reduce((sum, file) => sum + file.pending, 0)
  if (count === 0) return `${plural(pending.length, 'change')} to decide`
  const others = there.length === 1 ? 'another file' : `${there.length} other files`
  if (pending.length === 0) return `${plural(count, 'change')} to decide in ${others}`
  return `${plural(pending.length, 'change')} to decide here, ${count} in ${others}`
}

function writtenWords(pendingInAll: readonly Hunk[], elsewhere: ReadonlyMap<string, Elsewhere>): string {
  const files = new Set(pendingInAll.map((hunk) => hunk.document)).size
  return elsewhere.size === 0 ? 'Its text can be kept or undone' : `${plural(files, 'new file')} to keep or undo`
}

interface Waiting {
  pending: readonly Hunk[]
  pendingInAll: readonly Hunk[]
  elsewhere: ReadonlyMap<string, Elsewhere>
}

function words(
  suggestion: Suggestion,
  { pending, pendingInAll, elsewhere }: Waiting,
  notes: readonly DecisionNote[],
  stale: boolean,
  why: string | undefined,
): string {
  const left = suggestion.mode === 'write' ? writtenWords(pendingInAll, elsewhere) : leftWords(pending, elsewhere)
  switch (suggestion.state) {
    case 'streaming':
      if (suggestion.mode === 'write') return why ?? `Writing…${inFiles(suggestion)}`
      if (suggestion.hunks.length === 0) return why ?? 'Thinking…'
      return `Proposing… ${plural(suggestion.hunks.length, 'change')} so far${inFiles(suggestion)}`
    case 'failed':
    case 'cancelled': {
      const end = suggestion.state === 'failed' ? (suggestion.error ?? 'It could not finish.') : 'Stopped.'
      return pendingInAll.length === 0 ? end : `${end} What had arrived can still be decided.`
    }
    case 'ready':
    case 'done':
      if (pendingInAll.length > 0) return notes.length === 0 ? left : `${left}; ${notesInWords(notes, true)}`
      if (notes.length > 0) return notesInWords(notes)
      if (stale) return 'The text changed, so it no longer fits'
      return suggestion.note ?? (suggestion.hunks.length === 0 ? 'There is nothing to change.' : '')
  }
}

function inFiles({ hunks }: Suggestion): string {
  const files = new Set(hunks.map((hunk) => hunk.document)).size
  return files > 1 ? ` in ${files} files` : ''
}

function otherFiles(hunks: readonly Hunk[], document: string): ReadonlyMap<string, Elsewhere> {
  const files = new Map<string, Elsewhere>()
  for (const hunk of hunks) {
    if (hunk.document === document) continue
    const known = files.get(hunk.document)?.pending ?? 0
    files.set(hunk.document, { path: hunk.path, pending: known + (hunk.state === 'pending' ? 1 : 0) })
  }
  return files
}

/** What this page knows of the texts: hunks that do not fit any more where it can see that, and which files there are. */
export interface Sight {
  unfit: ReadonlySet<string>
  exists: (document: string) => boolean
  /** Job → why it waits, of those that do. */
  waiting: ReadonlyMap<string, string>
}

/** The row of a suggestion in a file, or null when there is nothing (any more) to say about it. */
export function barRow(
  state: Suggestions,
  suggestion: Suggestion,
  document: string,
  { unfit, exists, waiting: jobs }: Sight,
): BarRow | null {
  const live = state.live.has(suggestion.id)
  // Changes in a file that was deleted come back with it.
  const hunks = suggestion.hunks.filter((hunk) => hunk.document === document || exists(hunk.document))
  const waiting = hunks.filter((hunk) => hunk.state === 'pending')
  const pendingInAll = waiting.filter((hunk) => !unfit.has(hunk.id))
  const pending = pendingInAll.filter((hunk) => hunk.document === document)
  const elsewhere = otherFiles(hunks, document)
  const notes = hunks.flatMap((hunk) => state.notes.get(hunk.id) ?? [])
  const stale = pendingInAll.length < waiting.length || (live && hunks.some((hunk) => hunk.state === 'stale'))
  const streaming = suggestion.state === 'streaming'
  const endedWithWords = live && (suggestion.state !== 'done' || hunks.length === 0) && pendingInAll.length === 0
  if (!streaming && pendingInAll.length === 0 && notes.length === 0 && !stale && !endedWithWords) return null
  const noted = new Set(notes.filter((note) => canUndo(suggestion.mode, note.state)).map((note) => note.hunk))
  return {
    suggestion,
    words: words(suggestion, { pending, pendingInAll, elsewhere }, notes, stale, jobs.get(suggestion.job)),
    tone: suggestion.state === 'failed' ? 'problem' : 'plain',
    pending,
    pendingInAll,
    elsewhere,
    undoable: hunks.filter((hunk) => noted.has(hunk.id)),
    stale,
    canCancel: streaming,
  }
}

/** Document → how many changes wait in it for a decision, without those that are known to be `unfit`. */
export function pendingByDocument(state: Suggestions, unfit: ReadonlySet<string>): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { hunks } of state.byId.values()) {
    for (const hunk of hunks) {
      if (hunk.state === 'pending' && !unfit.has(hunk.id))
        counts.set(hunk.document, (counts.get(hunk.document) ?? 0) + 1)
    }
  }
  return counts
}
