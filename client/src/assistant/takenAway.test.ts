import { expect, test } from 'vitest'
import type { Hunk, HunkState, Suggestion } from '../api/types'
import { none, suggestionChanged } from './suggestions'
import { takenAway, takenAwayFrom } from './takenAway'

const hunk = (state: HunkState): Hunk => ({ id: 'h', document: 'd', path: 'a.md', state, revision: 1 }) as Hunk
const suggestion = (mode: 'edit' | 'write', state: HunkState, created_at = '2026-01-01T00:00:00Z'): Suggestion =>
  ({ id: created_at, mode, created_at, documents: ['d'], hunks: [hunk(state)] }) as unknown as Suggestion

test.each([
  ['write', 'rejected', true],
  ['write', 'undone', true],
  ['write', 'accepted', false],
  ['write', 'pending', false],
  ['edit', 'rejected', false],
] as const)('a %s that was %s tells why its file is gone: %s', (mode, state, tells) => {
  const known = suggestionChanged(none, suggestion(mode, state), 0)
  expect(takenAway(known, 'd') !== null).toBe(tells)
  expect(takenAway(known, 'other')).toBeNull()
})

test('a path of which nothing is left is known by what was written there', () => {
  const known = suggestionChanged(none, suggestion('write', 'undone'), 0)
  expect(takenAwayFrom(known, 'a.md', () => false)?.hunk.id).toBe('h')
  expect(takenAwayFrom(known, 'a.md', () => true)).toBeNull()
  expect(takenAwayFrom(known, 'b.md', () => false)).toBeNull()
})

test('the newest suggestion counts', () => {
  const first = suggestionChanged(none, suggestion('write', 'undone'), 0)
  const then = suggestionChanged(first, suggestion('edit', 'accepted', '2026-01-02T00:00:00Z'), 0)
  expect(takenAway(then, 'd')).toBeNull()
})
