import { expect, test } from 'vitest'
import { patchOf } from './patch'

test.each([
  ['nothing changed', 'a|b|c', 'a|b|c', 3, 0],
  ['one changed', 'a|b|c', 'a|X|c', 1, 1],
  ['one came', 'a|b|c', 'a|b|X|c', 2, 1],
  ['one went', 'a|b|X|c', 'a|b|c', 2, 1],
  ['one of several that are the same went', 'x|x|x', 'x|x', 2, 0],
  ['all went', 'a|b|c', '', 0, 0],
  ['all is new', '', 'a|b|c', 0, 0],
  ['all is different', 'a|b|c', 'x|y|z', 0, 0],
])('%s', (_name, before, after, head, tail) => {
  expect(patchOf(before.split('|'), after.split('|'))).toEqual({ head, tail })
})
