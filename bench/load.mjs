/**
 * The load: many raw connections from one process, so that the load is never the bottleneck. Its own share of a core
 * (`busy`) and how late its event loop runs (`lag_p99`) are printed: latencies are believable only down to the latter.
 *
 * Every edit carries a stamp inside its text, so that it is found again in whatever frame it arrives, merged or not. A
 * receiver counts each stamp once.
 *
 *   node load.mjs '{"servers": [{"url": "ws://127.0.0.1:1234"}], "documents": ["a"], "clients": 50, "rate": 1000, …}'
 *
 * `rate` is edits a second per document over all its clients; with "kind": "presence" each client sends `rate` presence
 * states a second instead. With several servers, neighbouring clients connect to different ones. Times in milliseconds.
 */
import { editFrame, inTens, open, presenceFrame, report, sleep } from './wire.mjs'

const WARM_UP = 1 // seconds of the same load before anything counts: compilers and caches
// Seconds after the last edit in which what was sent may still arrive: in all, and without a single frame.
const PATIENCE = 30
const SILENCE = 8

const { servers, documents, clients, rate, seconds, kind = 'edits' } = JSON.parse(process.argv[2])
const perSecond = kind === 'edits' ? rate * documents.length : rate * documents.length * clients
const uncounted = perSecond * WARM_UP
const total = uncounted + perSecond * seconds

const now = () => performance.now()
const sentAt = new Float64Array(total)
const sentBy = new Int32Array(total)
const latencies = []
const acrossServers = []
const lags = []
let closed = 0
let lastArrival = 0

const STAMP = /#(\d+);/g
let lastFrame = Buffer.alloc(0)
let lastStamps = []

/** Peers of one document get equal frames one after the other: those are searched once. */
const stampsIn = (frame) => {
  if (!frame.equals(lastFrame)) {
    lastFrame = Buffer.from(frame) // a copy: the socket's buffer is used again
    lastStamps = Array.from(frame.latin1Slice().matchAll(STAMP), (match) => Number(match[1]))
  }
  return lastStamps
}

const peers = []
const connect = async (index) => {
  const server = index % servers.length
  const seen = new Uint8Array(total)
  const peer = { server, client: 1000 + index, clock: 0, presence: 0, seen, last: -1 }
  const { send, socket } = await open(servers[server], documents[Math.floor(index / clients)], (frame) => {
    const at = now()
    lastArrival = at
    for (const stamp of stampsIn(frame)) {
      if (sentBy[stamp] === index || seen[stamp]) continue
      seen[stamp] = 1
      if (stamp < uncounted) continue
      latencies.push(at - sentAt[stamp])
      if (peers[sentBy[stamp]].server !== server) acrossServers.push(at - sentAt[stamp])
    }
  })
  socket.on('close', () => (closed += 1))
  peers[index] = Object.assign(peer, { send })
}
// One client of each document first: some servers break when several open one at the same time.
await inTens(documents.length, (document) => connect(document * clients))
await inTens(documents.length * clients, async (index) => peers[index] ?? (await connect(index)))

const send = (number) => {
  // Neighbours in time are far apart in the list: every document gets its share in every moment.
  const index = (number * 7919) % peers.length
  const peer = peers[index]
  sentBy[number] = index
  peer.last = number
  sentAt[number] = now()
  if (kind === 'edits') {
    const stamp = `#${number};`
    peer.send(editFrame(peer.client, peer.clock, stamp))
    peer.clock += stamp.length
  } else {
    peer.presence += 1
    peer.send(presenceFrame(peer.client, peer.presence, { user: { name: 'load' }, cursor: `#${number};` }))
  }
}

const run = (from, to) =>
  new Promise((resolve) => {
    const start = now()
    let next = from
    let asked = start
    const tick = () => {
      lags.push(now() - asked - 1)
      const due = Math.min(to, from + Math.floor(((now() - start) / 1000) * perSecond))
      for (; next < due; next += 1) send(next)
      asked = now()
      if (next < to) setTimeout(tick, 1)
      else resolve()
    }
    setTimeout(tick, 1)
  })

const quantiles = (values) => {
  const sorted = Float64Array.from(values).sort()
  const at = (share) => (sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] : null)
  return { p50: at(0.5), p99: at(0.99), max: at(1) }
}

await run(0, uncounted)
await sleep(1)
await report({ connected: peers.length })

lags.length = 0
const began = now()
const cpuBegan = process.cpuUsage()
await run(uncounted, total)
const cpu = process.cpuUsage(cpuBegan)
const busy = (cpu.user + cpu.system) / 1000 / (now() - began)
const lag_p99 = quantiles(lags).p99
/** Of presence only the newest state has to arrive: older ones may have been replaced on their way. */
const outdated = () => {
  let count = 0
  for (let index = 0; index < peers.length; index += 1) {
    const first = index - (index % clients)
    for (const sender of peers.slice(first, first + clients)) {
      if (sender !== peers[index] && sender.last >= 0 && !peers[index].seen[sender.last]) count += 1
    }
  }
  return count
}

const expected = (total - uncounted) * (clients - 1)
const ended = now()
while (
  (kind === 'presence' ? outdated() > 0 : latencies.length < expected) &&
  now() - Math.max(lastArrival, ended) < SILENCE * 1000 &&
  now() - ended < PATIENCE * 1000
) {
  await sleep(0.05)
}

await report({
  delivered: latencies.length,
  lost: expected - latencies.length,
  outdated: kind === 'presence' ? outdated() : null,
  ...quantiles(latencies),
  across: servers.length > 1 ? quantiles(acrossServers) : null,
  closed,
  busy,
  lag_p99,
})
process.exit(0)
