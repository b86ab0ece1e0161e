import type { MarkdownIt, StateBlock, StateInline } from 'markdown-it'

/** Formulas are `$…$` and `$$…$$`; those who are used to LaTeX, as models are, also write `\(…\)` and `\[…\]`. */

/** UTF-16 code units and lines of one formula. What is longer is text: looking for its end must cost little. */
const longest = 5_000
const mostLines = 200

const dollar = 0x24
const backslash = 0x5c

const isSpace = (character: string | undefined) => character === undefined || /\s/.test(character)

/** Where `closer` begins that ends what begins at `from`; -1 without one. */
function findCloser(text: string, closer: string, from: number, end: number): number {
  const last = Math.min(end, from + longest) - closer.length
  for (let at = from; at <= last; at += 1) {
    if (text.startsWith(closer, at)) return at
    if (text.charCodeAt(at) === backslash) at += 1
  }
  return -1
}

function push(state: StateInline, content: string, isDisplayed: boolean, end: number, silent: boolean): true {
  if (!silent) {
    const token = state.push('tex', '', 0)
    token.content = content
    token.meta = { isDisplayed }
  }
  state.pos = end
  return true
}

function dollars(state: StateInline, silent: boolean): boolean {
  const { src, pos, posMax } = state
  if (src.charCodeAt(pos) !== dollar) return false
  if (src.charCodeAt(pos + 1) === dollar) {
    const close = findCloser(src, '$$', pos + 2, posMax)
    const content = src.slice(pos + 2, close)
    return close >= 0 && content.trim() !== '' && push(state, content, true, close + 2, silent)
  }
  const close = findCloser(src, '$', pos + 1, posMax)
  // As Pandoc has it, so that what costs $5 and $6 is no formula.
  if (close <= pos + 1 || isSpace(src[pos + 1]) || isSpace(src[close - 1]) || /\d/.test(src[close + 1] ?? '')) {
    return false
  }
  return push(state, src.slice(pos + 1, close), false, close + 1, silent)
}

function backslashes(state: StateInline, silent: boolean): boolean {
  const { src, pos, posMax } = state
  if (src.charCodeAt(pos) !== backslash) return false
  const open = src[pos + 1]
  if (open !== '(' && open !== '[') return false
  const close = findCloser(src, open === '(' ? '\\)' : '\\]', pos + 2, posMax)
  const content = src.slice(pos + 2, close)
  return close >= 0 && content.trim() !== '' && push(state, content, open === '[', close + 2, silent)
}

const block =
  (fences: readonly (readonly [string, string])[]) =>
  (state: StateBlock, startLine: number, endLine: number, silent: boolean): boolean => {
    if ((state.sCount[startLine] ?? 0) - state.blkIndent >= 4) return false
    const lineOf = (line: number) => state.getLines(line, line + 1, state.blkIndent, false).trim()
    const start = (state.bMarks[startLine] ?? 0) + (state.tShift[startLine] ?? 0)
    const [opener, closer] = fences.find(([open]) => state.src.startsWith(open, start)) ?? []
    if (opener === undefined || closer === undefined) return false
    const lines: string[] = []
    for (let line = startLine; line < Math.min(endLine, startLine + mostLines); line += 1) {
      // It ends at the latest with its paragraph, and holds no fence: code blocks are counted elsewhere, without us.
      if (line > startLine && (state.isEmpty(line) || (state.sCount[line] ?? 0) < state.blkIndent)) return false
      const text = line === startLine ? lineOf(line).slice(opener.length) : lineOf(line)
      if (/```|~~~/.test(text)) return false
      const close = text.indexOf(closer)
      if (close < 0) {
        lines.push(text)
        continue
      }
      if (close !== text.length - closer.length) return false
      lines.push(text.slice(0, close))
      const content = lines.join('\n')
      if (content.trim() === '' || content.length > longest) return false
      if (silent) return true
      state.line = line + 1
      const token = state.push('tex_block', '', 0)
      token.block = true
      token.content = content
      token.map = [startLine, state.line]
      return true
    }
    return false
  }

/** Finds formulas; the renderer's rules `tex` and `tex_block` have to show them. */
export function texRules(markdown: MarkdownIt, withBackslashes: boolean): void {
  markdown.inline.ruler.before('escape', 'tex dollars', dollars)
  if (withBackslashes) markdown.inline.ruler.before('escape', 'tex backslashes', backslashes)
  const fences = [['$$', '$$'] as const, ...(withBackslashes ? [['\\[', '\\]'] as const] : [])]
  markdown.block.ruler.before('fence', 'tex block', block(fences), {
    alt: ['paragraph', 'reference', 'blockquote', 'list'],
  })
}
