import type { Text } from '@codemirror/state'
import type { Match } from '../api/search'
import { createStore } from '../lib/store'

/** A match that somebody wants to see in its text. */
export interface Destination {
  readonly document: string
  readonly match: Match
  /** Whether the text takes the focus. */
  readonly enter: boolean
}

/** Until the text is there. */
export const destination = createStore<Destination | null>(null)

/** Characters of a line that are shown; of a longer one a part of so many, with "…" where something is left out. */
const whole = 300

/** Whether a line is the one in which a match was found, as far as that one was shown. */
function isLineOf({ text, start, column }: Match, line: string): boolean {
  if (line.length <= whole && text.length <= whole) return line === text
  const cut = text.startsWith('…') && column >= start
  const part = text.slice(cut ? 1 : 0, text.endsWith('…') ? -1 : undefined)
  return line.startsWith(part, column - start + (cut ? 1 : 0))
}

/** Where a match is in a text by now, looked for near the line where it was; null when its line has changed. */
export function locate(doc: Text, match: Match): { from: number; to: number } | null {
  const farthest = Math.max(doc.lines, match.line)
  for (let away = 0; away < farthest; away += 1) {
    for (const number of away === 0 ? [match.line] : [match.line - away, match.line + away]) {
      if (number < 1 || number > doc.lines) continue
      const line = doc.line(number)
      if (!isLineOf(match, line.text)) continue
      const from = line.from + match.column
      return { from, to: from + match.length }
    }
  }
  return null
}

/** What to show where a match was whose line has changed: the same words in that line, or where it begins. */
export function nearby(doc: Text, match: Match): { from: number; to: number } {
  const line = doc.line(Math.min(match.line, doc.lines))
  const words = match.text.slice(match.start, match.end)
  const at = line.text.indexOf(words)
  return at < 0 ? { from: line.from, to: line.from } : { from: line.from + at, to: line.from + at + words.length }
}
