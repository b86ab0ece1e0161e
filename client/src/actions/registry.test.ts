import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Registry } from './registry'

let registry: Registry
const run = vi.fn()

beforeEach(() => {
  vi.useFakeTimers()
  registry = new Registry()
})
afterEach(() => {
  vi.useRealTimers()
  run.mockReset()
})

test('an action can be done as long as somebody offers it', () => {
  expect(registry.run('files.new')).toBe(false)
  const withdraw = registry.offer({ 'files.new': run })
  expect(registry.list()).toEqual([{ id: 'files.new', available: true }])
  expect(registry.run('files.new')).toBe(true)
  expect(run).toHaveBeenCalledOnce()
  withdraw()
  expect(registry.list()).toEqual([])
  expect(registry.run('files.new')).toBe(false)
})

test('an offer says for itself whether it holds, at the moment it is asked', () => {
  let available: true | string = 'there is no change to decide'
  registry.offer({ 'review.accept': { run, available: () => available } })
  expect(registry.list()).toEqual([{ id: 'review.accept', available: 'there is no change to decide' }])
  expect(registry.run('review.accept')).toBe(false)
  expect(run).not.toHaveBeenCalled()
  available = true
  expect(registry.run('review.accept')).toBe(true)
})

test('the last offer counts, and who leaves takes only the own one along', () => {
  const earlier = vi.fn()
  const withdraw = registry.offer({ 'files.new': earlier })
  registry.offer({ 'files.new': run })
  withdraw()
  registry.run('files.new')
  expect(run).toHaveBeenCalledOnce()
  expect(earlier).not.toHaveBeenCalled()
})

describe('an action that waits for its panel', () => {
  test('is done once when that is there', () => {
    registry.runWhenOffered('files.new')
    registry.offer({ 'files.new': run })
    expect(run).not.toHaveBeenCalled()
    vi.runAllTimers()
    registry.offer({ 'files.new': run })
    vi.runAllTimers()
    expect(run).toHaveBeenCalledOnce()
  })

  test('is forgotten when it comes late, or when something else was done meanwhile', () => {
    registry.runWhenOffered('files.new')
    vi.advanceTimersByTime(6_000)
    registry.offer({ 'files.new': run })
    vi.runAllTimers()
    registry.runWhenOffered('files.newFolder')
    registry.offer({ 'show.files': () => undefined })
    registry.run('show.files')
    registry.offer({ 'files.newFolder': run })
    vi.runAllTimers()
    expect(run).not.toHaveBeenCalled()
  })
})
