/**
 * The load: many raw connections of the y-websocket protocol from one process, without Yjs on the receiving side, so
 * that the load is never the bottleneck (its own CPU share is printed).
 *
 * Every edit carries a stamp inside its text, so that it is found again in whatever frame it arrives, merged or not.
 * Edits are hand-encoded Yjs v1 updates: each client appends to its own text, one item after the other.
 *
 *   node load.mjs '{"url": "ws://…/room{document}", "documents": 1, "clients": 50, "rate": 1000, "seconds": 10}'
 *
 * `rate` is edits a second per document over all its clients; with "kind": "cursors" each client sends `rate` presence
 * states a second instead. Prints one JSON line.
 */
import { createRequire } from 'node:module'

// The peers' folder holds the packages; this file stands beside it.
const { WebSocket } = createRequire(new URL('./peers/package.json', import.meta.url))('ws')

const load = {
  documents: 1,
  clients: 50,
  rate: 1000,
  seconds: 10,
  kind: 'edits',
  settle: 2,
  document: null,
  headers: {},
  ...JSON.parse(process.argv[2]),
}

const STAMP = /#(\d+)\.(\d+);/g
const now = () => performance.now()

const writeVarUint = (out, value) => {
  while (value > 0x7f) {
    out.push((value % 0x80) | 0x80)
    value = Math.floor(value / 0x80)
  }
  out.push(value)
}
const writeBytes = (out, bytes) => {
  writeVarUint(out, bytes.length)
  for (const byte of bytes) out.push(byte)
}

/** A frame with an update that appends `text` (ASCII) to what `client` wrote before, up to `clock`. */
const editFrame = (client, clock, text) => {
  const update = [1, 1]
  writeVarUint(update, client)
  writeVarUint(update, clock)
  if (clock === 0) {
    update.push(0x04, 1, ...[4, 0x74, 0x65, 0x78, 0x74])
  } else {
    update.push(0x84)
    writeVarUint(update, client)
    writeVarUint(update, clock - 1)
  }
  writeBytes(update, Buffer.from(text))
  update.push(0)
  const frame = [0, 2]
  writeBytes(frame, update)
  return Uint8Array.from(frame)
}

const cursorFrame = (client, clock, stamp) => {
  const payload = [1]
  writeVarUint(payload, client)
  writeVarUint(payload, clock)
  writeBytes(payload, Buffer.from(JSON.stringify({ user: { name: 'load' }, cursor: stamp })))
  const frame = [1]
  writeBytes(frame, payload)
  return Uint8Array.from(frame)
}

const peers = []
const latencies = []
let sent = 0
let received = 0
let closed = 0
let frames = 0
let measuring = false

const connect = (documentIndex, index) =>
  new Promise((resolve, reject) => {
    const name = load.document ? load.document[documentIndex] : `bench${documentIndex}`
    const socket = new WebSocket(load.url.replace('{document}', name), { perMessageDeflate: false, headers: load.headers })
    socket.binaryType = 'nodebuffer'
    const peer = { socket, documentIndex, client: 1000 + documentIndex * 10_000 + index, clock: 0, presence: 0, first: null }
    socket.on('open', () => {
      peers.push(peer)
      resolve(peer)
    })
    socket.on('close', () => (closed += 1))
    socket.on('error', reject)
    socket.on('message', (data) => {
      frames += 1
      // Step 1 of the server: answered as a client that holds nothing.
      if (data[0] === 0 && data[1] === 0) {
        socket.send(Uint8Array.from([0, 1, 2, 0, 0]))
        return
      }
      if (!measuring) return
      const at = now()
      const text = data.latin1Slice()
      for (const match of text.matchAll(STAMP)) {
        if (Number(match[1]) === peer.client) continue
        received += 1
        latencies.push(at - Number(match[2]) / 1000)
      }
    })
  })

const send = (peer) => {
  const stamp = `#${peer.client}.${Math.round(now() * 1000)};`
  if (load.kind === 'edits') {
    peer.socket.send(editFrame(peer.client, peer.clock, stamp))
    peer.clock += stamp.length
  } else {
    peer.presence += 1
    peer.socket.send(cursorFrame(peer.client, peer.presence, stamp))
  }
  sent += 1
}

for (let d = 0; d < load.documents; d += 1) {
  // Tens at a time: some servers limit connections that have not been answered.
  for (let c = 0; c < load.clients; c += 10) {
    await Promise.all(Array.from({ length: Math.min(10, load.clients - c) }, (_, i) => connect(d, c + i)))
  }
}
await new Promise((resolve) => setTimeout(resolve, 500))
process.stdout.write(JSON.stringify({ ready: true }) + '\n')

measuring = true
const start = now()
const cpuStart = process.cpuUsage()
const perSecond = load.kind === 'edits' ? load.rate * load.documents : load.rate * peers.length
const total = perSecond * load.seconds
await new Promise((resolve) => {
  let next = 0
  const tick = () => {
    const due = Math.min(total, Math.floor(((now() - start) / 1000) * perSecond))
    // Round robin over documents first, so that every document gets its share in every moment.
    for (; next < due; next += 1) send(peers[(next * 7919) % peers.length])
    if (next < total) setTimeout(tick, 1)
    else resolve()
  }
  tick()
})
const cpu = process.cpuUsage(cpuStart)
const busy = (cpu.user + cpu.system) / 1000 / (now() - start)
await new Promise((resolve) => setTimeout(resolve, load.settle * 1000))

latencies.sort((a, b) => a - b)
const at = (share) => (latencies.length ? latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] : null)
process.stdout.write(
  JSON.stringify({
    sent,
    expected: sent * (load.clients - 1),
    received,
    frames,
    closed,
    p50: at(0.5),
    p99: at(0.99),
    max: at(1),
    load_busy: busy,
  }) + '\n',
)
process.exit(0)
