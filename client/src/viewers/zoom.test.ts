import { expect, test } from 'vitest'
import { nextZoom, written } from './zoom'

test.each([
  [1, 1, 1.25],
  [1, -1, 0.75],
  [0.333, 1, 0.5],
  [0.333, -1, 0.25],
  [0.999, 1, 1.25],
  [8, 1, 8],
  [20, -1, 8],
  [0.02, -1, 0.1],
  [0.02, 1, 0.1],
] as const)('from %s, %s', (zoom, direction, next) => {
  expect(nextZoom(zoom, direction)).toBe(next)
})

test('as people read it', () => {
  expect(written(0.333)).toBe('33 %')
})
