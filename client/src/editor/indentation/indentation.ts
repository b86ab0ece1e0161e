import { baseName, extension } from '../../lib/paths'
import type { EditorConfig } from './editorConfig'

/** How one level is written. */
export interface Indentation {
  style: 'tab' | 'space'
  /** Columns of one level. */
  size: number
  /** Columns of a tab. */
  tabWidth: number
  /** Who says so. */
  from: 'editorconfig' | 'text' | 'kind'
}

/** Lines that are looked at. */
const most = 2_000

const fours = new Set(['py', 'pyi', 'rs', 'java', 'kt', 'c', 'h', 'cc', 'cpp', 'hpp', 'cs', 'php', 'swift', 'sql'])

/** How a text is indented that does not tell by itself. */
function usual(path: string): Pick<Indentation, 'style' | 'size'> {
  const kind = extension(path)
  if (kind === 'go' || kind === 'mk' || /^(gnu)?makefile$/i.test(baseName(path))) return { style: 'tab', size: 4 }
  return { style: 'space', size: fours.has(kind) ? 4 : 2 }
}

/** How the lines of a text are indented, by their own evidence; null where there is none. */
export function detectIndentation(lines: Iterable<string>): Pick<Indentation, 'style' | 'size'> | null {
  let tabs = 0
  let spaces = 0
  let before = 0
  let seen = 0
  const steps = new Map<number, number>()
  for (const line of lines) {
    if ((seen += 1) > most) break
    const blank = /^[\t ]*/.exec(line)?.[0] ?? ''
    if (blank.length === line.length) continue
    if (blank.startsWith('\t')) {
      tabs += 1
      continue
    }
    // One space goes in front of the stars of a comment, and of what is aligned.
    if (blank.length > 1) spaces += 1
    const step = Math.abs(blank.length - before)
    before = blank.length
    if (step >= 2 && step <= 8) steps.set(step, (steps.get(step) ?? 0) + 1)
  }
  if (tabs === 0 && spaces === 0) return null
  if (tabs >= spaces) return { style: 'tab', size: 4 }
  const [size] = [...steps].sort(([a, times], [b, otherTimes]) => otherTimes - times || a - b)[0] ?? [null]
  return size === null ? null : { style: 'space', size }
}

/** What counts for a text: its `.editorconfig`, then itself, then what is usual for its kind. */
export function indentationOf(path: string, config: EditorConfig, lines: Iterable<string>): Indentation {
  const detected = detectIndentation(lines)
  const own = detected ?? usual(path)
  const style = config.style ?? own.style
  const alike = style === own.style ? own.size : style === 'tab' ? 4 : usual(path).size
  const size = config.size ?? (style === 'tab' ? config.tabWidth : undefined) ?? alike
  const isSaid = config.style !== undefined || config.size !== undefined
  return {
    style,
    size,
    tabWidth: config.tabWidth ?? (style === 'tab' ? size : 4),
    from: isSaid ? 'editorconfig' : detected === null ? 'kind' : 'text',
  }
}

/** In words, for the line below the text. */
export const inWords = ({ style, size, tabWidth }: Indentation): string =>
  style === 'tab' ? `Tabs, ${tabWidth} wide` : `${size} ${size === 1 ? 'space' : 'spaces'}`
