import { Awareness } from 'y-protocols/awareness'
import { describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { readPresence } from '../tree/presence'
import { readPeers } from './peers'

function room(states: Record<number, unknown>) {
  const doc = new Y.Doc()
  const text = doc.getText('text')
  text.insert(0, 'aé😀b')
  const awareness = new Awareness(doc)
  awareness.destroy() // ends its timer; the states can still be read
  for (const [client, state] of Object.entries(states))
    awareness.states.set(Number(client), state as Record<string, unknown>)
  return { doc, text, awareness }
}

const at = (text: Y.Text, index: number) =>
  JSON.parse(JSON.stringify(Y.createRelativePositionFromTypeIndex(text, index))) as unknown

describe('the cursors of others', () => {
  test('are read from the fields that y-codemirror.next writes, in UTF-16 positions', () => {
    const { text, awareness } = room({})
    const cursor = { anchor: at(text, 1), head: at(text, 4) }
    awareness.states.set(7, { user: { id: 'u', name: 'Ben', color: '#be185d' }, cursor })
    expect(readPeers(awareness, text)).toMatchObject([{ client: 7, name: 'Ben', color: '#be185d', anchor: 1, head: 4 }])
    text.insert(0, '😀')
    const [moved] = readPeers(awareness, text)
    expect([moved?.anchor, moved?.head]).toEqual([3, 6])
  })

  test.each([
    null,
    'cursor',
    { anchor: null, head: null },
    { anchor: {}, head: {} },
    { anchor: { tname: 'nodes' }, head: { tname: 'nodes' } },
    { anchor: { item: { client: -1, clock: 0 } }, head: { item: { client: 0, clock: 1e99 } } },
    { anchor: { item: { client: 'x', clock: {} } }, head: { item: [] } },
    { anchor: { type: { client: 1, clock: 1 } }, head: { type: 3 } },
    { anchor: { item: { client: 4, clock: 4 } }, head: { item: { client: 4, clock: 4 } } },
  ])('a cursor of anything else is left out: %j', (cursor) => {
    const { text, awareness } = room({ 9: { user: { name: 'Eve' }, cursor } })
    expect(readPeers(awareness, text)).toEqual([])
  })

  test('names and colours are what they claim to be, or plain', () => {
    const { text, awareness } = room({})
    const cursor = { anchor: at(text, 0), head: at(text, 0) }
    awareness.states.set(1, { user: { name: ' \n', color: 'red; background: url(//x)' }, cursor })
    awareness.states.set(2, { user: 'nobody', cursor })
    awareness.states.set(3, { user: { name: 'x'.repeat(500), color: 7 }, cursor })
    const peers = readPeers(awareness, text)
    expect(peers.map(({ name }) => name.length)).toEqual([8, 8, 80])
    for (const { color } of peers) expect(color).toMatch(/^#[0-9a-f]{6}$/)
  })
})

test('who is in the workspace: only people that the server has named, each page with its document', () => {
  const user = { id: 'u', name: 'Ben', color: '#be185d' }
  const { awareness } = room({
    1: { user, document: 'd' },
    2: { user, document: {} },
    3: { user: { name: 'Eve' } },
    4: 5,
  })
  expect(readPresence(awareness).map(({ user, document }) => [user, document])).toEqual([
    ['u', 'd'],
    ['u', null],
  ])
})
