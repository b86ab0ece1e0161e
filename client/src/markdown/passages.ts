/** From where up to where, in UTF-16 code units. */
export type Passage = readonly [from: number, to: number]

/** Longer ones are looked for no more. */
export const longest = 2_000

/** What Markdown may have between two letters that stand beside each other when it is read. */
const marks = String.raw`(?:\]\([^)\n]{0,500}\)|[*_~\x60\\\[\]])*`
/** The same where words are parted: lines begin with marks of lists, quotations and headings, cells of tables with a bar. */
const gap = String.raw`(?:\]\([^)\n]{0,500}\)|[*_~\x60\\\[\]>#|+!:-]|\d+[.)]\s)*\s(?:\]\([^)\n]{0,500}\)|[*_~\x60\\\[\]>#|+!:\s-]|\d+[.)]\s)*`

/** How signs may be written that are set as others. */
const alike: readonly (readonly [RegExp, string])[] = [
  [/^["“”„«»]$/, '["“”„«»]'],
  [/^['‘’‚]$/, "['‘’‚]"],
  [/^—$/, '(?:—|---)'],
  [/^–$/, '(?:–|--)'],
  [/^…$/, String.raw`(?:…|\.{3,})`],
]

const pattern = (letter: string) =>
  alike.find(([sign]) => sign.test(letter))?.[1] ?? letter.replace(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`)

const typed: Record<string, string> = { '---': '—', '--': '–', '...': '…' }

/** At the beginning of lines. */
const lead = /^[ \t]*(?:>[ \t]?|[-*+][ \t]+(?:\[[ xX]\][ \t]+)?|\d{1,9}[.)][ \t]+|#{1,6}[ \t]+)+/gm

/** In this order: what is read as it stands, links and what a piece has of one, marks, and signs that are set as others. */
const inline = new RegExp(
  [
    String.raw`\x60(?<code>[^\x60\n]{1,500})\x60`,
    String.raw`\\(?<escaped>[!-/:-@[-\x60{-~])`,
    String.raw`(?<kept>\s\*(?=\s)|\[[^[\]*_~\x60\\|\n]{0,100}\](?![([])|(?<=[\p{L}\p{N}_])_+(?=[\p{L}\p{N}_]))`,
    String.raw`\](?:\([^)\n]{0,500}\)|\[[^[\]\n]{0,500}\])`,
    String.raw`(?<typed>---?|\.\.\.)`,
    String.raw`!(?=\[)|~~|[*_\x60\\|[\]]`,
  ].join('|'),
  'gu',
)

interface Groups {
  code?: string
  escaped?: string
  kept?: string
  typed?: string
}

/** Without what Markdown has that is not read. The piece may begin and end within what is marked. */
export const asRead = (source: string): string =>
  source.replace(lead, '').replace(inline, (...match: unknown[]) => {
    const groups = match.at(-1) as Groups
    return (
      groups.code ?? groups.escaped ?? groups.kept ?? (groups.typed === undefined ? '' : (typed[groups.typed] ?? ''))
    )
  })

/** Where `words`, as they are read, stand in `text`, which is source or is read itself. */
export function findWords(words: string, text: string): Passage[] {
  const parts = words.trim().split(/\s+/)
  if (parts[0] === '' || words.length > longest) return []
  const source = parts.map((part) => Array.from(part, pattern).join(marks)).join(gap)
  return Array.from(text.matchAll(new RegExp(source, 'g')), ({ 0: found, index }) => [index, index + found.length])
}

/**
 * The passage of one text that is the `nth` of these words in the other, counted from 0; null where it cannot be told,
 * because they do not stand as often in both.
 */
export function counterpart(words: string, nth: number, count: number, text: string): Passage | null {
  const found = findWords(words, text)
  return found.length === count ? (found[nth] ?? null) : null
}
