// @vitest-environment jsdom
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createStore } from '../lib/store'
import { DocumentPool, type Pooled } from './pool'
import { initial, type SaveState } from './saveState'
import type { Phase } from './session'

/** Stands for the connection and the text of a session, of which a pool knows no more than this. */
class Text implements Pooled {
  readonly phase = createStore<Phase>({ is: 'open' })
  readonly save = createStore<SaveState>(initial)
  mustGoOn = false
  holdsUndo = false
  wouldLose = false
  readonly rest = vi.fn()
  readonly goOn = vi.fn()
  readonly close = vi.fn()

  /** The server has taken everything. */
  saved(): void {
    this.mustGoOn = false
    this.save.set({ ...initial, confirmed: 1 })
  }
}

let pool: DocumentPool<Text>

beforeEach(() => {
  vi.useFakeTimers()
  pool = new DocumentPool(() => new Text())
})
afterEach(() => {
  pool.close()
  vi.useRealTimers()
})

test('all places that show a text share it, and it is closed a moment after the last', () => {
  const text = pool.acquire('a')
  expect(pool.acquire('a')).toBe(text)
  expect(pool.acquire('b')).not.toBe(text)
  pool.release('a')
  vi.runAllTimers()
  expect(text.close).not.toHaveBeenCalled()
  pool.release('a')
  expect(text.close).not.toHaveBeenCalled()
  vi.runAllTimers()
  expect(text.close).toHaveBeenCalledOnce()
  expect(pool.acquire('a')).not.toBe(text)
})

test('whoever comes back at once finds it as it was', () => {
  const text = pool.acquire('a')
  pool.release('a')
  expect(pool.acquire('a')).toBe(text)
  vi.runAllTimers()
  expect(text.close).not.toHaveBeenCalled()
  expect(text.goOn).not.toHaveBeenCalled()
})

test('what is not saved goes on until it is', () => {
  const text = pool.acquire('a')
  text.mustGoOn = true
  pool.release('a')
  vi.runAllTimers()
  text.save.set({ ...initial, connected: true })
  expect(text.close).not.toHaveBeenCalled()
  text.saved()
  expect(text.close).toHaveBeenCalledOnce()
})

test('what is shown again before it is saved is not closed when it is', () => {
  const text = pool.acquire('a')
  text.mustGoOn = true
  pool.release('a')
  vi.runAllTimers()
  expect(pool.acquire('a')).toBe(text)
  text.saved()
  expect(text.close).not.toHaveBeenCalled()
})

test('where something can be undone it rests, and goes on when it is shown again', () => {
  const text = pool.acquire('a')
  text.holdsUndo = true
  pool.release('a')
  vi.runAllTimers()
  expect(text.rest).toHaveBeenCalledOnce()
  expect(text.close).not.toHaveBeenCalled()
  expect(pool.acquire('a')).toBe(text)
  expect(text.goOn).toHaveBeenCalledOnce()
})

test('those that rest for the longest go first', () => {
  const texts = Array.from({ length: 14 }, (_, nth) => {
    const text = pool.acquire(`${nth}`)
    text.holdsUndo = true
    pool.release(`${nth}`)
    vi.runAllTimers()
    return text
  })
  expect(texts.map(({ close }) => close.mock.calls.length)).toEqual([1, 1, ...Array<number>(12).fill(0)])
})

test('one that has ended begins anew for whoever shows it after that', () => {
  const text = pool.acquire('a')
  text.phase.set({ is: 'ended', ending: { title: '', detail: '', keepsText: true } })
  expect(pool.acquire('a')).toBe(text)
  pool.release('a')
  pool.release('a')
  expect(pool.acquire('a')).not.toBe(text)
  expect(text.close).toHaveBeenCalledOnce()
})

test('whoever leaves the page is asked when a text behind another tab would be lost', () => {
  const text = pool.acquire('a')
  text.mustGoOn = true
  text.wouldLose = true
  pool.release('a')
  vi.runAllTimers()
  const leaving = new Event('beforeunload', { cancelable: true })
  dispatchEvent(leaving)
  expect(leaving.defaultPrevented).toBe(true)
})
