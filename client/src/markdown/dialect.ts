import markdownIt, { type MarkdownIt, type Token } from 'markdown-it'
import { resolvePath } from '../lib/paths'
import { citationRules } from './rules/citations'
import { footnoteRules } from './rules/footnotes'
import { headingRules } from './rules/headings'
import { taskListRules } from './rules/taskList'
import { texRules } from './rules/tex'
import type { Surroundings } from './surroundings'

/** What is known while one text is rendered. */
export interface Rendering {
  surroundings: Surroundings
  /** Makes HTML of a formula, or throws what is wrong with it; null until that has loaded. */
  tex: ((source: string, isDisplayed: boolean) => string) | null
  /** The formulas of the block that is being rendered, as HTML. */
  formulas: string[]
  /** Links that are open, and code blocks so far. */
  links: number
  fences: number
}
const renderingOf = (env: unknown) => env as Rendering

const hasScheme = (reference: string) => /^[a-z][a-z0-9+.-]*:/i.test(reference) || reference.startsWith('//')

const decode = (reference: string): string => {
  try {
    return decodeURIComponent(reference)
  } catch {
    return reference
  }
}

/** The file of the workspace that a relative reference names; null for anything else. */
function fileOf(reference: string, from: string): string | null {
  if (reference === '' || reference.startsWith('#') || hasScheme(reference)) return null
  return resolvePath(from, decode(reference.replace(/[?#].*$/s, '')))
}

const fragmentOf = (reference: string) => decode(/#(.+)$/s.exec(reference)?.[1] ?? '')

/** Whether the end of a fenced block is there: of a text that still grows, it may not be. */
function isClosed({ map, content }: Token): boolean {
  const lines = content === '' ? 0 : content.replace(/\n$/, '').split('\n').length
  return map !== null && map[1] - map[0] === lines + 2
}

/** The attribute of `topBlocks`, for what makes its HTML itself. */
function offsetOf(token: Token | undefined): string {
  const offset = token?.attrGet('data-offset') ?? null
  return offset === null ? '' : ` data-offset="${Number(offset)}"`
}

function makeDialect(kind: 'document' | 'message'): MarkdownIt {
  const markdown = markdownIt({ html: false, linkify: true, typographer: true })
  // Nobody means a site when writing "notes.md" or "main.py".
  markdown.linkify.set({ fuzzyLink: false })
  texRules(markdown, kind === 'message')
  taskListRules(markdown)
  headingRules(markdown)
  // Code within a footnote would be counted here, and not where the code blocks of a message are looked up.
  if (kind === 'document') footnoteRules(markdown)
  else citationRules(markdown)

  const { escapeHtml } = markdown.utils
  const { rules } = markdown.renderer

  rules.link_open = (tokens, index, options, env, renderer) => {
    renderingOf(env).links += 1
    const token = tokens[index]
    const reference = String(token?.attrGet('href') ?? '')
    const { path, pageUrl } = renderingOf(env).surroundings
    const file = fileOf(reference, path)
    if (file !== null) {
      token?.attrSet('href', pageUrl(file))
      token?.attrSet('data-file', file)
      const fragment = fragmentOf(reference)
      if (fragment !== '') token?.attrSet('data-fragment', fragment)
    } else if (!reference.startsWith('#')) {
      token?.attrSet('target', '_blank')
      token?.attrSet('rel', 'noopener noreferrer nofollow')
    }
    return renderer.renderToken(tokens, index, options)
  }

  rules.link_close = (tokens, index, options, env, renderer) => {
    renderingOf(env).links -= 1
    return renderer.renderToken(tokens, index, options)
  }

  // Here and not on the finished elements: an <img> fetches its address as soon as it exists, and a remote image would
  // tell a stranger who reads this text and when. It is shown as a link.
  rules.image = (tokens, index, options, env, renderer) => {
    const token = tokens[index]
    const reference = String(token?.attrGet('src') ?? '')
    const alternative = renderer.renderInlineAsText(token?.children ?? [], options, env)
    const { path, fileUrl } = renderingOf(env).surroundings
    const file = fileOf(reference, path)
    if (file !== null) return `<img src="${escapeHtml(fileUrl(file))}" alt="${escapeHtml(alternative)}" loading="lazy">`
    const words = escapeHtml(`Image: ${alternative || reference}`)
    // No link can hold another one: the browser would end the outer one before it, with nothing in it.
    if (renderingOf(env).links > 0) return words
    return `<a href="${escapeHtml(reference)}" target="_blank" rel="noopener noreferrer nofollow">${words}</a>`
  }

  // How a column is aligned comes as a style, and no style of a text is let through.
  rules.th_open = rules.td_open = (tokens, index, options, _env, renderer) => {
    const token = tokens[index]
    const align = /text-align:\s*(right|center)/.exec(String(token?.attrGet('style') ?? ''))?.[1]
    if (align !== undefined) token?.attrSet('data-align', align)
    return renderer.renderToken(tokens, index, options)
  }

  rules.task = (tokens, index) => {
    const { isDone, words } = tokens[index]?.meta as { isDone: boolean; words: string }
    return `<span role="checkbox" aria-checked="${isDone}" aria-label="${escapeHtml(words)}"></span>`
  }

  // The formula itself is put in later, so that nothing of this text can pass for one.
  const formula = (source: string, isDisplayed: boolean, env: unknown) => {
    const { tex, formulas } = renderingOf(env)
    const as = isDisplayed ? ' data-displayed=""' : ''
    if (tex === null) return `<code${as}>${escapeHtml(source)}</code>`
    try {
      formulas.push(tex(source, isDisplayed))
      return `<span data-formula="${formulas.length - 1}"${as}></span>`
    } catch (error) {
      const problem = escapeHtml(error instanceof Error ? error.message : '')
      return `<span data-problem=""${as}><code>${escapeHtml(source)}</code> <em>${problem}</em></span>`
    }
  }
  rules.tex = (tokens, index, _options, env) => {
    const token = tokens[index]
    return formula(token?.content ?? '', (token?.meta as { isDisplayed: boolean }).isDisplayed, env)
  }
  rules.tex_block = (tokens, index, _options, env) =>
    `<p${offsetOf(tokens[index])}>${formula(tokens[index]?.content ?? '', true, env)}</p>`

  // Numbered as ai/chat/chat_proposals.py counts them, so that each can be named.
  rules.fence = (tokens, index, _options, env) => {
    const token = tokens[index]
    if (token === undefined) return ''
    const [language = '', hint = ''] = token.info.trim().split(/\s+/)
    const number = renderingOf(env).fences++
    const marks = `data-block="${number}" data-language="${escapeHtml(language)}" data-hint="${escapeHtml(hint)}"`
    const offset = offsetOf(token)
    if (language === 'math' && isClosed(token)) return `<p${offset}>${formula(token.content, true, env)}</p>`
    const code = `<pre ${marks}${offset}><code>${escapeHtml(token.content)}</code></pre>`
    return language === 'mermaid' && isClosed(token) ? `<div data-diagram=""${offset}>${code}</div>` : code
  }
  return markdown
}

/** Markdown as files of a workspace are written, and as people and models write messages. */
export const dialects = { document: makeDialect('document'), message: makeDialect('message') }
