import { dialects, type Rendering } from './dialect'
import { withoutFrontMatter } from './rules/frontMatter'
import { topBlocks } from './rules/sourceLines'
import { workspaceSurroundings } from './surroundings'

/** A paragraph, list, table, … of a text as HTML, which nobody has made harmless yet. */
export interface Block {
  /** The line of the text, counted from 0, that it begins in. */
  line: number
  html: string
  /** HTML of the formulas, by the number in `data-formula` of their places. */
  formulas: readonly string[]
}

export interface Reading {
  text: string
  workspace: string
  /** Path of the file that holds the text; "" for a message, which is in no file. */
  path: string
}

/** UTF-16 code units that are rendered; what is behind them stands as it is. Nobody reads more than that at once. */
export const longest = 1_000_000

/** Whether a text may hold a formula. */
export const mayHoldTex = (text: string): boolean => /\$|\\[([]|^[ >]*(?:```|~~~)\s*math/m.test(text)

/** Renders a text block by block. Needs no page: it runs in a worker. */
export function renderBlocks({ text, workspace, path }: Reading, tex: Rendering['tex']): Block[] {
  const isMessage = path === ''
  const markdown = isMessage ? dialects.message : dialects.document
  const rendering: Rendering = {
    surroundings: workspaceSurroundings(workspace, path),
    tex,
    formulas: [],
    links: 0,
    fences: 0,
  }
  const shown = text.slice(0, longest)
  const env = rendering as unknown as Record<string, unknown>
  const blocks = topBlocks(markdown.parse(isMessage ? shown : withoutFrontMatter(shown), env)).map(
    ({ tokens, line }) => {
      rendering.formulas = []
      const html = markdown.renderer.render(tokens, markdown.options, env)
      return { line, html, formulas: rendering.formulas }
    },
  )
  if (text.length > longest) {
    const line = shown.split('\n').length - 1
    const rest = dialects.message.utils.escapeHtml(text.slice(longest))
    blocks.push({ line, html: `<pre>${rest}</pre>`, formulas: [] })
  }
  return blocks
}
