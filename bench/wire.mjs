/**
 * Raw connections and hand-encoded Yjs v1 frames. No Yjs behind them, so that many clients fit on one core.
 *
 * Frames here are those of y-websocket; Hocuspocus puts the document's name before each, and wants an authentication
 * first. `open` hides both.
 */
import { createRequire } from 'node:module'

// The peers' folder holds the packages; this file stands beside it.
const require = createRequire(new URL('./peers/package.json', import.meta.url))
export const { WebSocket } = require('ws')
export const Y = require('yjs')

export const STEP_1_OF_NOTHING = Buffer.from([0, 0, 1, 0])
const STEP_2_OF_NOTHING = Buffer.from([0, 1, 2, 0, 0])
const HOCUSPOCUS_AUTHENTICATION = Buffer.from([2, 0, 0])

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

export const isStep2 = (frame) => frame[0] === 0 && frame[1] === 1

/** The update in a step 2 or update frame. */
export const updateIn = (frame) => {
  let start = 2
  while (frame[start] & 0x80) start += 1
  return frame.subarray(start + 1)
}

export const updateFrame = (update) => {
  const head = [0, 2]
  writeVarUint(head, update.length)
  return Buffer.concat([Buffer.from(head), update])
}

/** A frame with an update that appends `text` (ASCII) to what `client` wrote before, up to `clock`. */
export const editFrame = (client, clock, text) => {
  const update = [1, 1]
  writeVarUint(update, client)
  writeVarUint(update, clock)
  if (clock === 0) {
    update.push(0x04, 1, ...[4, 0x74, 0x65, 0x78, 0x74]) // below the root "text"
  } else {
    update.push(0x84)
    writeVarUint(update, client)
    writeVarUint(update, clock - 1)
  }
  writeBytes(update, Buffer.from(text))
  update.push(0)
  return updateFrame(Buffer.from(update))
}

/** A frame with one client's presence state. */
export const presenceFrame = (client, clock, state) => {
  const payload = [1]
  writeVarUint(payload, client)
  writeVarUint(payload, clock)
  writeBytes(payload, Buffer.from(JSON.stringify(state)))
  const frame = [1]
  writeBytes(frame, payload)
  return Buffer.from(frame)
}

/**
 * Connects to `document` and resolves once the server has answered step 1, to `{socket, send, requested, opened}`:
 * when the connection was asked for and when the handshake was over, by `performance.now()`.
 *
 * `onFrame` gets every frame, that answer included. Rejects when the server closes first.
 */
export const open = ({ url, headers, hocuspocus }, document, onFrame) =>
  new Promise((resolve, reject) => {
    const name = [...Buffer.from(document)]
    const prefix = hocuspocus ? Buffer.from([name.length, ...name]) : Buffer.alloc(0)
    const client = { requested: performance.now() }
    const socket = new WebSocket(hocuspocus ? url : `${url}/${document}`, { perMessageDeflate: false, headers })
    client.socket = socket
    client.send = (frame) => socket.send(hocuspocus ? Buffer.concat([prefix, frame]) : frame)
    socket.on('open', () => {
      client.opened = performance.now()
      if (hocuspocus) client.send(HOCUSPOCUS_AUTHENTICATION)
      client.send(STEP_1_OF_NOTHING)
    })
    socket.on('message', (data) => {
      const frame = data.subarray(prefix.length)
      if (frame[0] === 0 && frame[1] === 0) client.send(STEP_2_OF_NOTHING)
      onFrame(frame)
      if (isStep2(frame)) resolve(client)
    })
    socket.on('error', reject)
    socket.on('close', (code) => reject(new Error(`the server closed with ${code}`)))
  })

/** `connect(0)`, … `connect(count - 1)`, tens at a time: some servers limit those that have not been answered. */
export const inTens = async (count, connect) => {
  const all = []
  for (let start = 0; start < count; start += 10) {
    const some = Array.from({ length: Math.min(10, count - start) }, (_, i) => connect(start + i))
    all.push(...(await Promise.all(some)))
  }
  return all
}

/** Prints one JSON line, and waits until the measuring process has read it and says go on (or is gone). */
export const report = async (value) => {
  process.stdout.write(JSON.stringify(value) + '\n')
  process.stdin.resume()
  const answer = await new Promise((resolve) => {
    process.stdin.once('data', resolve)
    process.stdin.once('end', () => process.exit(0))
  })
  process.stdin.pause()
  return answer.toString().trim()
}

export const sleep = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000))
