import { ChangeSet, Text } from '@codemirror/state'
import { describe, expect, test } from 'vitest'
import { checkerOf } from './checker'
import { jsonProblems } from './json'
import { carried, counted, countsInWords, fixNow, noProblems, type Problem } from './problem'
import { yamlProblems } from './yaml'

test('what is checked is told by the path, as on the server', () => {
  const paths = ['a.py', 'A.PYI', 'x/package.json', 'x/tsconfig.json', '.devcontainer/a.json', 'b.yml', 'py', '.py']
  expect(paths.map(checkerOf)).toEqual([
    'python',
    'python',
    'json',
    'json with comments',
    'json with comments',
    'yaml',
    null,
    null,
  ])
  expect(checkerOf('a.constructor')).toBeNull()
})

const said = (text: string, found: readonly Problem[]) =>
  found.map(({ start, end, message }) => [text.slice(start, end), message])

describe('JSON', () => {
  test.each([
    ['{"a": "😀" 1}', false, '1', 'A comma or a closing bracket is missing here'],
    ['{"a": 1,\n}', false, ',', 'There is a comma too many in front of the closing bracket'],
    ['{"a": 1} // no', false, '// no', 'There are no comments in this kind of file'],
    ['{a: 1}', false, 'a', 'This word means nothing here: a text goes into double quotes'],
  ])('%j', (text, comments, place, message) => {
    expect(said(text, jsonProblems(text, comments))).toContainEqual([place, message])
  })

  test.each(['', ' \n', '[1, {"a": null}]'])('%j is right', (text) => expect(jsonProblems(text, false)).toEqual([]))

  test('comments and commas at the end are right where they are allowed', () => {
    expect(jsonProblems('// 😀\n{"a": [1,], /* x */}', true)).toEqual([])
  })
})

describe('YAML', () => {
  test.each([
    ['a: 1\na: 2\n', 'a', 'This name stands here twice'],
    ['a: 1\n\tb: 2\n', '\t', 'Indent with spaces, not with tabs'],
  ])('%j', (text, place, message) => {
    const found = said(text, yamlProblems(text))
    expect(found.map(([, words]) => words)).toContain(message)
    expect(found.some(([where]) => where?.includes(place))).toBe(true)
  })

  test.each(['', 'a: 1\n---\na: 2\n', 'a: &b [1]\nc: *b\n'])('%j is right', (text) => {
    expect(yamlProblems(text)).toEqual([])
  })

  const indented = 'This line is indented in another way than the lines that it belongs to'
  test.each([
    ['b:\n  - x\n - y\n', [indented]],
    ['a:\n  b: 1\n c: 2\n', [indented]],
    ['a: 1\n  b: 2\n', [expect.stringMatching(/^This colon comes unexpectedly.*indented$/)]],
    ['a: "b\n', ['Something is not closed, or a sign is missing here']],
    ['a:\n - b\n  c: 1\nx: 1\nx: 2\n', [expect.anything(), 'This name stands here twice']],
  ])('%j: a wrong indentation is told once, and as that', (text, messages) => {
    expect(yamlProblems(text).map(({ message }) => message)).toEqual(messages)
  })

  test('what stands for what is never put in', () => {
    const text = ['a0: &a0 [x, x]', ...Array.from({ length: 30 }, (_, n) => `a${n + 1}: &a${n + 1} [*a${n}, *a${n}]`)]
    expect(yamlProblems(text.join('\n'))).toEqual([])
  })
})

describe('a text that goes on changing', () => {
  const problem: Problem = { start: 4, end: 6, severity: 'error', message: 'x', source: 'ruff' }
  const change = (from: number, to: number, insert: string) => ChangeSet.of({ from, to, insert }, 10)

  test('a problem moves along, and goes with what it is about', () => {
    expect(carried(problem, change(0, 0, 'ab'), 12)).toMatchObject({ start: 6, end: 8 })
    expect(carried(problem, change(4, 4, 'ab'), 12)).toMatchObject({ start: 6, end: 8 })
    expect(carried(problem, change(3, 8, ''), 5)).toBeNull()
  })

  test('a fix is for the text that it was made for', () => {
    const checked = Text.of(['0123456789'])
    const fix = { message: 'x', edits: [{ start: 4, end: 6, text: '!' }] }
    const before = change(0, 0, 'ab')
    expect(fixNow(fix, checked, before.apply(checked), before)).toEqual([{ from: 6, to: 8, insert: '!' }])
    const inside = change(5, 5, 'ab')
    expect(fixNow(fix, checked, inside.apply(checked), inside)).toBeNull()
    const gone = change(5, 7, '')
    expect(fixNow(fix, checked, gone.apply(checked), gone)).toBeNull()
    expect(
      fixNow({ message: 'x', edits: [{ start: 4, end: 11, text: '' }] }, checked, checked, ChangeSet.empty(10)),
    ).toBeNull()
  })
})

test('how many, in words', () => {
  expect(countsInWords(noProblems)).toBe('')
  expect(countsInWords(counted([{ severity: 'error' }, { severity: 'error' }, { severity: 'warning' }]))).toBe(
    '2 errors, 1 warning',
  )
  expect(countsInWords(counted([{ severity: 'info' }]))).toBe('1 hint')
})
