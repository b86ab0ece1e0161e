import { expect, test } from 'vitest'
import { EventReader } from './serverEvents'

const stream = 'data: {"text":"a: b"}\n\ndata:one\ndata: two\n\n: alive\n\nevent: done\ndata: {}\n\n'
const events = [
  { type: 'message', data: '{"text":"a: b"}' },
  { type: 'message', data: 'one\ntwo' },
  { type: 'message', data: '' },
  { type: 'done', data: '{}' },
]

test('events are read however they are cut up', () => {
  expect(new EventReader().push(stream)).toEqual(events)
  for (let size = 1; size < 9; size += 1) {
    const reader = new EventReader()
    const pieces = stream.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? []
    expect(pieces.flatMap((piece) => reader.push(piece))).toEqual(events)
  }
})

test('what has no end yet is no event', () => {
  expect(new EventReader().push('data: {"text":')).toEqual([])
})
