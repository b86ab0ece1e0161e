import type { MarkdownIt } from 'markdown-it'

/** Digits without a zero before them, as whoever counts passages writes them; more than three nobody was shown. */
const list = /\[([1-9]\d{0,2}(?:, ?[1-9]\d{0,2}){0,19})\]/y

/** The numbers of `[1]` or `[1, 2]` that stands at this place of a text, and where it ends; null for anything else. */
export function citationAt(text: string, at: number): { numbers: readonly number[]; end: number } | null {
  list.lastIndex = at
  const [all, numbers] = list.exec(text) ?? []
  if (all === undefined || numbers === undefined) return null
  return { numbers: numbers.split(',').map(Number), end: at + all.length }
}

/** The numbers in a `data-cite`. */
export const citedNumbers = (cite: string | undefined): readonly number[] =>
  citationAt(`[${cite ?? ''}]`, 0)?.numbers ?? []

/**
 * Marks `[1]` and `[1, 2]` as `data-cite`, for whoever knows what stands behind the numbers; to everybody else it is the
 * text that it was. Found here and not in what was rendered, where what was escaped looks like what was not.
 */
export function citationRules(markdown: MarkdownIt): void {
  // Behind links, so that what Markdown has another meaning for keeps it.
  markdown.inline.ruler.after('image', 'citations', (state, silent) => {
    // Who only looks for the end of a link would take one in its words for a link in a link, and would make none.
    const found = silent ? null : citationAt(state.src, state.pos)
    if (found === null || found.end > state.posMax) return false
    state.push('cite_open', 'span', 1).attrSet('data-cite', found.numbers.join())
    // Text as any other: names of headings and of images are made from it.
    state.push('text', '', 0).content = state.src.slice(state.pos, found.end)
    state.push('cite_close', 'span', -1)
    state.pos = found.end
    return true
  })
}
