import type { MarkdownIt } from 'markdown-it'
import footnote from 'markdown-it-footnote'

interface Meta {
  id: number
  subId?: number
}

const metaOf = (token: { meta: unknown } | undefined) => token?.meta as Meta
const noteName = ({ id }: Meta) => `fn${id + 1}`
const referenceName = ({ id, subId = 0 }: Meta) => `fnref${id + 1}${subId > 0 ? `:${subId}` : ''}`

/** Footnotes, with anchors of our own kind in place of ids. */
export function footnoteRules(markdown: MarkdownIt): void {
  markdown.use(footnote)
  Object.assign(markdown.renderer.rules, {
    footnote_ref: ((tokens, index) => {
      const meta = metaOf(tokens[index])
      const number = meta.id + 1
      return `<sup><a href="#${noteName(meta)}" data-anchor="${referenceName(meta)}" aria-label="Footnote ${number}">${number}</a></sup>`
    }) satisfies Rule,
    footnote_block_open: (() => '<section data-footnotes="" aria-label="Footnotes"><ol>') satisfies Rule,
    footnote_block_close: (() => '</ol></section>') satisfies Rule,
    footnote_open: ((tokens, index) => `<li data-anchor="${noteName(metaOf(tokens[index]))}">`) satisfies Rule,
    footnote_anchor: ((tokens, index) => {
      const name = referenceName(metaOf(tokens[index]))
      return ` <a href="#${name}" aria-label="Back to the text">↩\uFE0E</a>`
    }) satisfies Rule,
  })
}

type Rule = (tokens: readonly { meta: unknown }[], index: number) => string
