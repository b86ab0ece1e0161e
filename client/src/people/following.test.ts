import { expect, test } from 'vitest'
import type { Presence } from '../tree/presence'
import { Following, whereabouts } from './following'

const page = (client: number, user: string, document: string | null): Presence => ({
  client,
  user,
  name: user,
  color: '#000000',
  document,
})

test('of several pages the one that was followed goes on being followed', () => {
  const present = [page(1, 'ann', 'a'), page(2, 'ann', 'b'), page(3, 'bob', 'c')]
  expect(whereabouts(present, 'ann', 'b')).toBe('b')
  expect(whereabouts(present, 'ann', 'c')).toBe('a')
  expect(whereabouts(present, 'ann', null)).toBe('a')
})

test('somebody may be in no file, or gone', () => {
  expect(whereabouts([page(1, 'ann', null)], 'ann', 'a')).toBeNull()
  expect(whereabouts([page(1, 'ann', 'a')], 'bob', 'a')).toBeUndefined()
})

test('the same button begins and ends it', () => {
  const following = new Following()
  following.toggle('ann')
  expect(following.user.get()).toBe('ann')
  following.toggle('bob')
  expect(following.user.get()).toBe('bob')
  following.toggle('bob')
  expect(following.user.get()).toBeNull()
})
