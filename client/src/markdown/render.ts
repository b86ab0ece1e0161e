import DOMPurify from 'dompurify'
import MarkdownIt from 'markdown-it'
import { resolvePath } from '../lib/paths'
import type { Surroundings } from './surroundings'

/** UTF-16 code units that are rendered; what is behind them stands as it is. Nobody reads more than that at once. */
const longest = 200_000

/** Addresses of the web and of mail, and whatever names no scheme; others start programs on some machines. */
const noOtherScheme = /^(?:(?:https?|mailto):|[^a-z]|[a-z+.-]+(?:[^a-z+.\-:]|$))/i

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

const markdown = new MarkdownIt({ html: false, linkify: true, typographer: true })
// Nobody means a site when writing "notes.md" or "main.py".
markdown.linkify.set({ fuzzyLink: false })

// Which source line a block came from, so that the preview can follow the text.
markdown.core.ruler.push('source lines', (state) => {
  for (const token of state.tokens) {
    if (token.level === 0 && token.map !== null && token.nesting >= 0) token.attrSet('data-line', String(token.map[0]))
  }
})

/** What is known while one text is rendered. */
interface Rendering {
  surroundings: Surroundings
  /** Links that are open, and code blocks so far. */
  links: number
  blocks: number
}
const begin = (surroundings: Surroundings): Rendering => ({ surroundings, links: 0, blocks: 0 })
const renderingOf = (env: unknown) => env as Rendering

markdown.renderer.rules.link_open = (tokens, index, options, env, renderer) => {
  renderingOf(env).links += 1
  const token = tokens[index]
  const reference = String(token?.attrGet('href') ?? '')
  const { path, pageUrl } = renderingOf(env).surroundings
  const file = fileOf(reference, path)
  if (file !== null) {
    token?.attrSet('href', pageUrl(file))
    token?.attrSet('data-file', file)
  } else if (!reference.startsWith('#')) {
    token?.attrSet('target', '_blank')
    token?.attrSet('rel', 'noopener noreferrer nofollow')
  }
  return renderer.renderToken(tokens, index, options)
}

markdown.renderer.rules.link_close = (tokens, index, options, env, renderer) => {
  renderingOf(env).links -= 1
  return renderer.renderToken(tokens, index, options)
}

// Here and not on the finished elements: an <img> fetches its address as soon as it exists, and a remote image would
// tell a stranger who reads this text and when. It is shown as a link.
markdown.renderer.rules.image = (tokens, index, options, env, renderer) => {
  const token = tokens[index]
  const reference = String(token?.attrGet('src') ?? '')
  const alternative = renderer.renderInlineAsText(token?.children ?? [], options, env)
  const { escapeHtml } = markdown.utils
  const { path, fileUrl } = renderingOf(env).surroundings
  const file = fileOf(reference, path)
  if (file !== null) return `<img src="${escapeHtml(fileUrl(file))}" alt="${escapeHtml(alternative)}" loading="lazy">`
  const words = escapeHtml(`Image: ${alternative || reference}`)
  // No link can hold another one: the browser would end the outer one before it, with nothing in it.
  if (renderingOf(env).links > 0) return words
  return `<a href="${escapeHtml(reference)}" target="_blank" rel="noopener noreferrer nofollow">${words}</a>`
}

// Numbered as ai/chat/chat_proposals.py counts them, so that each can be named.
markdown.renderer.rules.fence = (tokens, index, _options, env) => {
  const token = tokens[index]
  const [language = '', hint = ''] = (token?.info ?? '').trim().split(/\s+/)
  const { escapeHtml } = markdown.utils
  const rendering = renderingOf(env)
  const number = rendering.blocks++
  const marks = `data-block="${number}" data-language="${escapeHtml(language)}" data-hint="${escapeHtml(hint)}"`
  const line = token?.attrGet('data-line')
  const from = line === null || line === undefined ? '' : ` data-line="${escapeHtml(String(line))}"`
  return `<pre ${marks}${from}><code>${escapeHtml(token?.content ?? '')}</code></pre>\n`
}

// markdown-it escapes all HTML of the text; should it ever fail to, nothing that runs gets past this.
const purifier = DOMPurify(window)

/** Markdown of anybody as a piece of a page that runs nothing and fetches nothing from elsewhere. */
export function renderMarkdown(text: string, surroundings: Surroundings): DocumentFragment {
  const fragment = purifier.sanitize(markdown.render(text.slice(0, longest), { ...begin(surroundings) }), {
    RETURN_DOM_FRAGMENT: true,
    USE_PROFILES: { html: true },
    ADD_ATTR: ['target'],
    ALLOWED_URI_REGEXP: noOtherScheme,
    FORBID_TAGS: ['style', 'form', 'input', 'button', 'textarea', 'select', 'audio', 'video', 'picture', 'source'],
    FORBID_ATTR: ['style', 'id', 'name', 'srcset', 'class'],
  })
  if (text.length > longest) {
    const rest = document.createElement('pre')
    rest.textContent = text.slice(longest)
    fragment.append(rest)
  }
  return fragment
}
