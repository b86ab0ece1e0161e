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

/** Without what Markdown has that is not read. */
export const asRead = (source: string): string =>
  source
    .replace(/!?\[([^[\]\n]{0,500})\]\([^)\n]{0,500}\)/g, '$1')
    .replace(/^[ \t]*(?:>[ \t]?|[-*+][ \t]+(?:\[[ xX]\][ \t]+)?|\d{1,9}[.)][ \t]+|#{1,6}[ \t]+)+/gm, '')
    .replace(/\]\([^)\n]{0,500}\)|[*_~`\\|[\]]/g, '')
    .replaceAll('---', '—')
    .replaceAll('--', '–')
    .replaceAll('...', '…')

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
