import { HighlightStyle, syntaxHighlighting } from '@codemirror/language'
import { tags as t } from '@lezer/highlight'

/** Few colours, all of them variables, so that light and dark are a matter of the style sheet. */
export const inkHighlight = HighlightStyle.define([
  {
    tag: [t.keyword, t.modifier, t.operatorKeyword, t.definitionKeyword, t.moduleKeyword],
    color: 'var(--code-keyword)',
  },
  { tag: [t.string, t.special(t.string), t.regexp, t.character, t.attributeValue], color: 'var(--code-string)' },
  { tag: [t.number, t.bool, t.null, t.atom, t.unit, t.color], color: 'var(--code-literal)' },
  { tag: [t.comment, t.docComment], color: 'var(--code-comment)', fontStyle: 'italic' },
  {
    tag: [t.function(t.definition(t.variableName)), t.definition(t.className), t.className, t.function(t.variableName)],
    color: 'var(--code-name)',
  },
  { tag: [t.typeName, t.namespace, t.tagName, t.propertyName, t.attributeName], color: 'var(--code-type)' },
  { tag: [t.meta, t.processingInstruction, t.documentMeta, t.annotation], color: 'var(--code-meta)' },
  { tag: [t.punctuation, t.operator, t.separator, t.bracket], color: 'var(--code-mark)' },
  { tag: t.heading, color: 'var(--ink)', fontWeight: '700' },
  { tag: t.strong, fontWeight: '700' },
  { tag: t.emphasis, fontStyle: 'italic' },
  { tag: t.strikethrough, textDecoration: 'line-through' },
  { tag: [t.link, t.url], color: 'var(--accent-text)', textDecoration: 'underline', textUnderlineOffset: '0.2em' },
  { tag: [t.quote], color: 'var(--ink-2)', fontStyle: 'italic' },
  { tag: t.monospace, color: 'var(--code-string)' },
  { tag: t.invalid, color: 'var(--danger)', textDecoration: 'underline wavy' },
])

export const inkHighlighting = syntaxHighlighting(inkHighlight, { fallback: true })
