/**
 * A long document from a recorded editing session: one Yjs update per keystroke or paste, into a file that open.mjs
 * reads. A session shorter than wanted is typed again below itself, each time under another client id.
 *
 *   node trace.mjs <session.json.gz> <edits> <file>
 *
 * Prints the SHA-256 of the text in the end.
 */
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { Y } from './wire.mjs'

const [session, edits, file] = process.argv.slice(2)
const { startContent, txns } = JSON.parse(gunzipSync(readFileSync(session)))
const patches = txns.flatMap((transaction) => transaction.patches)

const doc = new Y.Doc()
const text = doc.getText('text')
const updates = []
doc.on('update', (update) => {
  const size = Buffer.alloc(4)
  size.writeUInt32LE(update.length)
  updates.push(size, update)
})

let below = 0
for (let number = 0; number < Number(edits); number += 1) {
  if (number % patches.length === 0) {
    doc.clientID = 1000 + number
    below = text.length
    if (startContent) text.insert(below, startContent)
  }
  // Positions count code points and Yjs counts UTF-16 units, so the session has to be one without surrogates.
  const [position, deleted, inserted] = patches[number % patches.length]
  doc.transact(() => {
    if (deleted) text.delete(below + position, deleted)
    if (inserted) text.insert(below + position, inserted)
  })
}
writeFileSync(file, Buffer.concat(updates))
console.log(createHash('sha256').update(text.toString()).digest('hex'))
