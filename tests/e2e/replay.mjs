/**
 * Types a recorded session again, through the sync socket of a running server, by stock y-websocket clients.
 *
 *   node replay.mjs <ws://…/sync/workspace> <document> <token> <batch>  < trace.json
 *
 * The trace has the format of the editing traces (positions in code points). Each of its authors is a client of its
 * own. What the others type arrives when the network brings it, but an author is shown it only when the trace says that
 * it was known, so that what was typed at once then is typed at once again. At most `batch` transactions go into one
 * update. Prints {texts, updates, seconds}: what each author shows at the end, and what it took.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const require = createRequire(new URL('../yjs/package.json', import.meta.url))
const WebSocket = require('ws')
const { WebsocketProvider } = require('y-websocket')
const Y = require('yjs')

const PATIENCE = 20_000
const REMOTE = Symbol('remote')
/** Message type 102 with an empty token. */
const BARRIER = new Uint8Array([102, 0])

class Author {
  constructor(url, room, token, id) {
    /** What the author sees and types into. */
    this.doc = new Y.Doc()
    this.doc.clientID = id
    this.text = this.doc.getText('text')
    /** What the network has brought as well. */
    this.network = new Y.Doc()
    this.provider = new WebsocketProvider(url, room, this.network, {
      params: { token },
      WebSocketPolyfill: WebSocket,
      disableBc: true,
    })
    this.arrived = []
    /** By other author: [number of their transactions, the updates that bring them], oldest first. */
    this.held = new Map()
    this.network.on('update', (update, origin) => {
      if (origin === this.provider) this.arrived.push(update)
    })
    this.doc.on('update', (update, origin) => {
      if (origin !== REMOTE) Y.applyUpdate(this.network, update)
    })
  }

  type(transactions, convert) {
    this.doc.transact(() => {
      for (const [position, deleted, inserted] of transactions.flatMap(({ patches }) => patches)) {
        const [start, length] = convert ? units(this.text.toString(), position, deleted) : [position, deleted]
        if (length > 0) this.text.delete(start, length)
        if (inserted !== '') this.text.insert(start, inserted)
      }
    })
  }

  /** What has arrived brings the first `count` transactions of `other`. */
  hold(other, count) {
    if (!this.held.has(other)) this.held.set(other, [])
    this.held.get(other).push([count, this.arrived])
    this.arrived = []
  }

  /** Resolves when the server has made all that was typed durable. */
  saved() {
    return new Promise((resolve) => {
      this.provider.messageHandlers[BARRIER[0]] = () => resolve()
      this.provider.ws.send(BARRIER)
    })
  }

  learn(other, count) {
    const held = this.held.get(other) ?? []
    while (held.length > 0 && held[0][0] <= count) {
      for (const update of held.shift()[1]) Y.applyUpdate(this.doc, update, REMOTE)
    }
  }
}

/** A position and a length in code points, as UTF-16 code units. */
const units = (text, position, length) => {
  const skip = (from, count) => {
    let at = from
    for (let n = 0; n < count; n++) at += text.codePointAt(at) > 0xffff ? 2 : 1
    return at
  }
  const start = skip(0, position)
  return [start, skip(start, length) - start]
}

const until = (doc, holds) =>
  new Promise((resolve, reject) => {
    const stop = (then) => {
      clearTimeout(timer)
      clearInterval(interval)
      doc.off('update', look)
      then()
    }
    const look = () => holds() && stop(resolve)
    const timer = setTimeout(() => stop(() => reject(new Error('the network stands still'))), PATIENCE)
    // Being synced is no update.
    const interval = setInterval(look, 50)
    doc.on('update', look)
    look()
  })

const same = (one, two) =>
  Buffer.from(Y.encodeStateVector(one)).equals(Buffer.from(Y.encodeStateVector(two))) &&
  one.getText('text').toString() === two.getText('text').toString()

/** Per transaction, who typed it and how many transactions of each author it rests on. */
const historyOf = (transactions, authors) => {
  const history = []
  const written = Array(authors).fill(0)
  for (const { agent = 0, parents = history.length > 0 ? [history.length - 1] : [] } of transactions) {
    const known = Array(authors).fill(0)
    for (const parent of parents) {
      history[parent].known.forEach((count, author) => (known[author] = Math.max(known[author], count)))
      known[history[parent].agent] = Math.max(known[history[parent].agent], history[parent].number)
    }
    if (known[agent] !== written[agent]) throw new Error('an author does not know what they typed themselves')
    history.push({ agent, known, number: ++written[agent] })
  }
  return history
}

/**
 * The transactions that one update may hold: typed without learning anything in between, and ending wherever somebody
 * else knew this far and no further.
 */
const batchesOf = (trace, authors, size) => {
  const history = historyOf(trace.txns, authors)
  const ends = new Set(
    history.flatMap(({ agent, known }) => known.map((count, other) => (other === agent ? '' : `${other} ${count}`))),
  )
  const batches = []
  let batch = null
  for (const [index, { agent, known, number }] of history.entries()) {
    const learns = batch !== null && known.some((count, other) => other !== agent && count !== batch.known[other])
    if (batch === null || batch.agent !== agent || learns || batch.transactions.length === size) {
      batches.push((batch = { agent, known, number, transactions: [] }))
    }
    batch.transactions.push(trace.txns[index])
    batch.number = number
    if (ends.has(`${agent} ${number}`)) batch = null
  }
  return batches
}

const [url, room, token, size] = process.argv.slice(2)
const trace = JSON.parse(readFileSync(0, 'utf8'))
// Two letters typed at one place at once stand in the order of their clients' ids.
const first = 1 + Math.floor(Math.random() * 2 ** 31)
const authors = Array.from({ length: trace.numAgents ?? 1 }, (_, number) => new Author(url, room, token, first + number))
await Promise.all(authors.map(({ network, provider }) => until(network, () => provider.synced)))

const batches = batchesOf(trace, authors.length, Number(size))
const convert = trace.txns.some(({ patches }) => patches.some(([, , text]) => /[\ud800-\udfff]/.test(text)))
const began = performance.now()
for (const { agent, known, number, transactions } of batches) {
  const author = authors[agent]
  known.forEach((count, other) => other !== agent && author.learn(other, count))
  author.type(transactions, convert)
  for (const [index, other] of authors.entries()) {
    if (index === agent) continue
    // One after the other, or the server would rightly merge what is to be told apart.
    await until(other.network, () => same(other.network, author.network))
    other.hold(agent, number)
  }
}
for (const author of authors) authors.forEach((_, other) => author.learn(other, Infinity))
await Promise.all(authors.map((author) => author.saved()))
const seconds = (performance.now() - began) / 1000

console.log(JSON.stringify({ texts: authors.map(({ text }) => text.toString()), updates: batches.length, seconds }))
// The providers would keep the process alive.
process.exit(0)
