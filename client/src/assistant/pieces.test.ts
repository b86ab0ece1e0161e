import { expect, test } from 'vitest'
import { pieces } from './pieces'

test('a range is cut where something is drawn inside it, and nowhere else', () => {
  expect(pieces(2, 9, [0, 2, 4, 7, 9, 12])).toEqual([
    [2, 4],
    [4, 7],
    [7, 9],
  ])
  expect(pieces(2, 9, [])).toEqual([[2, 9]])
})
