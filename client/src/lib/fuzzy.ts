import { baseName } from './paths'

const isBoundary = (sign: string | undefined) => sign === undefined || /[\s/._\-()[\]]/.test(sign)

/**
 * How well the letters of `query` stand in this order in `text`; both in lower case. Null when they do not, and more
 * is better: runs of letters and beginnings of words count most.
 */
function score(text: string, query: string): number | null {
  const whole = text.indexOf(query)
  if (whole >= 0) return 100 + query.length * 4 - whole * 0.1 + (isBoundary(text[whole - 1]) ? 40 : 0)
  let at = -1
  let points = 0
  for (const letter of query) {
    const next = text.indexOf(letter, at + 1)
    if (next < 0) return null
    points += next === at + 1 ? 4 : isBoundary(text[next - 1]) ? 3 : -Math.min(2, (next - at) * 0.1)
    at = next
  }
  return points
}

/** Paths in lower case beside themselves, made once for many searches. */
export type Searchable = readonly { path: string; name: string; whole: string }[]

export const searchable = (paths: Iterable<string>): Searchable =>
  [...paths].map((path) => ({ path, name: baseName(path).toLowerCase(), whole: path.toLowerCase() }))

/** The paths that fit best, at most `most`, the best first. A name that fits beats a folder that does. */
export function bestPaths(paths: Searchable, query: string, most: number): string[] {
  const wanted = query.trim().toLowerCase().replace(/\s+/g, '')
  const found: { path: string; points: number }[] = []
  for (const { path, name, whole } of paths) {
    const byName = wanted === '' ? 0 : score(name, wanted)
    const points = byName === null ? score(whole, wanted) : byName + 60
    if (points !== null) found.push({ path, points: points - path.length * 0.01 })
  }
  return found
    .sort((a, b) => b.points - a.points || a.path.localeCompare(b.path))
    .slice(0, most)
    .map(({ path }) => path)
}
