import type { ReplacedFile } from '../api/search'
import { formatCount, plural } from '../lib/format'
import { baseName } from '../lib/paths'
import { type Results, shownCount } from './results'

const matches = (count: number) => `${formatCount(count)} ${count === 1 ? 'match' : 'matches'}`

/** How much was found. */
export function countInWords(results: Results): string {
  const { count, inFiles, whole } = results
  if (count === 0) return whole ? 'Nothing was found.' : 'Nothing was found before looking took too long.'
  if (!whole) return `More than ${formatCount(count)} matches. Ask for something more particular.`
  const shown = shownCount(results)
  const of = shown < count ? ` The first ${formatCount(shown)} are shown.` : ''
  return `${matches(count)} in ${plural(inFiles, 'file')}.${of}`
}

/** What the button says that replaces. */
export function replaceLabel(count: number, replacement: string): string {
  if (count === 0) return 'Replace'
  return `Replace ${formatCount(count)}${replacement === '' ? ' with nothing' : ''}`
}

/** What came of replacing. */
export function outcomeInWords(outcome: readonly ReplacedFile[]): { title: string; detail: string } {
  const done = outcome.filter(({ replaced }) => replaced.length > 0)
  const count = done.reduce((sum, { replaced }) => sum + replaced.length, 0)
  const changed = outcome.reduce((sum, file) => sum + file.changed.length, 0)
  const refused = outcome.filter(({ problem }) => problem !== null)
  const files = new Set(done.map(({ document }) => document)).size
  const title = count === 0 ? 'Nothing was replaced' : `${matches(count)} replaced in ${plural(files, 'file')}`
  const alone = changed === 0 ? '' : `${matches(changed)} left alone: somebody has changed the text there.`
  const [first] = refused
  const why =
    first === undefined
      ? ''
      : refused.length === 1
        ? `${first.path === null ? 'One file' : `“${baseName(first.path)}”`} was left alone: ${first.problem ?? ''}`
        : `${refused.length} files were left alone. ${first.problem ?? ''}`
  const back = count === 0 ? '' : 'What was there is kept in the history of each file.'
  return { title, detail: [alone, why, back].filter(Boolean).join(' ') }
}
