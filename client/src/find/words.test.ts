import { expect, test } from 'vitest'
import { firstPage } from './results'
import { countInWords, outcomeInWords, replaceLabel } from './words'

const results = (count: number, whole = true) =>
  firstPage({ files: [], count, in_files: Math.min(count, 2), whole, next: null })

test('how much was found', () => {
  expect(countInWords(results(0))).toBe('Nothing was found.')
  expect(countInWords(results(0, false))).toBe('Nothing was found before looking took too long.')
  expect(countInWords({ ...results(1), files: [] })).toContain('1 match in 1 file.')
  expect(countInWords(results(12))).toBe('12 matches in 2 files. The first 0 are shown.')
  expect(countInWords(results(10_000, false))).toMatch(/^More than 10.?000 matches/)
})

test('what came of replacing', () => {
  const done = { document: 'a', path: 'a.md', replaced: ['1', '2'], changed: [], problem: null }
  expect(outcomeInWords([done])).toEqual({
    title: '2 matches replaced in 1 file',
    detail: 'What was there is kept in the history of each file.',
  })
  expect(outcomeInWords([{ ...done, changed: ['3'] }]).detail).toMatch(
    /^1 match left alone: somebody has changed the text there\./,
  )
  expect(
    outcomeInWords([{ document: 'b', path: null, replaced: [], changed: [], problem: 'There is no such text.' }]),
  ).toEqual({ title: 'Nothing was replaced', detail: 'One file was left alone: There is no such text.' })
})

test('a button that deletes says so', () => {
  expect([replaceLabel(0, 'x'), replaceLabel(4, 'x'), replaceLabel(4, '')]).toEqual([
    'Replace',
    'Replace 4',
    'Replace 4 with nothing',
  ])
})
