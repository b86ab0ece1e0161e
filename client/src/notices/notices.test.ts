import { expect, test } from 'vitest'
import type { Hunk, Notice } from '../api/types'
import { decided, merged, mostDecided, type Notices, seenBy, unread, waiting } from './notices'

const hunk = (revision: number): Hunk => ({
  id: 'h',
  document: 'd',
  path: 'a.py',
  start: 0,
  end: 1,
  anchors: ['', ''],
  base: 'x',
  proposed: '',
  state: 'pending',
  revision,
})
const notice = (id: string, fields: Partial<Notice> = {}): Notice => ({
  id,
  document: 'd',
  path: 'a.py',
  kind: 'faults',
  reason: 'Something.',
  sources: [],
  state: 'open',
  created_at: '2026-01-01T00:00:00Z',
  read_by: [],
  hunks: [hunk(0)],
  ...fields,
})
const known = (...notices: Notice[]): Notices => merged(new Map(), notices)
const always = () => true

test('what is read late does not open again what was decided', () => {
  const told = known(notice('a', { state: 'accepted', hunks: [hunk(1)] }))
  expect(merged(told, [notice('a')]).get('a')?.state).toBe('accepted')
  expect(merged(told, [notice('a', { state: 'rejected', hunks: [hunk(2)] })]).get('a')?.state).toBe('rejected')
})

test('what is gone goes, and what was read stays read', () => {
  const told = seenBy(known(notice('a'), notice('b')), ['a', 'c'], 'ann')
  expect(unread([...told.values()], 'ann')).toEqual(['b'])
  expect(seenBy(told, ['a'], 'ann')).toBe(told)
  const again = merged(told, [notice('a', { read_by: ['bob'] })])
  expect(again.get('a')?.read_by.toSorted()).toEqual(['ann', 'bob'])
  expect([...merged(told, [notice('a', { state: 'gone' })]).keys()]).toEqual(['b'])
})

test('the newest comes first, and nothing of a file that is gone', () => {
  const told = known(
    notice('old'),
    notice('new', { created_at: '2026-01-02T00:00:00Z' }),
    notice('trashed', { document: 'e' }),
    notice('done', { state: 'rejected', decided_at: '2026-01-03T00:00:00Z' }),
  )
  expect(waiting(told, (document) => document === 'd').map(({ id }) => id)).toEqual(['new', 'old'])
  expect(waiting(told, always)).toHaveLength(3)
  expect(decided(told).map(({ id }) => id)).toEqual(['done'])
})

test('of what was decided the last ones are shown', () => {
  const many = Array.from({ length: 20 }, (_, at) =>
    notice(`n${at}`, { state: 'accepted', decided_at: `2026-01-01T00:00:${String(at).padStart(2, '0')}Z` }),
  )
  const shown = decided(known(...many))
  expect(shown).toHaveLength(mostDecided)
  expect(shown[0]?.id).toBe('n19')
})
