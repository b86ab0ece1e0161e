import { createElement } from 'react'
import { renderToStaticMarkup } from 'react-dom/server'
import { expect, test } from 'vitest'
import { Sentence } from './Sentence'

const shown = (text: string) => renderToStaticMarkup(createElement(Sentence, { text }))

test('names between backticks are code, and nothing in them is markup', () => {
  expect(shown('Set `A` or `<b>`.')).toBe('Set <code>A</code> or <code>&lt;b&gt;</code>.')
  expect(shown('No names.')).toBe('No names.')
})

test('a backtick without a partner is a letter', () => {
  expect(shown('One ` alone, and `a` pair')).toBe('One ` alone, and `a` pair')
})
