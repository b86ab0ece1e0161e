/**
 * How long opening a document takes: from asking for the connection to the end of the handshake, and from there to the
 * last byte of the server's step 2. With "fill" the document is first typed from trace.mjs's file, update by update, and
 * that connection stays, so that the opening finds the document in memory.
 *
 *   node open.mjs '{"server": {"url": "ws://…"}, "document": "a", "fill": "<file>", "text": "<SHA-256>", "save": "<file>"}'
 *
 * Prints one JSON line with medians in milliseconds; `save` gets the update that step 2 held.
 */
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { STEP_1_OF_NOTHING, Y, isStep2, open, sleep, updateFrame, updateIn } from './wire.mjs'

const { server, document, fill, text, save } = JSON.parse(process.argv[2])
const TIMES = fill ? 9 : 1 // whoever comes second after a restart no longer opens it cold
const AT_ONCE = 5_000 // updates that a server has to hold at most: some break, or crawl, under a longer queue
const PATIENCE = 120_000
const QUIET = 1_000

const once = async () => {
  let answer
  const connection = await open(server, document, (frame) => {
    if (isStep2(frame)) answer ??= { at: performance.now(), update: Buffer.from(updateIn(frame)) }
  })
  await new Promise((resolve) => connection.socket.once('close', resolve) && connection.socket.close())
  return { handshake: connection.opened - connection.requested, step2: answer.at - connection.opened, ...answer }
}

const isWhole = (update) => {
  const doc = new Y.Doc()
  Y.applyUpdate(doc, update)
  return createHash('sha256').update(doc.getText('text').toString()).digest('hex') === text
}

const began = performance.now()
if (fill) {
  let answered = () => {}
  let heard = began
  const { socket, send } = await open(server, document, (frame) => {
    heard = performance.now()
    if (isStep2(frame)) answered()
  })
  socket.on('close', (code) => {
    console.log(JSON.stringify({ failed: `the server closed with ${code} while the document was typed` }))
    process.exit(0)
  })
  const bytes = readFileSync(fill)
  for (let at = 0, number = 1; at < bytes.length; number += 1) {
    const size = bytes.readUInt32LE(at)
    send(updateFrame(bytes.subarray(at + 4, at + 4 + size)))
    at += 4 + size
    if (number % AT_ONCE === 0) {
      await new Promise((resolve) => {
        answered = resolve
        send(STEP_1_OF_NOTHING)
      })
    }
  }
  // Whoever leaves while something is being sent to him ends the process of both Python peers.
  while (performance.now() - heard < QUIET) await sleep(0.1)
  // The server has taken all of it when somebody who comes now is given all of it.
  while (!isWhole((await once()).update)) {
    if (performance.now() - began > PATIENCE) {
      console.log(JSON.stringify({ failed: 'the document never became whole' }))
      process.exit(0)
    }
    await sleep(1)
  }
}
const filled = (performance.now() - began) / 1000

const all = []
for (let i = 0; i < TIMES; i += 1) all.push(await once())
const median = (key) => all.map((one) => one[key]).sort((a, b) => a - b)[TIMES >> 1]
const { update } = all[0]
writeFileSync(save, update)
const failed = isWhole(update) ? null : 'the document came back incomplete'
console.log(JSON.stringify({ failed, filled, handshake: median('handshake'), step2: median('step2'), bytes: update.length }))
process.exit(0)
