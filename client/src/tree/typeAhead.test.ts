import { expect, test } from 'vitest'
import { meantBy } from './typeAhead'

const names = ['src', 'README.md', 'readme.txt', 'rich.md', 'Über.md']

test('letters lead to the next name that begins with them, whatever its case', () => {
  expect(meantBy('r', names, 0)).toBe(1)
  expect(meantBy('ri', names, 1)).toBe(3)
  expect(meantBy('ü', names, 0)).toBe(4)
  expect(meantBy('readme.t', names, 1)).toBe(2)
})

test('where one stands already is good enough for a longer word, and not for one letter', () => {
  expect(meantBy('re', names, 1)).toBe(1)
  expect(meantBy('r', names, 1)).toBe(2)
  expect(meantBy('rrr', names, 2)).toBe(3)
})

test('it goes on from the top, and nowhere where nothing begins so', () => {
  expect(meantBy('r', names, 3)).toBe(1)
  expect(meantBy('s', names, -1)).toBe(0)
  expect(meantBy('x', names, 0)).toBeNull()
  expect(meantBy('', names, 0)).toBeNull()
  expect(meantBy('a', [], 0)).toBeNull()
})
