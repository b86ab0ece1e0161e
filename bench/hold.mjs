/**
 * Connections that do nothing, for weighing them.
 *
 *   node hold.mjs '{"url": "ws://127.0.0.1:1234"}'
 *
 * Reads one JSON line after the other and answers each when it is done: {"open": ["document", …]} opens a connection
 * for each name, with "write" each of them also types one line, and {"close": true} closes all.
 */
import { editFrame, inTens, open, report } from './wire.mjs'

const TEXT = 'A first line, which somebody has written and nobody is going to change.\n'

const server = JSON.parse(process.argv[2])
let connections = []
let client = 1000

for (let command = await report({}); ; command = await report({ open: connections.length })) {
  const { open: documents, write, close } = JSON.parse(command)
  if (close) {
    await Promise.all(
      connections.map(({ socket }) => new Promise((resolve) => socket.once('close', resolve) && socket.close())),
    )
    connections = []
  } else {
    const opened = await inTens(documents.length, async (index) => {
      const connection = await open(server, documents[index], () => {})
      if (write) connection.send(editFrame((client += 1), 0, TEXT))
      return connection
    })
    connections.push(...opened)
  }
}
