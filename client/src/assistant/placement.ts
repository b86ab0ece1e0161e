import type * as Y from 'yjs'
import type { Hunk, Suggestion } from '../api/types'
import { type Resolved, resolveAnchor } from '../lib/anchors'
import type { DecisionNote, Suggestions } from './suggestions'

/** A hunk at its place in the present text. */
export interface PlacedHunk {
  suggestion: string
  hunk: string
  mode: 'edit' | 'write'
  from: number
  to: number
  base: string
  proposed: string
  /**
   * `noted`: decided a moment ago, shown as a note. `stale`: its base text is another one now. `made`: the change stands
   * in the text, of which nobody has told this page yet.
   */
  show: 'streaming' | 'pending' | 'stale' | 'noted' | 'made'
  instruction: string
  note: DecisionNote | null
}

/**
 * Whether the base text of a hunk stands unchanged between its anchors. One that only inserts has no base text and rests
 * on its neighbours instead. The server judges by the same rule (tests/vectors/hunks.json).
 */
function isIntact(hunk: Hunk, from: Resolved, to: Resolved, slice: (from: number, to: number) => string): boolean {
  if (from.index > to.index || slice(from.index, to.index) !== hunk.base) return false
  return hunk.base !== '' || !(from.lost || to.lost)
}

/**
 * Whether the text reads as if the hunk had been accepted: the text and the decision come by two ways, and the text is
 * often first.
 */
function seemsMade(hunk: Hunk, from: Resolved, to: Resolved, slice: (from: number, to: number) => string): boolean {
  if (hunk.base !== '' && !(from.lost && to.lost && from.index >= to.index)) return false
  if (hunk.proposed === '') return true
  const { length } = hunk.proposed
  const end = Math.max(from.index, to.index)
  return slice(Math.max(0, Math.min(from.index, to.index) - length), end + length).includes(hunk.proposed)
}

type Fit = 'fits' | 'made' | 'stale'

function shows(hunk: Hunk, note: DecisionNote | undefined, live: boolean, fit: Fit): PlacedHunk['show'] | null {
  switch (hunk.state) {
    case 'streaming':
      // While the answer streams, hunks are recut many times a second; one that does not fit now is already replaced.
      return fit === 'fits' ? 'streaming' : null
    case 'pending':
      return fit === 'fits' ? 'pending' : fit
    case 'stale':
      // What went stale before this page came has been seen by whoever asked.
      return live ? 'stale' : null
    case 'accepted':
    case 'rejected':
    case 'undone':
      return note === undefined ? null : 'noted'
  }
}

/** All hunks that are to be seen in one document, in the order of the text. `slice` reads the present text. */
export function placeHunks(
  state: Suggestions,
  suggestions: readonly Suggestion[],
  document: string,
  text: Y.Text,
  slice: (from: number, to: number) => string,
): PlacedHunk[] {
  const placed: PlacedHunk[] = []
  for (const suggestion of suggestions) {
    for (const hunk of suggestion.hunks) {
      if (hunk.document !== document) continue
      const note = state.notes.get(hunk.id)
      // Most hunks of a long life are decided; resolving an anchor costs more than asking.
      if (shows(hunk, note, true, 'fits') === null) continue
      const from = resolveAnchor(hunk.anchors[0], text)
      const to = resolveAnchor(hunk.anchors[1], text)
      if (from === null || to === null) continue
      const end = Math.max(from.index, to.index)
      const fits = suggestion.mode === 'write' || isIntact(hunk, from, to, slice)
      const fit = fits ? 'fits' : seemsMade(hunk, from, to, slice) ? 'made' : 'stale'
      const show = shows(hunk, note, state.live.has(suggestion.id), fit)
      if (show === null) continue
      placed.push({
        suggestion: suggestion.id,
        hunk: hunk.id,
        mode: suggestion.mode,
        from: from.index,
        to: end,
        base: hunk.base,
        proposed: hunk.proposed,
        show,
        instruction: suggestion.instruction,
        note: note ?? null,
      })
    }
  }
  return placed.sort((a, b) => a.from - b.from || a.to - b.to)
}

export function sameHunk(a: PlacedHunk, b: PlacedHunk): boolean {
  return (
    a.hunk === b.hunk &&
    a.from === b.from &&
    a.to === b.to &&
    a.show === b.show &&
    a.base === b.base &&
    a.proposed === b.proposed &&
    a.note?.revision === b.note?.revision
  )
}

/**
 * How a change is drawn. `lines`: whole lines give way to whole lines, shown as a block below (or, with nothing to
 * replace, where they will stand). `inline`: anything within lines.
 */
export interface Drawing {
  layout: 'lines' | 'inline'
  /** What of the text gives way. */
  from: number
  to: number
  /** Where the new text is drawn, and on which side of that position. */
  at: number
  side: -1 | 1
  /** The new text as drawn; a block has its line breaks around it anyway. */
  text: string
}

interface Lines {
  lineAt(position: number): { from: number; to: number; text: string }
}

export function drawingOf(
  doc: Lines,
  { from, to, base, proposed, show }: Pick<PlacedHunk, 'from' | 'to' | 'base' | 'proposed' | 'show'>,
): Drawing {
  const inline: Drawing = { layout: 'inline', from, to, at: to, side: 1, text: proposed }
  const lines = (at: number, side: -1 | 1, text: string): Drawing => ({ layout: 'lines', from, to, at, side, text })
  const first = doc.lineAt(from)
  if (base === '') {
    if (from === first.from && proposed.endsWith('\n')) return lines(from, -1, proposed.slice(0, -1))
    if (from === first.to && proposed.startsWith('\n')) return lines(from, 1, proposed.slice(1))
    return inline
  }
  const last = doc.lineAt(to)
  const withBreak = base.endsWith('\n')
  // While it streams, the last line break is still to come; drawing it in the line until then would make it jump.
  const unfinished = withBreak && show === 'streaming'
  if (from === first.from && (proposed === '' || proposed.endsWith('\n') === withBreak || unfinished)) {
    if (withBreak) return lines(to - 1, 1, proposed.replace(/\n$/, ''))
    if (last.to === to) return lines(to, 1, proposed)
  }
  // New text behind the last of several lines would seem to belong to that one alone.
  if (base.trim() === '' || proposed === '' || !base.includes('\n')) return inline
  const text = first.text.slice(0, from - first.from) + proposed + last.text.slice(to - last.from)
  return { layout: 'lines', from: first.from, to: last.to, at: last.to, side: 1, text }
}
