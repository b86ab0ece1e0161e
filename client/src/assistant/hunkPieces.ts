/** Replace `base`, found from `from` to `to`, by `proposed`. */
export interface Piece {
  from: number
  to: number
  base: string
  proposed: string
}

/** Whether one of two lines is the other with something added at its beginning or at its end. */
function extend(a: string, b: string): boolean {
  const [short, long] = a.length < b.length ? [a, b] : [b, a]
  return long.startsWith(short) || long.endsWith(short)
}

/** Any line extends a blank one, which tells something only where all lines are alike. */
const tells = (a: string, b: string) => (a.trim() === '') === (b.trim() === '')

/** The difference between two lines of which one extends the other, or nothing. */
function added(from: number, before: string, after: string): Piece[] {
  if (before === after) return []
  if (after.startsWith(before)) {
    const end = from + before.length
    return [{ from: end, to: end, base: '', proposed: after.slice(before.length) }]
  }
  if (after.endsWith(before)) {
    return [{ from, to: from, base: '', proposed: after.slice(0, after.length - before.length) }]
  }
  const atEnd = before.startsWith(after)
  const base = atEnd ? before.slice(after.length) : before.slice(0, before.length - after.length)
  const start = atEnd ? from + after.length : from
  return [{ from: start, to: start + base.length, base, proposed: '' }]
}

/**
 * The same change cut at the line ends that stay, as far as lines at its beginning and its end are only extended or cut
 * short: a block that is moved to the right, or what is added at the end of one line and the beginning of another.
 */
export function hunkPieces({ from, to, base, proposed }: Piece): Piece[] {
  const before = base.split('\n')
  const after = proposed.split('\n')
  const most = Math.min(before.length, after.length)
  const alike = before.length === after.length && before.every((line, at) => extend(line, after[at] ?? ''))
  const pair = (index: number) => {
    const [a, b] = [before.at(index) ?? '', after.at(index) ?? '']
    return extend(a, b) && (alike || tells(a, b))
  }
  let top = 0
  while (top < most && pair(top)) top += 1
  let bottom = 0
  while (bottom < most - top && pair(-1 - bottom)) bottom += 1
  if (most < 2 || top + bottom === 0) return [{ from, to, base, proposed }]

  const starts: number[] = [from]
  for (const line of before) starts.push((starts.at(-1) ?? from) + line.length + 1)
  const start = (index: number) => starts[index] ?? to
  const lines = (first: number, last: number, shift: number) =>
    before.slice(first, last).flatMap((line, at) => added(start(first + at), line, after[first + at + shift] ?? ''))

  const old = before.slice(top, before.length - bottom)
  const fresh = after.slice(top, after.length - bottom)
  const middle: Piece[] = []
  // Where lines only come or go, one line end comes or goes with them: the one behind, or else the one before.
  const alone = old.length === 0 || fresh.length === 0
  if (old.length + fresh.length > 0) {
    const write = (some: string[]) =>
      some.length === 0 || !alone ? some.join('\n') : bottom > 0 ? `${some.join('\n')}\n` : `\n${some.join('\n')}`
    const at = start(top) - (alone && bottom === 0 ? 1 : 0)
    middle.push({ from: at, to: at + write(old).length, base: write(old), proposed: write(fresh) })
  }
  return [...lines(0, top, 0), ...middle, ...lines(before.length - bottom, before.length, after.length - before.length)]
}
