import { expect, test } from 'vitest'
import { contrast, readable } from './readable'

test('contrast is that of WCAG', () => {
  expect(contrast('#000', '#ffffff')).toBeCloseTo(21, 5)
  expect(contrast('#777777', '#fff')).toBeCloseTo(4.48, 2)
  expect(contrast('#fff', '#777777')).toBeCloseTo(4.48, 2)
})

test('what can be read stays, and what is no colour', () => {
  expect(readable('#005cc5', '#fff', '#24292e')).toBe('#005cc5')
  for (const odd of ['red', 'ffeef0', 'rgba(0, 0, 0, 0.1)', '#00000073']) {
    expect(readable(odd, '#fff', '#000')).toBe(odd)
    expect(readable('#eeeeee', odd, '#000')).toBe('#eeeeee')
  }
})

test('every colour on every paper can be read, also in the line with the cursor', () => {
  const digits = ['00', '33', '66', '99', 'cc', 'ff']
  const all = digits.flatMap((r) => digits.flatMap((g) => digits.map((b) => `#${r}${g}${b}`)))
  for (const [paper, ink, line] of [
    ['#ffffff', '#24292e', '#f6f6f7'],
    ['#fdf6e3', '#657b83', '#f7f1df'],
    ['#002b36', '#93a1a1', '#063039'],
    ['#2e3440', '#ffffff', '#363c48'],
  ] as const) {
    for (const color of all) {
      const made = readable(color, paper, ink)
      expect(Math.min(contrast(made, paper), contrast(made, line)), `${color} on ${paper}`).toBeGreaterThanOrEqual(4.5)
    }
  }
})

test('it becomes no paler than it must', () => {
  const made = readable('#616e88', '#2e3440', '#ffffff')
  expect(contrast(made, '#363c48')).toBeLessThan(4.8)
})
