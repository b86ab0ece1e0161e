import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Alarm } from './alarm'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function alarm() {
  const rung: number[] = []
  const began = Date.now()
  return { rung, alarm: new Alarm(() => rung.push(Date.now() - began)) }
}

test('rings once, as late as was last said', () => {
  const { rung, alarm: one } = alarm()
  one.set(500)
  for (let key = 0; key < 10; key += 1) {
    vi.advanceTimersByTime(100)
    one.set(500)
  }
  vi.advanceTimersByTime(10_000)
  expect(rung).toEqual([1_500])
})

test('rings earlier than was said before', () => {
  const { rung, alarm: one } = alarm()
  one.set(30_000)
  vi.advanceTimersByTime(10)
  one.set(500)
  vi.advanceTimersByTime(60_000)
  expect(rung).toEqual([510])
})

test('may be set again while it rings, and stopped', () => {
  let left = 3
  const one: Alarm = new Alarm(() => {
    left -= 1
    if (left > 0) one.set(50)
  })
  one.set(0)
  vi.advanceTimersByTime(1_000)
  expect(left).toBe(0)
  one.set(10)
  one.stop()
  vi.advanceTimersByTime(1_000)
  expect(left).toBe(0)
})

test('putting it off makes no timer', () => {
  const { alarm: one } = alarm()
  one.set(500)
  const made = vi.spyOn(globalThis, 'setTimeout')
  const ended = vi.spyOn(globalThis, 'clearTimeout')
  for (let key = 0; key < 100; key += 1) one.set(500)
  expect(made).not.toHaveBeenCalled()
  expect(ended).not.toHaveBeenCalled()
})
