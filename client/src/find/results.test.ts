import { expect, test } from 'vitest'
import type { Match, Matches } from '../api/search'
import {
  afterReplacing,
  chosen,
  firstPage,
  partsOf,
  portions,
  refreshed,
  rowsOf,
  shownCount,
  withPage,
} from './results'

const match = (line: number, text: string, fields: Partial<Match> = {}): Match => ({
  id: `${text}.${line}`,
  line,
  column: text.indexOf('red'),
  length: 3,
  text,
  start: text.indexOf('red'),
  end: text.indexOf('red') + 3,
  replacement: null,
  ...fields,
})

const page = (fields: Partial<Matches> = {}): Matches => ({
  files: [
    { document: 'a', path: 'a.md', count: 2, matches: [match(1, 'red'), match(3, 'the red one')] },
    { document: 'b', path: 'b.md', count: 3, matches: [match(7, 'red rose')] },
  ],
  count: 5,
  in_files: 2,
  whole: true,
  next: 3,
  ...fields,
})

const none = new Set<string>()

test('a page goes on in the file in which the one before has ended', () => {
  const more = page({
    files: [
      { document: 'b', path: 'b.md', count: 3, matches: [match(7, 'red rose'), match(8, 'red'), match(9, 'red')] },
    ],
    next: null,
  })
  const results = withPage(firstPage(page()), more)
  expect(results.files.map(({ matches }) => matches.map(({ line }) => line))).toEqual([
    [1, 3],
    [7, 8, 9],
  ])
  expect([shownCount(results), results.next]).toEqual([5, null])
})

test('a line that has moved keeps its row, one that was changed is marked', () => {
  const results = firstPage(page())
  const now = refreshed(results, 'a', [match(11, 'red')], true)
  expect(now.files[0]?.matches.map(({ line, key }) => [line, key])).toEqual([
    [11, 'a/red.1'],
    [3, 'a/the red one.3'],
  ])
  expect([...now.fates]).toEqual([['a/the red one.3', 'changed']])
  expect(now.outdated).toBe(false)
  expect(chosen(now, none)).toEqual([
    { document: 'a', matches: ['red.11'] },
    { document: 'b', matches: ['red rose.7'] },
  ])
  const again = refreshed(now, 'a', [match(11, 'red'), match(12, 'the red one')], true)
  expect(again.fates.size).toBe(0)
})

test('what has come meanwhile is not put among the rows, only said', () => {
  const now = refreshed(firstPage(page()), 'a', [match(1, 'red'), match(3, 'the red one'), match(4, 'red too')], true)
  expect(shownCount(now)).toBe(3)
  expect(now.outdated).toBe(true)
})

test('of a file with more matches than were read nothing is called changed', () => {
  expect(refreshed(firstPage(page()), 'b', [], false).fates.size).toBe(0)
})

test('what was left out or has a fate is not replaced', () => {
  const results = firstPage(page())
  expect(chosen(results, new Set(['a/red.1', 'b/red rose.7']))).toEqual([{ document: 'a', matches: ['the red one.3'] }])
  const after = afterReplacing(results, [
    { document: 'a', path: 'a.md', replaced: ['red.1'], changed: ['the red one.3'], problem: null },
  ])
  expect([...after.fates]).toEqual([
    ['a/red.1', 'replaced'],
    ['a/the red one.3', 'changed'],
  ])
  expect(chosen(after, none)).toEqual([{ document: 'b', matches: ['red rose.7'] }])
  expect([...refreshed(after, 'a', [], true).fates.values()]).toEqual(['replaced', 'changed'])
})

test('a file that is folded away has one row', () => {
  expect(rowsOf(firstPage(page()), new Set(['a'])).map(({ is, file }) => `${is} ${file.path}`)).toEqual([
    'file a.md',
    'file b.md',
    'match b.md',
  ])
})

test('what stands in front of a match leaves room for it', () => {
  expect(partsOf(match(1, '    a red rose'))).toEqual({ before: 'a ', match: 'red', after: ' rose' })
  expect(partsOf(match(1, `${'x'.repeat(50)}red`)).before).toBe(`…${'x'.repeat(20)}`)
  const long = 'get_running_loop'
  const found = { start: 50, end: 50 + long.length }
  expect(partsOf(match(1, `${'x'.repeat(50)}${long}`, found)).before).toBe(`…${'x'.repeat(10)}`)
  expect(partsOf(match(1, `${'x'.repeat(50)}red`, { replacement: 'blue' })).before).toBe(`…${'x'.repeat(10)}`)
})

test('what is replaced goes out in portions that the server takes', () => {
  const file = (document: string, count: number) => ({
    document,
    matches: Array.from({ length: count }, (_, number) => `${document}${number}`),
  })
  const sizes = (all: ReturnType<typeof portions>) => all.map((one) => one.map(({ matches }) => matches.length))
  expect(portions([])).toEqual([])
  expect(sizes(portions([file('a', 9_999), file('b', 1), file('c', 1)]))).toEqual([[9_999, 1], [1]])
  expect(sizes(portions([file('a', 5), file('b', 25_000)]))).toEqual([[5], [10_000], [10_000], [5_000]])
  const many = portions(Array.from({ length: 2_001 }, (_, number) => file(`d${number}`, 1)))
  expect(many.map((one) => one.length)).toEqual([1_000, 1_000, 1])
  const whole = portions([file('a', 12_345), file('b', 7)]).flat()
  expect(whole.flatMap(({ matches }) => matches)).toEqual([...file('a', 12_345).matches, ...file('b', 7).matches])
})
