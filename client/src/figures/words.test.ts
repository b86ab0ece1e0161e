import { expect, test } from 'vitest'
import type { FigureSet } from '../api/types'
import { acceptance, calls, costs, firstWords, groupName, isEmpty, kept } from './words'

const nothing: FigureSet = {
  decisions: { accepted: 0, rejected: 0, taken_back: 0, ignored: 0, stale: 0, acceptance: null },
  kept: {
    quiet: { count: 0, rate: null },
    after_30s: { count: 0, rate: null },
    after_10min: { count: 0, rate: null },
  },
  calls: { count: 0, ended: {}, estimated: 0 },
  first_token: { count: 0, p50: null, p95: null },
  tokens: { prompt: 0, completion: 0 },
  cost: [],
}

const decided = (accepted: number, rejected: number, taken_back = 0): FigureSet => ({
  ...nothing,
  decisions: { ...nothing.decisions, accepted, rejected, taken_back, acceptance: accepted / (accepted + rejected) },
})

test('of nothing there are no figures', () => {
  for (const told of [acceptance(nothing), kept(nothing), firstWords(nothing)]) expect(told.value).toBeNull()
  expect(costs(nothing)).toBeNull()
  expect(isEmpty(nothing)).toBe(true)
})

test('what was looked at once is not called never looked at', () => {
  const young = { ...nothing, kept: { ...nothing.kept, quiet: { count: 2, rate: 1 } } }
  expect(kept(nothing).of).toBe('No accepted text was looked at again.')
  expect(kept(young)).toEqual({ value: null, of: 'No accepted text is 10 minutes old.' })
})

test('of a few decisions there is no percentage', () => {
  expect(acceptance(decided(1, 0))).toEqual({ value: '1 of 1', of: 'accepted' })
  expect(acceptance(decided(3, 1, 1))).toEqual({ value: '3 of 4', of: 'accepted, 1 undone later' })
  expect(acceptance(decided(4, 1))).toEqual({ value: '80 %', of: '4 of 5 decisions' })
  expect(acceptance(decided(999, 1)).value).toBe('> 99 %')
  expect(isEmpty(decided(0, 1))).toBe(false)
})

test('of a few answers nobody is the slowest in twenty', () => {
  const answers = (count: number) => firstWords({ ...nothing, first_token: { count, p50: 0.84, p95: 12.3 } })
  expect(answers(1)).toEqual({ value: '840 ms', of: 'median of 1 answer' })
  expect(answers(20).of).toBe('median of 20 answers; 19 of 20 begin within 12 s')
})

test('what did not simply end is named', () => {
  const some = { ...nothing, calls: { count: 12, ended: { done: 9, failed: 2, stopped: 1 }, estimated: 0 } }
  expect(calls(some)).toBe('12 requests, 2 failed, 1 stopped by people')
})

test('groups have names for people', () => {
  expect(groupName('kind', { ...nothing, key: 'write', name: null })).toBe('Texts written')
  expect(groupName('language', { ...nothing, key: 'python', name: null })).toBe('Python')
  expect(groupName('language', { ...nothing, key: null, name: null })).toBe('Other files, or none')
  expect(groupName('person', { ...nothing, key: 'x', name: null })).toBe('Somebody who is gone')
  expect(groupName('model', { ...nothing, key: 'local', name: null })).toBe('Built-in assistant')
})
