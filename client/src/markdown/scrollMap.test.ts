import { describe, expect, test } from 'vitest'
import { lineAtTop, topOfLine } from './scrollMap'

const marks = [
  { line: 0, top: 0 },
  { line: 4, top: 100 },
  { line: 6, top: 500 },
  { line: 7, top: 500 },
  { line: 9, top: 540 },
]

describe('lines and their places in the preview', () => {
  test.each([
    [0, 0],
    [1, 25],
    [4, 100],
    [5, 300],
    [8, 520],
    [9, 540],
    [99, 540],
  ])('line %s is at %s', (line, top) => {
    expect(topOfLine(marks, line)).toBe(top)
  })

  test.each([
    [0, 0],
    [25, 1],
    [300, 5],
    [520, 8],
    [900, 9],
    [-5, 0],
  ])('at %s is line %s', (top, line) => {
    expect(lineAtTop(marks, top)).toBe(line)
  })

  test('where nothing is drawn, at the top', () => {
    expect(topOfLine([], 5)).toBe(0)
    expect(lineAtTop([], 5)).toBe(0)
  })
})
