/** Finding names by a few of their letters, typed in their order. */

/** Something to be found, prepared once for many searches. */
export interface Entry {
  readonly text: string
  /** `text` in lower case and without accents, of the same length. */
  readonly folded: string
  /** Which letters there are in it, as bits, to pass over most entries at once. */
  readonly letters: number
  /** Where in `text` its name is, which counts for more than what stands around it. */
  readonly name: readonly [from: number, to: number]
}

export type Searchable = readonly Entry[]

export interface Found {
  /** Which of the entries. */
  readonly at: number
  /** Where in its text the letters are. */
  readonly marks: readonly number[]
}

const longestQuery = 64

// What a letter is worth that continues a run, that begins a word or a part of aWord; and what leaving out letters
// costs. A run beats as many beginnings of words; best is to be how the whole begins.
const points = { letter: 1, run: 7, wordStart: 8, humpStart: 6, beginning: 6, gap: 2 }

/** Worse than any score, and far from the end of its numbers. */
const impossible = -1_000_000

const isSeparator = (sign: string) => /[\s/._\-()[\]:]/.test(sign)

function foldSign(sign: string): string {
  const [base = sign, ...rest] = sign.normalize('NFD')
  const plain = rest.length > 0 && rest.every((mark) => /\p{M}/u.test(mark)) ? base : sign
  const lower = plain.toLowerCase()
  return lower.length === sign.length ? lower : sign
}

/** In lower case and without accents; each sign stays where it is. */
export function fold(text: string): string {
  // eslint-disable-next-line no-control-regex
  return /^[\u0000-\u007f]*$/.test(text) ? text.toLowerCase() : Array.from(text, foldSign).join('')
}

function lettersOf(folded: string): number {
  let bits = 0
  for (let at = 0; at < folded.length; at += 1) bits |= 1 << (folded.charCodeAt(at) & 31)
  return bits
}

export function entry(text: string, name: Entry['name']): Entry {
  const folded = fold(text)
  return { text, folded, letters: lettersOf(folded), name }
}

/** Paths, whose names are what follows the last slash. */
export const searchable = (paths: Iterable<string>): Searchable =>
  Array.from(paths, (path) => entry(path, [path.lastIndexOf('/') + 1, path.length]))

function isIn(folded: string, query: string, from: number, to: number): boolean {
  let at = from - 1
  for (let nth = 0; nth < query.length; nth += 1) {
    at = folded.indexOf(query.charAt(nth), at + 1)
    if (at < 0 || at >= to) return false
  }
  return true
}

/** What it is worth to begin at this place in the text. */
function startPoints(text: string, at: number): number {
  if (at === 0 || isSeparator(text.charAt(at - 1))) return points.wordStart
  const before = text.charAt(at - 1)
  const sign = text.charAt(at)
  return sign !== sign.toLowerCase() && before === before.toLowerCase() ? points.humpStart : 0
}

// Two tables for all searches, with a row for each letter of the query: the points of the best way that places it
// here, and where that way places the letter before.
let table = new Int32Array(4096)
let ways = new Int16Array(4096)

/** Places the letters of `query` between `from` and `to` in the best way. */
function align({ text, folded }: Entry, query: string, from: number, to: number): { points: number; end: number } {
  const width = to - from
  if (table.length < width * query.length) {
    table = new Int32Array(width * query.length * 2)
    ways = new Int16Array(width * query.length * 2)
  }
  let best = { points: impossible, end: -1 }
  for (let nth = 0; nth < query.length; nth += 1) {
    const letter = query.charCodeAt(nth)
    const row = nth * width
    // The best way to place the letters before, with at least one sign between.
    let apart = nth === 0 ? points.gap : impossible
    let apartAt = -1
    let [most, end] = [impossible, -1]
    for (let at = 0; at < width; at += 1) {
      const beside = nth === 0 || at === 0 ? impossible : (table[row - width + at - 1] ?? impossible)
      let here = impossible
      if (folded.charCodeAt(from + at) === letter) {
        const start = startPoints(text, from + at)
        const run = beside + Math.max(points.run, start)
        const jump = apart - points.gap + start
        here = points.letter + Math.max(run, jump)
        ways[row + at] = run >= jump ? at - 1 : apartAt
      }
      table[row + at] = here
      if (here > most) [most, end] = [here, at]
      if (beside > apart) [apart, apartAt] = [beside, at - 1]
    }
    best = { points: most, end }
  }
  return best
}

function trace(query: string, width: number, end: number): number[] {
  const marks: number[] = []
  let at = end
  for (let nth = query.length - 1; nth >= 0; nth -= 1) {
    marks.unshift(at)
    at = ways[nth * width + at] ?? -1
  }
  return marks
}

/** The part of the text where the query is looked for: its name if that has the letters, else all of it, or nothing. */
function partWith({ folded, name: [from, to] }: Entry, query: string): readonly [from: number, to: number] | null {
  if (isIn(folded, query, from, to)) return [from, to]
  return isIn(folded, query, 0, folded.length) ? [0, folded.length] : null
}

const isName = ({ name }: Entry, part: readonly number[]) => part[0] === name[0] && part[1] === name[1]

/** So much that whatever fits the name comes before whatever fits only the text around it. */
const namePoints = 10_000

export interface Ranked {
  /** The best ones, the best first. */
  readonly found: readonly Found[]
  /** How many fit. */
  readonly count: number
}

interface Scored {
  readonly at: number
  readonly points: number
}

/** Puts one into its place among the best, of which there are never more than `most`. */
function keep(best: Scored[], most: number, one: Scored): void {
  const last = best.at(-1)
  if (best.length === most && last !== undefined && one.points <= last.points) return
  const place = best.findIndex(({ points }) => points < one.points)
  best.splice(place < 0 ? best.length : place, 0, one)
  if (best.length > most) best.pop()
}

function score(one: Entry, query: string): number | null {
  const length = one.text.length * 0.01
  if (query === '') return -length
  const part = partWith(one, query)
  if (part === null) return null
  const beginning = one.folded.startsWith(query, part[0]) ? points.beginning : 0
  return align(one, query, ...part).points + beginning - length + (isName(one, part) ? namePoints : 0)
}

function marksIn(one: Entry, query: string): number[] {
  const part = query === '' ? null : partWith(one, query)
  if (part === null) return []
  const { end } = align(one, query, ...part)
  return trace(query, part[1] - part[0], end).map((at) => at + part[0])
}

/**
 * The entries that fit best, at most `most`: a name that fits before what stands around one, a short text before a long
 * one, and then in the order in which they are given. What it costs grows with the number of entries and no faster.
 */
export function rank(entries: Searchable, typed: string, most: number): Ranked {
  const query = fold(typed.normalize('NFC').replace(/\s+/g, '')).slice(0, longestQuery)
  const letters = lettersOf(query)
  const best: Scored[] = []
  let count = 0
  entries.forEach((one, at) => {
    const points = (one.letters & letters) === letters ? score(one, query) : null
    if (points === null) return
    count += 1
    keep(best, most, { at, points })
  })
  const found = best.map(({ at }) => ({ at, marks: entries[at] === undefined ? [] : marksIn(entries[at], query) }))
  return { found, count }
}

/** The paths that fit best, at most `most`, the best first. */
export const bestPaths = (paths: Searchable, query: string, most: number): string[] =>
  rank(paths, query, most).found.flatMap(({ at }) => paths[at]?.text ?? [])
