import type { PlacedHunk } from './placement'

const LONGEST = 60

const inOneLine = (text: string) => text.trim().replace(/\s+/g, ' ')

const short = (line: string) => (line.length > LONGEST ? `${line.slice(0, LONGEST - 1)}…` : line)

function blanks(text: string): string {
  const lines = text.split('\n').length - 1
  if (lines > 0) return lines === 1 ? 'a line break' : `${lines} line breaks`
  const kind = text.includes('\t') ? 'tab' : 'space'
  return text.length === 1 ? `a ${kind}` : `${text.length} ${kind}s`
}

const quoted = (text: string) => (text.trim() === '' ? blanks(text) : `“${short(inOneLine(text))}”`)

/** The change in words, for those who do not see the colours. */
export function hunkInWords({ mode, base, proposed }: Pick<PlacedHunk, 'mode' | 'base' | 'proposed'>): string {
  if (mode === 'write') return 'what the assistant wrote'
  if (base === '') return `insert ${quoted(proposed)}`
  if (proposed === '') return `delete ${quoted(base)}`
  if (base.trim() !== '' && inOneLine(base) === inOneLine(proposed)) return `change the spacing of ${quoted(base)}`
  return `replace ${quoted(base)} by ${quoted(proposed)}`
}
