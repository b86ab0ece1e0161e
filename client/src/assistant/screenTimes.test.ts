import { expect, test } from 'vitest'
import { ScreenTimes } from './screenTimes'

const both = ['a', 'b']

test('counts the time on the screen, with what was off it left out', () => {
  const times = new ScreenTimes()
  times.look(both, new Set(['a']), 1_000)
  times.look(both, new Set(['a']), 1_500)
  times.look(both, new Set(), 2_000)
  times.look(both, new Set(['a']), 5_000)
  expect(times.of(both, 5_250.4)).toEqual({ a: 1_250 })
})

test('says nothing of what never was on it', () => {
  const times = new ScreenTimes()
  times.look(both, new Set(['b']), 0)
  expect(times.of(['a'], 10)).toEqual({})
  expect(times.of(both, 10)).toEqual({ b: 10 })
})

test('leaves alone what another text shows', () => {
  const times = new ScreenTimes()
  times.look(['a'], new Set(['a']), 0)
  times.look(['b'], new Set(), 100)
  expect(times.of(['a'], 200)).toEqual({ a: 200 })
})
