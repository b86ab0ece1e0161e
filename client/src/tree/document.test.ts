// @vitest-environment jsdom
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { afterEach, expect, test, vi } from 'vitest'
import { readSyncMessage } from 'y-protocols/sync'
import * as Y from 'yjs'
import { TreeDocument } from './document'

const id = 'a'.repeat(32)

/** The far end of a socket: a document that answers as the server does, and may be exchanged. */
class Socket {
  static document = new Y.Doc()
  static readonly opened: Socket[] = []
  static readonly OPEN = 1
  readonly OPEN = 1
  binaryType = ''
  readyState = 1
  onopen: (() => void) | null = null
  onmessage: ((event: { data: ArrayBuffer }) => void) | null = null
  onclose: ((event: { code: number; reason: string }) => void) | null = null
  onerror: (() => void) | null = null

  constructor() {
    Socket.opened.push(this)
    setTimeout(() => this.onopen?.())
  }

  send(frame: Uint8Array): void {
    const decoder = decoding.createDecoder(frame)
    if (decoding.readVarUint(decoder) !== 0) return
    const answer = encoding.createEncoder()
    encoding.writeVarUint(answer, 0)
    readSyncMessage(decoder, answer, Socket.document, null)
    const data = encoding.toUint8Array(answer)
    if (data.length > 1) setTimeout(() => this.onmessage?.({ data: data.slice().buffer }))
  }

  close(): void {
    this.readyState = 3
  }

  endsBecause(reason: string): void {
    this.close()
    this.onclose?.({ code: 1012, reason })
  }
}

/** Whoever writes it uses the same client id: two that differ cannot both be what was written. */
function tree(name: string): Y.Doc {
  const document = new Y.Doc()
  document.clientID = 7
  const node = new Y.Map<unknown>([
    ['name', name],
    ['parent', null],
    ['kind', 'text'],
  ])
  document.getMap('nodes').set(id, node)
  return document
}

const paths = (shown: TreeDocument) => [...shown.tree.get().nodes.values()].map(({ path }) => path)

let shown: TreeDocument

afterEach(() => {
  shown.close()
  Socket.opened.length = 0
  vi.unstubAllGlobals()
})

async function open(): Promise<void> {
  vi.stubGlobal('WebSocket', Socket)
  Socket.document = tree('forged.md')
  shown = new TreeDocument('w')
  shown.show({ document: id, as: 'text', at: null })
  await vi.waitFor(() => expect(paths(shown)).toEqual(['forged.md']))
}

test('a tree that the server has rebuilt is asked for anew, whatever this page had of it', async () => {
  await open()
  const seen: string[][] = []
  shown.tree.subscribe(() => seen.push(paths(shown)))
  Socket.document = tree('true.md')
  Socket.opened.at(-1)?.endsBecause('the document was rebuilt')
  await vi.waitFor(() => expect(paths(shown)).toEqual(['true.md']))
  expect(seen.every((now) => now.length === 1)).toBe(true)
  expect(shown.state.get()).toEqual({ is: 'open' })
  expect(shown.shown()).toMatchObject({ document: id })
  expect(Socket.opened).toHaveLength(2)
})

test('after any other end the page goes on with what it has', async () => {
  await open()
  Socket.opened.at(-1)?.endsBecause('the server restarts')
  await vi.waitFor(() => expect(Socket.opened).toHaveLength(2))
  await vi.waitFor(() => expect(shown.connected.get()).toBe(true))
  expect(paths(shown)).toEqual(['forged.md'])
})

test('a tree that is closed does not come back', async () => {
  await open()
  Socket.opened.at(-1)?.endsBecause('the document was rebuilt')
  shown.close()
  await new Promise((done) => setTimeout(done, 300))
  expect(Socket.opened).toHaveLength(1)
})
