import { expect, test } from 'vitest'
import { quoteInWords } from './quote'

test.each([
  ['fresh** yeast, and [some', 'fresh yeast, and some'],
  ['salt\n- water\n- [ ] flour', 'salt\nwater\nflour'],
  ['1. first\n2. second', 'first\nsecond'],
  ['> said\n>\n> again', 'said\nagain'],
  ['some flour](flour.md) and ![a loaf](loaf.png) of [it][2]', 'some flour and a loaf of it'],
  ['| salt | 2 g |\n|---|---:|\n| water | 1 l |', 'salt 2 g\nwater 1 l'],
  ['# Bread\n\nBake it.', 'Bread\nBake it.'],
  ['```js\nconst a_b = 1\n```', 'const a_b = 1'],
])('of Markdown it is read: %j', (quote, read) => {
  expect(quoteInWords(quote, 'notes/bread.md')).toBe(read)
})

test('what is no mark stays', () => {
  for (const quote of ['2 * 3 and snake_case', 'the first of list[0], see [1]', 'about ~5 g']) {
    expect(quoteInWords(quote, 'bread.md')).toBe(quote)
  }
  expect(quoteInWords('`**kwargs` and `--flag`, 5 \\* 6', 'bread.md')).toBe('**kwargs and --flag, 5 * 6')
})

test('marks alone, and code, stay as they are', () => {
  expect(quoteInWords('---', 'bread.md')).toBe('---')
  expect(quoteInWords('**', 'bread.md')).toBe('**')
  expect(quoteInWords('a ** b  # [x](y)', 'bread.py')).toBe('a ** b  # [x](y)')
  expect(quoteInWords('', 'bread.md')).toBe('an empty line')
})
