import type { PlacedHunk } from './placement'

/** Lines from one note to the next within which the two stand together: a blank one may be between them. */
const near = 2

export interface Noted {
  placed: PlacedHunk
  /** The line at whose end its note stands. */
  line: number
}

/** Notes in the order of the text, those of one suggestion on neighbouring lines taken together. */
export function noteGroups(notes: readonly Noted[]): Noted[][] {
  const groups: Noted[][] = []
  for (const note of notes) {
    const group = groups.findLast(([first]) => first?.placed.suggestion === note.placed.suggestion)
    const last = group?.at(-1)
    if (group !== undefined && last !== undefined && note.line - last.line <= near) group.push(note)
    else groups.push([note])
  }
  return groups
}

/** "3 accepted by Ann, 1 rejected by Ann"; of a lone one without the number, unless it stands beside others. */
export function notesInWords(
  notes: readonly { state: string; by: { name: string } }[],
  counted = notes.length !== 1,
): string {
  const counts = new Map<string, number>()
  for (const { state, by } of notes) {
    const key = `${state} by ${by.name}`
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return [...counts].map(([what, count]) => (counted ? `${count} ${what}` : what)).join(', ')
}
