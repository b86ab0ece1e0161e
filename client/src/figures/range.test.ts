import { expect, test } from 'vitest'
import { isRange, lastDays } from './range'

test('the last days end today, in UTC', () => {
  expect(lastDays(7, new Date('2026-03-02T00:30:00+02:00'))).toEqual({ from: '2026-02-23', to: '2026-03-01' })
  expect(lastDays(1, new Date('2028-02-29T12:00:00Z'))).toEqual({ from: '2028-02-29', to: '2028-02-29' })
})

test.each([
  ['2026-01-01', '2026-01-01', true],
  ['2026-01-02', '2026-01-01', false],
  ['2023-01-01', '2026-01-01', true],
  ['2001-01-01', '2026-01-01', false],
  ['', '2026-01-01', false],
])('%s to %s is a range: %s', (from, to, is) => {
  expect(isRange({ from, to })).toBe(is)
})
