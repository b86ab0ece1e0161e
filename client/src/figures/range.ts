/** Days of UTC as they are written in addresses and answers: 2026-11-28. */
export interface Range {
  from: string
  to: string
}

const dayMs = 86_400_000

export const today = (now = new Date()): string => now.toISOString().slice(0, 10)

/** The last so many days, today among them. */
export function lastDays(count: number, now = new Date()): Range {
  return { from: today(new Date(now.getTime() - (count - 1) * dayMs)), to: today(now) }
}

/** Whether the server would answer it: both are days, in order, and not too many. */
export function isRange({ from, to }: Range): boolean {
  const days = (Date.parse(to) - Date.parse(from)) / dayMs
  return days >= 0 && days < 1_100
}

const short = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', timeZone: 'UTC' })
const long = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' })

export const shortDay = (day: string) => short.format(new Date(day))
export const longDay = (day: string) => long.format(new Date(day))
