import type { MarkdownIt } from 'markdown-it'

/** The name by which links reach a heading, as GitHub makes it. */
export const slug = (heading: string): string =>
  heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc} -]/gu, '')
    .replaceAll(' ', '-')

/** Gives each heading a name of its own, as `data-anchor`: an id would let a text stand in for parts of the page. */
export function headingRules(markdown: MarkdownIt): void {
  markdown.core.ruler.push('heading anchors', ({ tokens }) => {
    const times = new Map<string, number>()
    tokens.forEach((token, index) => {
      if (token.type !== 'heading_open') return
      const words = (tokens[index + 1]?.children ?? []).map(({ type, content }) =>
        type === 'text' || type === 'code_inline' || type === 'tex' ? content : '',
      )
      const name = slug(words.join(''))
      const before = times.get(name) ?? 0
      times.set(name, before + 1)
      token.attrSet('data-anchor', before === 0 ? name : `${name}-${before}`)
    })
  })
}
