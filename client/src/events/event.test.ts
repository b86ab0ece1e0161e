import { expect, test } from 'vitest'
import { readEvent } from './event'

const frame = (id: unknown, type: unknown, data: unknown) => JSON.stringify({ specversion: '1.0', id, type, data })

test('only numbered events can be resumed from', () => {
  const data = { user: 'u' }
  expect(readEvent(frame('12', 'scriptorium.member.changed', data))).toEqual({ id: '12', type: 'member.changed', data })
  expect(readEvent(frame('12.t3', 'scriptorium.chat.delta', data))?.id).toBeNull()
})

test.each([
  null,
  7,
  '',
  '{',
  '[]',
  'null',
  frame('1', 'other.type', {}),
  frame('1', 'scriptorium.x', null),
  frame('1', 2, {}),
])('what is no event of ours is left alone: %s', (text) => {
  expect(readEvent(text)).toBeNull()
})
