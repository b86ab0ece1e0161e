import { expect, test } from 'vitest'
import { quotedNames } from './format'

test('names of a tool stand in quotation marks', () => {
  expect(quotedNames('`os` imported but unused, `a` and `b`')).toBe('“os” imported but unused, “a” and “b”')
  expect(quotedNames('One ` alone')).toBe('One ` alone')
})
