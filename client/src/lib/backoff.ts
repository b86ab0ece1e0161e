/**
 * Milliseconds to wait before the attempt with this number (0 is the first).
 * Full jitter: after a restart of the server its clients come back spread out, not all at once.
 */
export function backoff(attempt: number, random: () => number = Math.random): number {
  const ceiling = Math.min(15_000, 500 * 2 ** Math.min(attempt, 5))
  return 100 + random() * ceiling
}
