import { expect, test } from 'vitest'
import { asRead, counterpart, findWords } from './passages'

const found = (words: string, source: string) => findWords(words, source).map(([from, to]) => source.slice(from, to))

test('words are found whatever marks stand between them', () => {
  expect(found('Fresh or dry?', 'Yeast. Fresh or **dry**? Or')).toEqual(['Fresh or **dry**?'])
  expect(found('see the docs for more', 'Please see [the docs](a/b.md) for *more*.')).toEqual([
    'see [the docs](a/b.md) for *more',
  ])
  expect(found('code here', 'the `code` here')).toEqual(['code` here'])
  expect(found('one two three', '- one\n- two\n  1. three\n')).toEqual(['one\n- two\n  1. three'])
  expect(found('a b', '| a | b |')).toEqual(['a | b'])
  expect(found('one\n\ntwo', '> one\n>\n> two')).toEqual(['one\n>\n> two'])
})

test('signs are found as they were typed', () => {
  expect(found('“so” – it’s…', '"so" -- it\'s...')).toEqual(['"so" -- it\'s...'])
  expect(found('C++ (old)', 'in C++ (old) code')).toEqual(['C++ (old)'])
})

test('what is not there is not found, and nothing is not looked for', () => {
  expect(findWords('nowhere', 'some text')).toEqual([])
  expect(findWords('  ', 'some text')).toEqual([])
  expect(findWords('x'.repeat(3_000), 'x'.repeat(3_000))).toEqual([])
})

test('of words that stand there twice it is the one of the same number', () => {
  expect(counterpart('two', 1, 2, 'two and **two**')).toEqual([10, 13])
  expect(counterpart('two', 0, 1, 'two and two')).toBeNull()
})

test('source is read without its marks', () => {
  expect(asRead('## A **bold** [link](x.md)\n- [x] `done` -- so')).toBe('A bold link\ndone – so')
  expect(asRead('half** of it, and [some')).toBe('half of it, and some')
})

test.each([
  ['a b c d', 'a ]( '.repeat(20_000)],
  ['* * * *', '* '.repeat(20_000)],
  ['a b', `a${' -'.repeat(50_000)}`],
  ['x y', '1. '.repeat(40_000)],
  ['a b', `a${'*'.repeat(100_000)}`],
  ['ab', 'a[['.repeat(30_000)],
  ['a b', `a${'\n'.repeat(100_000)}`],
])('a hostile text is read to its end, before a test takes too long (%s)', (words, text) => {
  expect(findWords(words, text).length).toBeLessThanOrEqual(1)
  expect(asRead(text).length).toBeLessThanOrEqual(text.length)
})
