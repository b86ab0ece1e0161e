/**
 * People who type in one text, over the stock y-websocket provider, with a cursor and a name each.
 *
 *   node writers.mjs '{"url": "ws://127.0.0.1:1234/sync/<workspace>", "document": "…", "token": "…", "people": 4}'
 *
 * Prints a line when all of them are in the text, and types until it is ended: seven letters a second each, now and
 * then a new line or something deleted, each within 30 lines of a place of its own in the middle of the text, which is
 * where whoever is measured looks.
 */
import { createRequire } from 'node:module'
const require = createRequire(new URL('./peers/package.json', import.meta.url))
const Y = require('yjs')
const { WebsocketProvider } = require('y-websocket')
const WebSocketPolyfill = require('ws')

const { url, document, token, people } = JSON.parse(process.argv[2])
const LETTERS = 'abcdefghijklmnop qrstuvwxyz = ( ) . , '
const EVERY = 1000 / 7
const NEAR = 1200

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

async function person(number) {
  const doc = new Y.Doc()
  const provider = new WebsocketProvider(url, document, doc, { WebSocketPolyfill, params: { token } })
  await new Promise((resolve) => provider.once('synced', resolve))
  const text = doc.getText('text')
  const type = async () => {
    let at = Math.floor(text.length / 2) + number * 500
    for (let count = 0; ; count += 1) {
      await pause(EVERY * (0.5 + Math.random()))
      at = Math.min(at, text.length)
      if (count % 40 === 39) at = Math.floor(text.length / 2) + Math.floor((Math.random() - 0.5) * 2 * NEAR)
      if (count % 12 === 11 && at > 0) text.delete((at -= 1), 1)
      else {
        const letter = count % 30 === 29 ? '\n' : LETTERS[Math.floor(Math.random() * LETTERS.length)]
        text.insert(at, letter)
        at += 1
      }
      const position = Y.createRelativePositionFromTypeIndex(text, at)
      provider.awareness.setLocalStateField('cursor', { anchor: position, head: position })
    }
  }
  return type
}

const typing = await Promise.all(Array.from({ length: people }, (_, number) => person(number)))
console.log('ready')
await Promise.all(typing.map((type) => type()))
