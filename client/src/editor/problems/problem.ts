import type { ChangeDesc, Text } from '@codemirror/state'

export type Severity = 'error' | 'warning' | 'info'

export interface FixEdit {
  start: number
  end: number
  text: string
}

export interface Fix {
  message: string
  edits: readonly FixEdit[]
}

/** What is wrong with a place in a text, as `POST …/diagnostics` tells it. Positions are UTF-16 code units. */
export interface Problem {
  start: number
  end: number
  severity: Severity
  message: string
  source: string
  code?: string | null
  url?: string | null
  fixes?: readonly Fix[]
}

export const mostProblems = 200

/** A problem in the text as it has become since it was checked; null where what it is about was taken away. */
export function carried(problem: Problem, changes: ChangeDesc, length: number): Problem | null {
  const start = changes.mapPos(Math.min(problem.start, changes.length), 1)
  const end = changes.mapPos(Math.min(problem.end, changes.length), -1)
  if (end < start || (end === start && problem.end > problem.start)) return null
  return { ...problem, start, end: Math.min(end, length) }
}

/**
 * The edits of a fix in the text as it is now, as changes of an editor; null when what they were meant for has been
 * written anew since, by whomever.
 */
export function fixNow(fix: Fix, checked: Text, now: Text, changes: ChangeDesc) {
  const edits: { from: number; to: number; insert: string }[] = []
  for (const { start, end, text } of fix.edits) {
    if (end > checked.length) return null
    const from = changes.mapPos(start, 1)
    const to = start === end ? from : changes.mapPos(end, -1)
    if (to < from || now.sliceString(from, to) !== checked.sliceString(start, end)) return null
    edits.push({ from, to, insert: text })
  }
  return edits
}

export type Counts = Readonly<Record<Severity, number>>

export const noProblems: Counts = { error: 0, warning: 0, info: 0 }

export function counted(problems: readonly { severity: string }[]): Counts {
  const count = (severity: Severity) => problems.filter((one) => one.severity === severity).length
  return { error: count('error'), warning: count('warning'), info: count('info') }
}

/** "2 errors, 1 warning"; what is least is left out next to anything worse. */
export function countsInWords({ error, warning, info }: Counts): string {
  const some = (number: number, one: string, many: string) =>
    number === 0 ? [] : [`${number} ${number === 1 ? one : many}`]
  const worse = [...some(error, 'error', 'errors'), ...some(warning, 'warning', 'warnings')]
  return [...worse, ...some(info, 'hint', 'hints')].join(', ')
}
