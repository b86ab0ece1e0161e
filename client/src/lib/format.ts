const units = ['bytes', 'kB', 'MB', 'GB', 'TB']

export function formatSize(bytes: number): string {
  if (bytes === 1) return '1 byte'
  let unit = 0
  let value = bytes
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit += 1
  }
  const digits = unit > 0 && value < 10 ? 1 : 0
  return `${value.toFixed(digits)} ${units[unit] ?? ''}`
}

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' })
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' })
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })

/** Today as a time of day, otherwise as a date. */
export function formatWhen(time: string, now = new Date()): string {
  const then = new Date(time)
  if (Number.isNaN(then.getTime())) return ''
  return then.toDateString() === now.toDateString() ? clock.format(then) : day.format(then)
}

export function formatFull(time: string): string {
  const then = new Date(time)
  return Number.isNaN(then.getTime()) ? '' : full.format(then)
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}
