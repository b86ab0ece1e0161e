import { expect, test } from 'vitest'
import { openBeside } from './arrange'
import { dropInto, dropSide, placeAt } from './drag'
import { emptyLayout, halfAt, isSplit, open } from './layout'

const file = (id: string) => ({ id, kind: 'text', parent: null, name: id, path: id }) as const

const one = open(emptyLayout, file('a'), { kept: true })
const two = open(one, file('b'), { kept: true })

test('a tab is dropped before the one whose middle is to the right', () => {
  expect([0, 50, 51, 149, 151, 900].map((x) => placeAt([50, 150], x))).toEqual([0, 1, 1, 1, 2, 2])
  expect(placeAt([], 10)).toBe(0)
})

test('on a text it goes into that half, or makes one on the right', () => {
  expect(dropSide(two, 0, 0, false)).toBeNull()
  expect(dropSide(two, 0, 0, true)).toBe(1)
  const split = openBeside(two, 0, 'b')
  expect(dropSide(split, 0, 0, true)).toBeNull()
  expect(dropSide(split, 0, 1, false)).toBe(1)
})

test('the only tab is then in both halves', () => {
  const split = dropInto(one, 0, 'a', 1)
  expect(isSplit(split)).toBe(true)
  expect(halfAt(split, 0).active).toBe('a')
  expect(halfAt(dropInto(two, 0, 'b', 1), 0).tabs).toHaveLength(1)
})
