// People for the torture runner: stock y-websocket clients who type, undo, lose their connections and their memory, and
// keep a ledger of what a barrier has acknowledged. Everything that is random is in the plan; here nothing is.

import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import WebSocket from 'ws'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { base64, bytes, serve } from './lines.mjs'

const BARRIER = 102
const STAMP = /‹[^›]*›/gu

// A stamp enters under an origin that nobody's undo manager tracks, and no deletion touches one.
const TYPING = 'typing'
const STAMPING = 'stamping'

const people = new Map()

class Person {
  constructor ({ name, room, token, tab }) {
    Object.assign(this, { name, room, token, tab })
    this.closes = []
    this.stamps = 0
    this.barriers = 0
    /** Of every life that ended: what a barrier had acknowledged by then, and all stamps of it. */
    this.ledger = []
    this.acknowledgedEdits = 0
    this.bytes = 0
    this.live()
  }

  /** A new life with an empty memory, as after closing the browser without anything kept on disk. */
  live () {
    this.doc = new Y.Doc()
    this.text = this.doc.getText('text')
    this.undo = new Y.UndoManager(this.text, { trackedOrigins: new Set([TYPING]), captureTimeout: 0 })
    this.provider = null
    this.url = null
    this.typing = new Set()
    this.edits = 0
    /** Stamps of this life, in the order in which they were typed. */
    this.own = []
    this.waiting = new Map()
    this.acknowledged = { edits: 0, stamps: 0, update: null }
  }

  connect (url) {
    if (this.url === url) {
      this.provider.connect()
      return
    }
    this.provider?.destroy()
    this.url = url
    const provider = new WebsocketProvider(url, this.room, this.doc, {
      params: { token: this.token },
      WebSocketPolyfill: WebSocket,
      disableBc: !this.tab,
      maxBackoffTime: 400
    })
    provider.messageHandlers[BARRIER] = (_encoder, decoder) => this.answered(decoding.readVarString(decoder))
    provider.on('connection-close', (event) => event && this.closes.push({ code: event.code, reason: event.reason }))
    this.provider = provider
  }

  /** Without a closing handshake, and with all that is not yet acknowledged. */
  crash () {
    this.typing.forEach(clearTimeout)
    this.ledger.push({ acknowledged: this.acknowledged, own: this.own })
    this.acknowledgedEdits += this.acknowledged.edits
    this.provider?.ws?.terminate()
    this.provider?.destroy()
    this.undo.destroy()
    this.doc.destroy()
    const { url } = this
    this.live()
    if (url) this.connect(url)
  }

  type (edits, every) {
    edits.forEach((edit, number) => {
      const timer = setTimeout(() => {
        this.typing.delete(timer)
        this.edit(edit)
      }, number * every)
      this.typing.add(timer)
    })
  }

  edit ({ at, insert, remove, stamp, undo, redo, scatter, cut = false }) {
    this.edits++
    if (undo) this.undo.undo()
    else if (redo) this.undo.redo()
    else if (remove) this.remove(at, remove, cut)
    else if (stamp) this.stamp(at)
    else if (scatter) this.scatter(at, scatter)
    else this.insert(at, insert, TYPING, cut)
  }

  insert (at, string, origin, cut = false) {
    this.bytes += Buffer.byteLength(string)
    this.doc.transact(() => this.text.insert(outside(this.text.toString(), at, cut), string), origin)
  }

  /** As a formatter or a replacement everywhere: one update of many structs, from `at` on all over the text. */
  scatter (at, places) {
    this.doc.transact(() => {
      for (let place = 0; place < places; place++) this.insert((at + place * 0.6180339887) % 1, 'z', TYPING)
    }, TYPING)
  }

  stamp (at) {
    const stamp = `‹${this.name}.${++this.stamps}›`
    this.own.push(stamp)
    this.insert(at, stamp, STAMPING)
  }

  remove (at, length, cut) {
    const string = this.text.toString()
    const start = outside(string, at, cut)
    const end = string.indexOf('‹', start)
    const most = Math.min(start + length, end < 0 ? string.length : end)
    const whole = !cut && most < string.length && splitsPair(string, most) ? most - 1 : most
    if (whole > start) this.doc.transact(() => this.text.delete(start, whole - start), TYPING)
  }

  /** Asks for a barrier, if this client has had the server's answer to its step 1: before, it may have more to send. */
  barrier () {
    const { provider } = this
    if (!provider?.synced || provider.ws?.readyState !== WebSocket.OPEN) return null
    const token = `${this.name} ${++this.barriers}`
    // Tabs show each other text past the server, which no barrier speaks of: of them only their own stamps count.
    const update = this.tab ? null : Y.encodeStateAsUpdate(this.doc)
    this.waiting.set(token, { edits: this.edits, stamps: this.own.length, update })
    const encoder = encoding.createEncoder()
    encoding.writeVarUint(encoder, BARRIER)
    encoding.writeVarString(encoder, token)
    provider.ws.send(encoding.toUint8Array(encoder))
    return token
  }

  answered (token) {
    const barrier = this.waiting.get(token)
    if (!barrier) return
    this.waiting.delete(token)
    barrier.answered = true
    if (barrier.edits >= this.acknowledged.edits) this.acknowledged = barrier
  }

  /** Until a barrier for all that was typed is answered, however often the connection breaks meanwhile; else why not. */
  async settle (seconds) {
    const deadline = Date.now() + seconds * 1000
    while (Date.now() < deadline) {
      // A file that was in the trash: the client took that as final.
      if (!this.provider.shouldConnect) this.provider.connect()
      const token = this.typing.size === 0 && this.barrier()
      if (token) {
        const { provider: { ws } } = this
        const barrier = this.waiting.get(token)
        while (!barrier.answered && this.provider.ws === ws && Date.now() < deadline) await pause(20)
        if (barrier.answered) return null
      }
      await pause(50)
    }
    const { provider, doc: { store } } = this
    if (!provider.wsconnected) return 'not connected'
    if (!provider.synced) return 'not synced'
    return store.pendingStructs || store.pendingDs ? 'no answer, and it holds back what it cannot integrate' : 'no answer'
  }

  get lives () {
    return [...this.ledger, { acknowledged: this.acknowledged, own: this.own }]
  }
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds))

const splitsPair = (string, index) => /[\ud800-\udbff]/u.test(string[index - 1] ?? '') && /[\udc00-\udfff]/u.test(string[index])

/** The place at the fraction `at` of a text, moved out of a stamp and, unless it may `cut` one, out of a surrogate pair. */
const outside = (string, at, cut) => {
  const index = Math.floor(at * (string.length + 1))
  const opened = string.lastIndexOf('‹', index - 1)
  if (opened >= 0 && string.indexOf('›', opened) >= index) return opened
  return !cut && index > 0 && index < string.length && splitsPair(string, index) ? index - 1 : index
}

const describe = (doc) => ({
  text: doc.getText('text').toString(),
  snapshot: base64(Y.encodeSnapshot(Y.snapshot(doc))),
  pending: doc.store.pendingStructs !== null || doc.store.pendingDs !== null
})

const person = ({ person: name }) => people.get(name)

const operations = {
  /** `tab`: people of one room who are tabs hear each other past the server while they are at the same one. */
  meet: ({ person: name, room, token, tab }) => {
    people.set(name, new Person({ name, room, token, tab }))
  },
  connect: ({ url, ...rest }) => person(rest).connect(url),
  /** Connects where this person was last, unless it still is connected. */
  stay: (who) => person(who).connect(person(who).url),
  leave: (who) => person(who).provider?.disconnect(),
  cut: (who) => person(who).provider?.ws?.terminate(),
  crash: (who) => person(who).crash(),
  type: ({ edits, every, ...rest }) => person(rest).type(edits, every),
  barrier: (who) => person(who).barrier() !== null,
  settle: ({ seconds, ...rest }) => person(rest).settle(seconds),
  shows: (who) => describe(person(who).doc),

  /**
   * What is wrong with a document, given as one update: stamps that are missing or there twice, and acknowledged edits
   * (insertions and deletions alike, seen through Yjs's own clocks and delete sets) that it does not hold.
   */
  audit: ({ update, people: names }) => {
    const doc = new Y.Doc()
    Y.applyUpdate(doc, bytes(update))
    const found = new Map()
    for (const [stamp] of doc.getText('text').toString().matchAll(STAMP)) found.set(stamp, (found.get(stamp) ?? 0) + 1)
    const snapshot = Y.snapshot(doc)
    const wrong = [...found].filter(([, times]) => times > 1).map(([stamp]) => `${stamp} is there more than once`)
    for (const name of names) {
      const lives = people.get(name).lives
      lives.forEach(({ acknowledged, own }, life) => {
        // Who still lives has everything, acknowledged or not.
        const promised = life === lives.length - 1 ? own.length : acknowledged.stamps
        for (const stamp of own.slice(0, promised)) {
          if (!found.has(stamp)) {
            wrong.push(`${stamp} is missing${own.indexOf(stamp) < acknowledged.stamps ? ', though it was acknowledged' : ''}`)
          }
        }
        if (acknowledged.update && !Y.snapshotContainsUpdate(snapshot, acknowledged.update)) {
          wrong.push(`acknowledged edits of life ${life} of ${name} are missing`)
        }
      })
    }
    return { ...describe(doc), wrong }
  },
  closes: (who) => person(who).closes,
  figures: () => {
    const figures = { acknowledged: 0, bytes: 0 }
    for (const one of people.values()) {
      figures.acknowledged += one.acknowledgedEdits + one.acknowledged.edits
      figures.bytes += one.bytes
    }
    return figures
  },
  /** Everybody is gone, for the next plan. */
  part: () => {
    for (const one of people.values()) {
      one.typing.forEach(clearTimeout)
      one.provider?.destroy()
      one.doc.destroy()
    }
    people.clear()
  }
}

serve(operations)
