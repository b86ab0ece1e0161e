import { describe, expect, test } from 'vitest'
import { heard, pauseOf, type Rhythm, unknownRhythm } from './rhythm'

function typing(intervals: number[]): Rhythm {
  let time = 1_000
  return intervals.reduce((rhythm, interval) => heard(rhythm, (time += interval)), heard(unknownRhythm, time))
}

const steadily = (interval: number) => typing(new Array<number>(60).fill(interval))

describe('the pause that is long enough to ask', () => {
  test('follows the rhythm of the person', () => {
    expect(pauseOf(steadily(100))).toBeCloseTo(220, -1)
    expect(pauseOf(steadily(300))).toBeCloseTo(660, -1)
    expect(pauseOf(steadily(100))).toBeLessThan(pauseOf(unknownRhythm))
  })

  test('has its bounds, for machines and for thinkers', () => {
    expect(pauseOf(steadily(5))).toBe(180)
    expect(pauseOf(steadily(1_500))).toBe(900)
  })

  test('is not made longer by thinking', () => {
    expect(typing([100, 100, 60_000, 100]).beat).toBeCloseTo(typing([100, 100, 100]).beat)
    expect(typing([100, -5_000, 100]).beat).toBeCloseTo(typing([100, 100]).beat)
  })

  test('one slow key among many changes little', () => {
    const before = steadily(120)
    expect(pauseOf(heard(before, (before.last ?? 0) + 1_200))).toBeLessThan(2 * pauseOf(before))
  })
})
