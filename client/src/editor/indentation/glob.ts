/**
 * Globs as EditorConfig defines them. A glob is somebody's text, so it is matched by all places at once and never by
 * trying: no pattern takes longer than its length times that of the path.
 */

type Piece =
  | { is: 'letter'; letter: string }
  | { is: 'any'; crossing: boolean; many: boolean }
  | { is: 'set'; letters: string; not: boolean }
  | { is: 'numbers'; from: number; to: number }
  | { is: 'choice'; choices: Piece[][] }

/** The places in a path up to which something fits. */
type Places = Uint8Array

const longest = 4_096
const deepest = 20

/** A test for paths without a leading slash; null for a glob that is longer than any sensible one. */
export function compileGlob(glob: string): ((path: string) => boolean) | null {
  if (glob.length > longest) return null
  const rooted = glob.replace(/^\//, '')
  // A glob without a slash is meant in every folder.
  const whole = glob.includes('/') ? rooted : `**/${rooted}`
  const pieces = new Reader(whole).sequence(0)
  return (path) => {
    const start = new Uint8Array(path.length + 1)
    start[0] = 1
    return follow(pieces, start, path)[path.length] === 1
  }
}

/** Where the braces end that begin at a place; of those that are never closed nothing is known. */
function pairs(glob: string): ReadonlyMap<number, number> {
  const open: number[] = []
  const found = new Map<number, number>()
  for (let at = 0; at < glob.length; at += 1) {
    const sign = glob.charAt(at)
    if (sign === '\\') at += 1
    else if (sign === '{') open.push(at)
    else if (sign === '}') {
      const began = open.pop()
      if (began !== undefined) found.set(began, at)
    }
  }
  return found
}

class Reader {
  private at = 0
  private readonly braceEnds: ReadonlyMap<number, number>

  constructor(private readonly glob: string) {
    this.braceEnds = pairs(glob)
  }

  /** Up to the end, or inside of braces up to what ends a choice. */
  sequence(depth: number): Piece[] {
    const pieces: Piece[] = []
    while (this.at < this.glob.length) {
      const sign = this.glob.charAt(this.at)
      if (depth > 0 && (sign === ',' || sign === '}')) break
      this.at += 1
      pieces.push(...this.piece(sign, depth))
    }
    return pieces
  }

  private piece(sign: string, depth: number): Piece[] {
    switch (sign) {
      case '\\':
        if (this.at >= this.glob.length) return [letter('\\')]
        return [letter(this.glob.charAt(this.at++))]
      case '?':
        return [{ is: 'any', crossing: false, many: false }]
      case '*':
        return this.stars()
      case '[':
        return [this.set() ?? letter('[')]
      case '{':
        return this.braces(depth)
      default:
        return [letter(sign)]
    }
  }

  private stars(): Piece[] {
    if (this.glob.charAt(this.at) !== '*') return [{ is: 'any', crossing: false, many: true }]
    this.at += 1
    const many: Piece = { is: 'any', crossing: true, many: true }
    // "**/" is also no folder at all.
    const before = this.at - 3
    if (this.glob.charAt(this.at) !== '/' || (before >= 0 && this.glob.charAt(before) !== '/')) return [many]
    this.at += 1
    return [{ is: 'choice', choices: [[], [many, letter('/')]] }]
  }

  private set(): Piece | null {
    const end = this.glob.indexOf(']', this.at + 1)
    const inside = end < 0 ? '' : this.glob.slice(this.at, end)
    if (inside === '' || inside.includes('/')) return null
    this.at = end + 1
    const not = inside.startsWith('!')
    const letters = (not ? inside.slice(1) : inside).replace(/\\(.)/g, '$1')
    return { is: 'set', letters, not }
  }

  private braces(depth: number): Piece[] {
    const numbers = /^([+-]?\d{1,9})\.\.([+-]?\d{1,9})\}/.exec(this.glob.slice(this.at, this.at + 32))
    if (numbers !== null) {
      this.at += numbers[0].length
      const [a, b] = [Number(numbers[1]), Number(numbers[2])]
      return [{ is: 'numbers', from: Math.min(a, b), to: Math.max(a, b) }]
    }
    // Not closed, or deeper than anybody means it: a brace like any letter.
    if (!this.braceEnds.has(this.at - 1) || depth >= deepest) return [letter('{')]
    const choices = [this.sequence(depth + 1)]
    while (this.glob.charAt(this.at) === ',') {
      this.at += 1
      choices.push(this.sequence(depth + 1))
    }
    this.at += 1
    // A single word in braces is meant with them.
    const [only = []] = choices
    return choices.length > 1 ? [{ is: 'choice', choices }] : [letter('{'), ...only, letter('}')]
  }
}

const letter = (sign: string): Piece => ({ is: 'letter', letter: sign })

function follow(pieces: readonly Piece[], from: Places, path: string): Places {
  let places = from
  for (const piece of pieces) {
    if (!places.includes(1)) break
    places = step(piece, places, path)
  }
  return places
}

function step(piece: Piece, from: Places, path: string): Places {
  const to = new Uint8Array(from.length)
  switch (piece.is) {
    case 'choice':
      for (const choice of piece.choices) follow(choice, from, path).forEach((fits, at) => (to[at] ||= fits))
      return to
    case 'any': {
      let reached = false
      for (let at = 0; at < to.length; at += 1) {
        const passes = at > 0 && (piece.crossing || path.charAt(at - 1) !== '/')
        if (piece.many) {
          reached = from[at] === 1 || (reached && passes)
          if (reached) to[at] = 1
        } else if (passes && from[at - 1] === 1) to[at] = 1
      }
      return to
    }
    case 'numbers':
      for (let at = 0; at < from.length; at += 1) {
        if (from[at] !== 1) continue
        const digits = /^[+-]?(?:0|[1-9]\d{0,9})/.exec(path.slice(at, at + 12))?.[0] ?? ''
        for (let end = 1; end <= digits.length; end += 1) {
          const number = Number(digits.slice(0, end))
          if (number >= piece.from && number <= piece.to) to[at + end] = 1
        }
      }
      return to
    default:
      for (let at = 0; at + 1 < from.length; at += 1) {
        if (from[at] === 1 && fits(piece, path.charAt(at))) to[at + 1] = 1
      }
      return to
  }
}

function fits(piece: Piece & { is: 'letter' | 'set' }, sign: string): boolean {
  if (piece.is === 'letter') return piece.letter === sign
  if (sign === '/') return false
  return holds(piece.letters, sign) !== piece.not
}

function holds(letters: string, sign: string): boolean {
  for (let at = 0; at < letters.length; at += 1) {
    const [first, last] = [letters.charAt(at), letters.charAt(at + 2)]
    if (letters.charAt(at + 1) === '-' && last !== '') {
      if (first <= sign && sign <= last) return true
      at += 2
    } else if (first === sign) return true
  }
  return false
}
