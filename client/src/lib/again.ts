import { Problem } from '../api/problem'

/** Milliseconds between attempts: six minutes in all, which a train takes through a tunnel. */
const waits = [2_000, 10_000, 30_000, 60_000, 120_000, 120_000]

/** Whether the server could not be reached, or not reach what it needs; whatever else it says is its last word. */
const maySucceedLater = (error: unknown) => error instanceof Problem && (error.status === 0 || error.status === 503)

/** Tries `work` again while the server is away. Rejects as the last attempt does. */
export async function again<T>(work: () => Promise<T>, pauses: readonly number[] = waits): Promise<T> {
  for (const pause of pauses) {
    try {
      return await work()
    } catch (error) {
      if (!maySucceedLater(error)) throw error
      await new Promise((resolve) => setTimeout(resolve, pause))
    }
  }
  return work()
}
