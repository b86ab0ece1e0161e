// Requests and answers as lines of JSON: {id, op, …arguments} in, {id, result} or {id, error} out.

import { createInterface } from 'node:readline'

export const bytes = (base64) => new Uint8Array(Buffer.from(base64, 'base64'))
export const base64 = (data) => Buffer.from(data).toString('base64')

export const serve = (operations) => {
  const answer = (line) => process.stdout.write(JSON.stringify(line) + '\n')
  createInterface({ input: process.stdin, crlfDelay: Infinity })
    .on('line', async (line) => {
      const { id, op, ...request } = JSON.parse(line)
      try {
        answer({ id, result: (await operations[op](request)) ?? null })
      } catch (error) {
        answer({ id, error: String(error?.stack ?? error) })
      }
    })
    // The one who asks is gone: nothing is left to do, whatever timers still run.
    .on('close', () => process.exit(0))
}
