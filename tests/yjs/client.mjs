// Stock y-websocket clients, driven from outside. Clients live under names that the tests give.

import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import WebSocket from 'ws'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { base64, bytes, serve } from './lines.mjs'

const BARRIER = 102

const clients = new Map()

/** Resolves once `holds()` does, looking again whenever one of the emitters' events fires. */
const until = (client, what, holds, seconds) =>
  new Promise((resolve, reject) => {
    const look = () => {
      if (!holds()) return
      stop()
      resolve(null)
    }
    const timer = setTimeout(() => {
      stop()
      reject(new Error(`${what}: not within ${seconds} s; the text is ${JSON.stringify(client.text.toString())}`))
    }, seconds * 1000)
    // Every event that can make anything true ends up here; the interval covers what emits nothing.
    const interval = setInterval(look, 50)
    const stop = () => {
      clearTimeout(timer)
      clearInterval(interval)
      client.doc.off('update', look)
      client.provider.off('sync', look)
    }
    client.doc.on('update', look)
    client.provider.on('sync', look)
    look()
  })

const text = (name) => clients.get(name).text

const operations = {
  /** `broadcast`: as tabs of one browser, clients of this process then hear each other past the server. */
  open: ({ client: name, url, room, params = {}, headers = {}, broadcast = false, state }) => {
    class Socket extends WebSocket {
      constructor (address, protocols) {
        super(address, protocols, { headers })
      }
    }
    const doc = new Y.Doc()
    const client = { doc, text: doc.getText('text'), closes: [], barriers: new Map() }
    client.provider = new WebsocketProvider(url, room, doc, {
      params,
      WebSocketPolyfill: Socket,
      disableBc: !broadcast,
      connect: false
    })
    if (state !== undefined) client.provider.awareness.setLocalState(state)
    client.provider.messageHandlers[BARRIER] = (_encoder, decoder) => {
      const token = base64(decoding.readVarUint8Array(decoder))
      client.barriers.get(token)?.()
      client.barriers.delete(token)
    }
    client.provider.on('connection-close', (event) => client.closes.push(event && { code: event.code, reason: event.reason }))
    client.provider.connect()
    clients.set(name, client)
    return doc.clientID
  },
  insert: ({ client, index, text: inserted }) => text(client).insert(index, inserted),
  /** Where that is in the text as it is by then: `at` is from 0, its beginning, to 1, its end. */
  insertSomewhere: ({ client, at, text: inserted }) =>
    text(client).insert(Math.round(at * text(client).length), inserted),
  delete: ({ client, index, length }) => text(client).delete(index, length),
  text: ({ client }) => text(client).toString(),
  waitText: ({ client, text: expected, seconds }) =>
    until(clients.get(client), `text ${JSON.stringify(expected)}`, () => text(client).toString() === expected, seconds),
  waitSynced: ({ client, seconds }) => until(clients.get(client), 'sync', () => clients.get(client).provider.synced, seconds),
  connected: ({ client }) => clients.get(client).provider.wsconnected,

  /** Answers once the server has answered the barrier. */
  barrier: ({ client: name, token, seconds }) =>
    new Promise((resolve, reject) => {
      const client = clients.get(name)
      const encoder = encoding.createEncoder()
      encoding.writeVarUint(encoder, BARRIER)
      encoding.writeVarUint8Array(encoder, bytes(token))
      // May throw, when the connection has just been lost: before anything waits that nobody would then listen to.
      client.provider.ws.send(encoding.toUint8Array(encoder))
      const timer = setTimeout(() => reject(new Error(`barrier: no answer within ${seconds} s`)), seconds * 1000)
      client.barriers.set(token, () => {
        clearTimeout(timer)
        resolve(null)
      })
    }),
  send: ({ client, frame }) => clients.get(client).provider.ws.send(bytes(frame)),

  setState: ({ client, state }) => clients.get(client).provider.awareness.setLocalState(state),
  states: ({ client }) => Object.fromEntries(clients.get(client).provider.awareness.getStates()),

  /** {code, reason} of every close so far; null for those on this side. */
  closes: ({ client }) => clients.get(client).closes,
  disconnect: ({ client }) => clients.get(client).provider.disconnect(),
  connect: ({ client }) => clients.get(client).provider.connect(),
  /** Cuts the connection without a closing handshake, as a lost network does; the provider connects again by itself. */
  cut: ({ client }) => clients.get(client).provider.ws.terminate(),
  destroy: ({ client: name }) => {
    const { provider, doc } = clients.get(name)
    clients.delete(name)
    provider.destroy()
    doc.destroy()
  },

  setNode: ({ client, node, fields }) => {
    const { doc } = clients.get(client)
    doc.transact(() => {
      const nodes = doc.getMap('nodes')
      const map = nodes.get(node) ?? nodes.set(node, new Y.Map())
      for (const [key, value] of Object.entries(fields)) map.set(key, value)
    })
  },
  nodes: ({ client }) => clients.get(client).doc.getMap('nodes').toJSON(),
  update: ({ client }) => base64(Y.encodeStateAsUpdate(clients.get(client).doc))
}

serve(operations)
