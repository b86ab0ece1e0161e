import { expect, test } from 'vitest'
import { labelled, runs, ticks } from './scale'

test.each([
  [0, false, [0, 1]],
  [1, true, [0, 1]],
  [3, true, [0, 1, 2, 3]],
  [7, true, [0, 2, 4, 6, 8]],
  [1, false, [0, 0.25, 0.5, 0.75, 1]],
  [0.33, false, [0, 0.1, 0.2, 0.3, 0.4]],
  [12_400, false, [0, 5000, 10_000, 15_000]],
])('up to %s the marks are round', (most, whole, expected) => {
  expect(ticks(most, whole)).toEqual(expected)
})

test('marks reach what they are for, whatever it is', () => {
  for (let most = 0.0003; most < 1e9; most *= 1.37) {
    const found = ticks(most)
    expect(found.at(-1)).toBeGreaterThanOrEqual(most * 0.999_999)
    expect(found.length).toBeLessThanOrEqual(6)
    const whole = ticks(most, true)
    expect(whole.every(Number.isInteger)).toBe(true)
    expect(whole.length).toBeLessThanOrEqual(6)
  }
})

test('labels are left out where they would run into each other', () => {
  expect([...labelled(3, 300, 50)]).toEqual([2, 1, 0])
  expect([...labelled(10, 200, 50)]).toEqual([9, 6, 3, 0])
  expect(labelled(0, 200, 50).size).toBe(0)
})

test('a line is not drawn across what is not known', () => {
  expect(runs([1, 2, null, 3, null, null, 4, 5])).toEqual([[0, 1], [3], [6, 7]])
  expect(runs([null])).toEqual([])
})
