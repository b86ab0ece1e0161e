/** Milliseconds. */
const minute = 60_000
const hour = 60 * minute

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' })
const sameYear = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' })
const otherYear = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'long', year: 'numeric' })
const shortSameYear = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' })
const shortOtherYear = new Intl.DateTimeFormat(undefined, { month: 'short', year: 'numeric' })

/** Whole days of the calendar from `then` to `now`. */
function daysBetween(then: Date, now: Date): number {
  const midnight = (date: Date) => Date.UTC(date.getFullYear(), date.getMonth(), date.getDate())
  return Math.round((midnight(now) - midnight(then)) / (24 * hour))
}

/** The day of a moment as a heading: Today, Yesterday, Monday 23 November. */
export function dayInWords(then: Date, now: Date): string {
  const days = daysBetween(then, now)
  if (days === 0) return 'Today'
  if (days === 1) return 'Yesterday'
  return then.getFullYear() === now.getFullYear() ? sameYear.format(then) : otherYear.format(then)
}

/** A moment below the heading of its day. The clock of whoever reads may be behind that of the server. */
export function timeInWords(then: Date, now: Date): string {
  const age = now.getTime() - then.getTime()
  if (Math.abs(age) < minute) return 'Just now'
  if (age < 0 || age >= hour) return clock.format(then)
  const minutes = Math.floor(age / minute)
  return minutes === 1 ? 'A minute ago' : `${minutes} minutes ago`
}

/** A moment by itself, within a sentence: today at 14:05, yesterday at 14:05, Monday 23 November at 14:05. */
export function momentInWords(then: Date, now: Date): string {
  const day = dayInWords(then, now)
  return `${daysBetween(then, now) <= 1 ? day.toLowerCase() : day} at ${clock.format(then)}`
}

/** A moment where there is little room. */
export function momentInShort(then: Date, now: Date): string {
  if (daysBetween(then, now) === 0) return clock.format(then)
  return then.getFullYear() === now.getFullYear() ? shortSameYear.format(then) : shortOtherYear.format(then)
}

export interface Day<T> {
  /** The same for all moments of the day. */
  key: string
  title: string
  items: T[]
}

/** Puts what is in order of time under the days of the reader's calendar. */
export function byDay<T extends { at: string }>(items: readonly T[], now: Date): Day<T>[] {
  const days: Day<T>[] = []
  for (const item of items) {
    const then = new Date(item.at)
    const key = then.toDateString()
    const last = days.at(-1)
    if (last?.key === key) last.items.push(item)
    else days.push({ key, title: dayInWords(then, now), items: [item] })
  }
  return days
}
