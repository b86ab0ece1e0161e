import { describe, expect, test } from 'vitest'
import { editorConfigFor } from './editorConfig'
import { compileGlob } from './glob'
import { detectIndentation, indentationOf, inWords } from './indentation'

describe('globs', () => {
  test.each([
    ['*', 'a.py', true],
    ['*', 'x/a.py', true],
    ['*.py', 'x/y/a.py', true],
    ['*.py', 'a.pyi', false],
    ['/*.py', 'a.py', true],
    ['/*.py', 'x/a.py', false],
    ['x/*.py', 'x/a.py', true],
    ['x/*.py', 'x/y/a.py', false],
    ['x/**.py', 'x/y/a.py', true],
    ['x/**/a.py', 'x/a.py', true],
    ['x/**/a.py', 'x/y/z/a.py', true],
    ['**', 'x/y', true],
    ['a**z', 'a/b/z', true],
    ['*.{js,ts}', 'x/a.ts', true],
    ['*.{js,ts}', 'a.css', false],
    ['{a,b{c,d}}.x', 'bd.x', true],
    ['{single}.b', '{single}.b', true],
    ['{.f,g', '{.f,g', true],
    ['{,a}b', 'b', true],
    ['a{1..12}', 'a7', true],
    ['a{1..12}', 'a13', false],
    ['a{1..12}', 'a07', false],
    ['a{-3..3}', 'a-2', true],
    ['?.py', 'a.py', true],
    ['?.py', 'ab.py', false],
    ['[ab].py', 'b.py', true],
    ['[!ab].py', 'b.py', false],
    ['[!ab].py', 'c.py', true],
    ['[a-c]', 'b', true],
    ['[', '[', true],
    ['a\\*b', 'a*b', true],
    ['a\\*b', 'axb', false],
    ['Makefile', 'x/Makefile', true],
    ['', 'a', false],
  ])('%j and %j: %j', (glob, path, expected) => {
    expect(compileGlob(glob)?.(path)).toBe(expected)
  })

  test.each(['**a'.repeat(1300), '{a,'.repeat(1300), '*'.repeat(4000), '{*,*a}'.repeat(600), '['.repeat(4000)])(
    'none takes long: %.12s',
    (glob) => {
      const began = performance.now()
      compileGlob(glob)?.('a'.repeat(900))
      expect(performance.now() - began).toBeLessThan(500)
    },
  )
})

describe('.editorconfig', () => {
  const root = {
    folder: '',
    text: '\uFEFF# top\n[*]\nindent_style = space\r\nindent_size=2\n[*.py]\nIndent_Size = 4 \n',
  }

  test('the last section that fits counts', () => {
    expect(editorConfigFor('x/a.py', [root])).toEqual({ style: 'space', size: 4 })
    expect(editorConfigFor('x/a.js', [root])).toEqual({ style: 'space', size: 2 })
  })

  test('the nearest file wins, and what it leaves open comes from those above', () => {
    const near = { folder: 'x', text: '[*.js]\nindent_size = 8\n[/y/*]\nindent_style = tab\n' }
    expect(editorConfigFor('x/a.js', [root, near])).toEqual({ style: 'space', size: 8 })
    expect(editorConfigFor('x/y/a.py', [near, root])).toEqual({ style: 'tab', size: 4 })
  })

  test('root ends the way up', () => {
    const near = { folder: 'x/y', text: 'root = true\n[*]\ntab_width = 3\n' }
    expect(editorConfigFor('x/y/a.py', [root, near])).toEqual({ tabWidth: 3 })
  })

  test('indent_size = tab is the width of tabs, and "unset" unsets', () => {
    expect(editorConfigFor('a', [{ folder: '', text: '[*]\nindent_size = tab\ntab_width = 6' }])).toEqual({
      size: 6,
      tabWidth: 6,
    })
    expect(editorConfigFor('x/a.py', [root, { folder: 'x', text: '[*.py]\nindent_size = unset\n' }])).toEqual({
      style: 'space',
    })
  })

  test.each(['[*', '=', 'indent_size = 4', '[*]\nindent_size = 1000', '[*]\nindent_size = -1', '[*]\nx', '\0'])(
    'what makes no sense says nothing: %j',
    (text) => {
      expect(editorConfigFor('a', [{ folder: '', text }])).toEqual({})
    },
  )
})

describe('indentation by the text itself', () => {
  test.each([
    ['a:\n  b:\n    c\n  d', { style: 'space', size: 2 }],
    ['def f():\n    if x:\n        y\n\n    return 1', { style: 'space', size: 4 }],
    ['a\n\tb\n\t\tc', { style: 'tab', size: 4 }],
    ['/*\n * a\n * b\n */\nfunction f() {\n   x\n}', { style: 'space', size: 3 }],
    ['a\nb', null],
    ['   \n\t\n', null],
    ['', null],
  ])('%j', (text, expected) => {
    expect(detectIndentation(text.split('\n'))).toEqual(expected)
  })

  test('a very long text is read in part', () => {
    expect(detectIndentation(Array<string>(100_000).fill('a').concat('\tb'))).toBeNull()
  })
})

test('.editorconfig comes first, then the text, then what is usual', () => {
  const text = ['a', '   b']
  expect(indentationOf('a.js', {}, text)).toEqual({ style: 'space', size: 3, tabWidth: 4, from: 'text' })
  expect(indentationOf('a.js', { size: 8 }, text)).toMatchObject({ style: 'space', size: 8, from: 'editorconfig' })
  expect(indentationOf('a.py', {}, [])).toMatchObject({ style: 'space', size: 4, from: 'kind' })
  expect(indentationOf('Makefile', {}, [])).toMatchObject({ style: 'tab', from: 'kind' })
  expect(indentationOf('a.py', { style: 'tab', tabWidth: 8 }, text)).toMatchObject({ size: 8, tabWidth: 8 })
  expect(inWords(indentationOf('a.py', { style: 'tab', size: 3 }, text))).toBe('Tabs, 3 wide')
  expect(inWords(indentationOf('a.py', {}, text))).toBe('3 spaces')
})
