// Real Yjs, lib0 and y-protocols, for tests that compare ours with theirs. Documents live under names that the tests give.

import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import * as awareness from 'y-protocols/awareness'
import * as sync from 'y-protocols/sync'
import * as Y from 'yjs'
import { base64, bytes, serve } from './lines.mjs'

const docs = new Map()
const presences = new Map()

/** The update that `change` makes. */
const transact = (doc, change) => {
  const updates = []
  const collect = (update) => updates.push(update)
  doc.on('update', collect)
  doc.transact(change)
  doc.off('update', collect)
  return updates.length ? base64(updates[0]) : null
}

const operations = {
  create: ({ doc, client }) => {
    const created = new Y.Doc()
    if (client !== undefined) created.clientID = client
    created.getText('text')
    docs.set(doc, created)
    return created.clientID
  },
  apply: ({ doc, update }) => Y.applyUpdate(docs.get(doc), bytes(update)),
  insert: ({ doc, index, text }) => transact(docs.get(doc), () => docs.get(doc).getText('text').insert(index, text)),
  delete: ({ doc, index, length }) => transact(docs.get(doc), () => docs.get(doc).getText('text').delete(index, length)),
  text: ({ doc }) => docs.get(doc).getText('text').toString(),
  /** The Yjs client id behind each UTF-16 unit of the text. */
  writers: ({ doc }) => {
    const writers = []
    for (let item = docs.get(doc).getText('text')._start; item !== null; item = item.right) {
      if (!item.deleted) writers.push(...Array(item.length).fill(item.id.client))
    }
    return writers
  },
  update: ({ doc, vector }) => base64(Y.encodeStateAsUpdate(docs.get(doc), vector ? bytes(vector) : undefined)),
  vector: ({ doc }) => base64(Y.encodeStateVector(docs.get(doc))),
  pending: ({ doc }) => docs.get(doc).store.pendingStructs !== null || docs.get(doc).store.pendingDs !== null,

  setNode: ({ doc, node, fields }) =>
    transact(docs.get(doc), () => {
      const nodes = docs.get(doc).getMap('nodes')
      const map = nodes.get(node) ?? nodes.set(node, new Y.Map())
      for (const [key, value] of Object.entries(fields)) map.set(key, value)
    }),
  deleteNode: ({ doc, node }) => transact(docs.get(doc), () => docs.get(doc).getMap('nodes').delete(node)),
  nodes: ({ doc }) => docs.get(doc).getMap('nodes').toJSON(),

  merge: ({ updates }) => base64(Y.mergeUpdates(updates.map(bytes))),
  diff: ({ update, vector }) => base64(Y.diffUpdate(bytes(update), bytes(vector))),

  anchor: ({ doc, index, assoc }) =>
    base64(Y.encodeRelativePosition(Y.createRelativePositionFromTypeIndex(docs.get(doc).getText('text'), index, assoc))),
  resolve: ({ doc, anchor }) =>
    Y.createAbsolutePositionFromRelativePosition(Y.decodeRelativePosition(bytes(anchor)), docs.get(doc))?.index ?? null,

  writeVarUints: ({ values }) => {
    const encoder = encoding.createEncoder()
    values.forEach((value) => encoding.writeVarUint(encoder, value))
    return base64(encoding.toUint8Array(encoder))
  },
  readVarUints: ({ data, count }) => {
    const decoder = decoding.createDecoder(bytes(data))
    return Array.from({ length: count }, () => decoding.readVarUint(decoder))
  },
  writeVarString: ({ value }) => {
    const encoder = encoding.createEncoder()
    encoding.writeVarString(encoder, value)
    return base64(encoding.toUint8Array(encoder))
  },
  syncFrames: ({ doc }) =>
    [sync.writeSyncStep1, sync.writeSyncStep2].map((write) => {
      const encoder = encoding.createEncoder()
      encoding.writeVarUint(encoder, 0)
      write(encoder, docs.get(doc))
      return base64(encoding.toUint8Array(encoder))
    }),

  createPresence: ({ presence, client }) => {
    const doc = new Y.Doc()
    doc.clientID = client
    presences.set(presence, new awareness.Awareness(doc))
  },
  setPresence: ({ presence, state }) => presences.get(presence).setLocalState(state),
  presencePayload: ({ presence }) => {
    const own = presences.get(presence)
    return base64(awareness.encodeAwarenessUpdate(own, [own.clientID]))
  },
  /** Takes a payload; answers with the one that the stock provider would send back, or null. */
  receivePresence: ({ presence, payload }) => {
    const own = presences.get(presence)
    let echo = null
    const collect = ({ added, updated, removed }) => {
      echo = base64(awareness.encodeAwarenessUpdate(own, [...added, ...updated, ...removed]))
    }
    own.on('update', collect)
    awareness.applyAwarenessUpdate(own, bytes(payload), 'test')
    own.off('update', collect)
    return echo
  },
  presences: ({ presence }) => Object.fromEntries(presences.get(presence).getStates()),

  batch: ({ requests }) => requests.map(({ op, ...request }) => operations[op](request) ?? null)
}

serve(operations)
