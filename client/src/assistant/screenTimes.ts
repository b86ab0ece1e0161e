/** For how long each hunk has been on the screen, so that the record of a decision can tell whether it was seen. */
export class ScreenTimes {
  private readonly times = new Map<string, { total: number; since: number | null }>()

  /** These, and no others of those that `about` names, are on the screen from `now` on (milliseconds). */
  look(about: Iterable<string>, onScreen: ReadonlySet<string>, now: number): void {
    for (const hunk of about) {
      const time = this.times.get(hunk)
      if (onScreen.has(hunk)) {
        if (time === undefined) this.times.set(hunk, { total: 0, since: now })
        else time.since ??= now
      } else if (time !== undefined && time.since !== null) {
        time.total += now - time.since
        time.since = null
      }
    }
  }

  /** Whole milliseconds by hunk, without those that never were on it. */
  of(hunks: Iterable<string>, now: number): Record<string, number> {
    const found: Record<string, number> = {}
    for (const hunk of hunks) {
      const time = this.times.get(hunk)
      if (time !== undefined) found[hunk] = Math.round(time.total + (time.since === null ? 0 : now - time.since))
    }
    return found
  }
}
