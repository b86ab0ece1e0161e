import { expect, test } from 'vitest'
import type { ListedJob } from '../api/types'
import { without } from './failures'

const failed = (id: string): ListedJob => ({
  id,
  kind: 'chat',
  state: 'failed',
  requested_by: { id: 'u', name: 'Ann' },
  created_at: '2026-01-01T00:00:00Z',
  instruction: 'Well?',
})

test('a job that is tried again leaves the list, and any other changes nothing', () => {
  const list = [failed('a'), failed('b')]
  expect(without(list, 'a')).toEqual([failed('b')])
  expect(without(list, 'c')).toBe(list)
})
