import { Problem } from '../api/problem'

const shortest = 5_000
const longest = 120_000

/** Milliseconds to leave the server alone after a request has failed, the longer the more often one after another. */
export function restAfter(error: unknown, failures: number): number {
  // The text was another one for a moment; the next pause may ask.
  if (error instanceof Problem && error.status === 409) return 0
  return Math.min(longest, shortest * 2 ** failures)
}
