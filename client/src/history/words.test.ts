import { expect, test } from 'vitest'
import type { Hand, Version } from '../api/history'
import { inOrder, occasion, versionTitle, whoTookPart } from './words'

const person = (name: string): Hand => ({ kind: 'person', id: name.toLowerCase(), name })
const assistant: Hand = { kind: 'assistant', id: 'assistant', name: 'Assistant' }
const [ann, bob, cleo, dan, eve] = ['Ann', 'Bob', 'Cleo', 'Dan', 'Eve'].map(person) as [Hand, Hand, Hand, Hand, Hand]

const version: Version = {
  id: '0',
  name: null,
  at: new Date(2026, 10, 29, 14, 5).toISOString(),
  automatic: true,
  by: null,
  before_restore: false,
  incomplete: false,
  authors: [],
  size: 0,
}

test('who took part: oneself first, the assistant last', () => {
  expect(inOrder([assistant, cleo, bob, ann], 'bob')).toEqual([bob, ann, cleo, assistant])
  expect(whoTookPart([assistant, ann, bob], 'bob')).toBe('You, Ann and the assistant')
  expect(whoTookPart([ann], 'bob')).toBe('Ann')
  expect(whoTookPart([assistant], 'bob')).toBe('The assistant')
  expect(whoTookPart([], 'bob')).toBe('Nobody is recorded')
})

test('of many only some are named, and never one as a number', () => {
  expect(whoTookPart([ann, bob, cleo, dan], 'me')).toBe('Ann, Bob, Cleo and Dan')
  expect(whoTookPart([ann, bob, cleo, dan, eve], 'me')).toBe('Ann, Bob, Cleo and 2 more')
})

test('why there is a version', () => {
  expect(occasion(version, 'ann')).toBeNull()
  expect(occasion({ ...version, automatic: false, by: ann }, 'ann')).toBe('kept by you')
  expect(occasion({ ...version, automatic: false, by: ann, name: 'x' }, 'bob')).toBe('named by Ann')
  expect(occasion({ ...version, before_restore: true }, 'bob')).toBe('before a restore')
})

test('how a version is spoken of', () => {
  const now = new Date(2026, 10, 29, 15, 0)
  expect(versionTitle(version, now)).toMatch(/^Today at /)
  expect(versionTitle({ ...version, name: 'before lunch' }, now)).toMatch(/^“before lunch”, today at /)
})
