/** How to get from one list to another by replacing one piece in the middle. */
export interface Patch {
  /** How many at the beginning stay, and how many at the end. */
  head: number
  tail: number
}

/** What two lists have in common at both ends. */
export function patchOf(before: readonly string[], after: readonly string[]): Patch {
  const most = Math.min(before.length, after.length)
  let head = 0
  while (head < most && before[head] === after[head]) head += 1
  let tail = 0
  while (tail < most - head && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail += 1
  return { head, tail }
}
