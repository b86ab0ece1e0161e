import type { PlacedHunk } from './placement'

/** Milliseconds for which a change that stands in the text is taken for one that was accepted a moment ago. */
export const patience = 5_000

/** Changes that stand in the text while nobody has told this page that they were accepted. */
export class Unheard {
  private readonly since = new Map<string, number>()

  /**
   * What is to be seen of `placed` at the time `now`: nothing of a change that will be heard of in a moment; one that is
   * not was made by somebody's own hands. With it, how long there is something to wait for, if there is.
   */
  sift(placed: readonly PlacedHunk[], now: number): { hunks: PlacedHunk[]; wait: number | null } {
    const made = new Set(placed.filter(({ show }) => show === 'made').map(({ hunk }) => hunk))
    for (const hunk of this.since.keys()) if (!made.has(hunk)) this.since.delete(hunk)
    let wait: number | null = null
    const hunks = placed.flatMap((hunk): PlacedHunk[] => {
      if (hunk.show !== 'made') return [hunk]
      const since = this.since.get(hunk.hunk) ?? now
      this.since.set(hunk.hunk, since)
      const left = since + patience - now
      if (left <= 0) return [{ ...hunk, show: 'stale' }]
      wait = Math.min(wait ?? left, left)
      return []
    })
    return { hunks, wait }
  }
}
