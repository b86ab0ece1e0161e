import type { Dimension, FigureGroup, FigureSet } from '../api/types'
import { formatMoney, formatPercent, formatSeconds, plural } from '../lib/format'

/** Of fewer decisions a percentage would promise more than it knows. */
const few = 5
/** Of fewer answers the slowest one in twenty is nobody. */
const fewAnswers = 20

export const dimensions: readonly (readonly [Dimension, string])[] = [
  ['kind', 'By kind'],
  ['model', 'By model'],
  ['language', 'By language'],
  ['person', 'By who asked'],
]

const kinds: Record<string, string> = {
  edit: 'Edits',
  write: 'Texts written',
  chat: 'Conversations',
  completion: 'Completions',
  notice: 'Notices',
}

const unknown: Record<Dimension, string> = {
  kind: 'Before figures were kept',
  model: 'Before figures were kept',
  language: 'Other files, or none',
  person: 'Before figures were kept',
}

export function groupName(by: Dimension, { key, name }: FigureGroup): string {
  if (key === null) return unknown[by]
  switch (by) {
    case 'kind':
      return kinds[key] ?? key
    case 'model':
      return key === 'local' ? 'Built-in assistant' : key
    case 'language':
      return key.charAt(0).toUpperCase() + key.slice(1)
    case 'person':
      return name ?? 'Somebody who is gone'
  }
}

export interface Told {
  /** The figure itself, or null where there is none. */
  value: string | null
  /** What it was made of. */
  of: string
}

export function acceptance({ decisions }: FigureSet): Told {
  const decided = decisions.accepted + decisions.rejected
  if (decisions.acceptance === null) return { value: null, of: 'Nothing has been accepted or rejected.' }
  const value = decided < few ? `${decisions.accepted} of ${decided}` : formatPercent(decisions.acceptance)
  const of = decided < few ? 'accepted' : `${decisions.accepted} of ${plural(decided, 'decision')}`
  return { value, of: decisions.taken_back === 0 ? of : `${of}, ${decisions.taken_back} undone later` }
}

export function kept({ kept: { quiet, after_30s: soon, after_10min: late } }: FigureSet): Told {
  if (late.rate === null) {
    const seen = soon.count > 0 || quiet.count > 0
    return { value: null, of: seen ? 'No accepted text is 10 minutes old.' : 'No accepted text was looked at again.' }
  }
  return { value: formatPercent(late.rate), of: `of ${plural(late.count, 'accepted text')}, 10 minutes later` }
}

export function firstWords({ first_token: { count, p50, p95 } }: FigureSet): Told {
  if (p50 === null || p95 === null) return { value: null, of: 'Nothing has been answered.' }
  const slow = count < fewAnswers ? '' : `; 19 of 20 begin within ${formatSeconds(p95)}`
  return { value: formatSeconds(p50), of: `median of ${plural(count, 'answer')}${slow}` }
}

export function costs({ cost }: FigureSet): string | null {
  return cost.length === 0 ? null : cost.map(({ amount, currency }) => formatMoney(amount, currency)).join(' + ')
}

const endings: readonly (readonly [string, string])[] = [
  ['failed', 'failed'],
  ['stopped', 'stopped by people'],
  ['length', 'cut off as too long'],
  ['filtered', 'filtered'],
  ['budget', 'cut off by the budget'],
  ['lost', 'lost with a process'],
]

/** How many requests there were, and what became of those that did not simply end. */
export function calls({ calls: { count, ended } }: FigureSet): string {
  const others = endings.filter(([name]) => ended[name]).map(([name, words]) => `${ended[name] ?? 0} ${words}`)
  return [plural(count, 'request'), ...others].join(', ')
}

/** Whether there is anything to tell. */
export const isEmpty = ({ calls: { count }, decisions }: FigureSet) =>
  count + decisions.accepted + decisions.rejected + decisions.ignored + decisions.stale === 0
