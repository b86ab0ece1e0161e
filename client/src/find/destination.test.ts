import { Text } from '@codemirror/state'
import { expect, test } from 'vitest'
import type { Match } from '../api/search'
import { locate, nearby } from './destination'

const match = (fields: Partial<Match>): Match => ({
  id: '1',
  line: 2,
  column: 4,
  length: 3,
  text: 'the red one',
  start: 4,
  end: 7,
  replacement: null,
  ...fields,
})
const at = (text: string, fields: Partial<Match> = {}) => locate(Text.of(text.split('\n')), match(fields))

test('a match is where it was, or where its line is by now', () => {
  expect(at('above\nthe red one\n')).toEqual({ from: 10, to: 13 })
  expect(at('above\nnew\nnew\nthe red one')).toEqual({ from: 18, to: 21 })
  expect(at('the red one')).toEqual({ from: 4, to: 7 })
})

test('of several lines that say the same the nearest is meant', () => {
  expect(at('the red one\nx\nx\nthe red one', { line: 4 })?.from).toBe(20)
})

test('a line that says something else is not guessed', () => {
  expect(at('above\nthe red ones were\nred')).toBeNull()
  expect(at('above\nred the one')).toBeNull()
})

test('of a long line only a part is known', () => {
  const line = `${'a'.repeat(1000)}red${'b'.repeat(1000)}`
  const shown = `…${line.slice(940, 1240)}…`
  expect(at(`x\n${line}`, { text: shown, start: 61, end: 64, column: 1000 })).toEqual({ from: 1002, to: 1005 })
})

test('where a line has changed, the same words in it are shown, or its beginning', () => {
  const shown = (text: string) => nearby(Text.of(text.split('\n')), match({}))
  expect(shown('above\na red rose')).toEqual({ from: 8, to: 11 })
  expect(shown('above\nblue')).toEqual({ from: 6, to: 6 })
  expect(shown('above')).toEqual({ from: 0, to: 0 })
})
