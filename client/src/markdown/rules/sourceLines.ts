import type { Token } from 'markdown-it'

/** The tokens of one block at the top level, and the line of the text, counted from 0, that it begins in. */
export interface TopBlock {
  tokens: Token[]
  line: number
}

/**
 * Parts what was parsed into its blocks. What is nested in a block gets the lines from the block's beginning to its own
 * as `data-offset`: relative, so that a block stays the same wherever in the text it stands.
 */
export function topBlocks(tokens: readonly Token[]): TopBlock[] {
  const blocks: TopBlock[] = []
  let open: TopBlock | null = null
  let offset = 0
  // Counted here: the tokens of footnotes do not know their level.
  let depth = 0
  for (const token of tokens) {
    if (open === null) {
      open = { tokens: [], line: token.map?.[0] ?? blocks.at(-1)?.line ?? 0 }
      blocks.push(open)
      offset = 0
    } else if (token.map !== null && token.nesting >= 0 && token.type !== 'inline') {
      const own = token.map[0] - open.line
      // Footnotes stand elsewhere than they were written.
      if (own > offset) token.attrSet('data-offset', String((offset = own)))
    }
    open.tokens.push(token)
    depth += token.nesting
    if (depth === 0) open = null
  }
  return blocks
}
