import { expect, test } from 'vitest'
import { isPlaceOnly, readTarget } from './target'

test.each([
  ['rooms', 'rooms', null, null],
  ['rooms:12', 'rooms', 12, null],
  ['rooms:12:4', 'rooms', 12, 4],
  ['rooms:', 'rooms', null, null],
  [':7', '', 7, null],
  ['', '', null, null],
  [' a b ', 'a b', null, null],
  ['12:30 notes', '12:30 notes', null, null],
  ['x:1:2:3', 'x:1', 2, 3],
])('%j means the file %j, line %j and column %j', (typed, query, line, column) => {
  expect(readTarget(typed)).toEqual({ query, line, column })
})

test('a place alone is in the file that is open', () => {
  expect(isPlaceOnly(':7')).toBe(true)
  expect(isPlaceOnly('rooms:7')).toBe(false)
})
