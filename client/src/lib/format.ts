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

const whole = new Intl.NumberFormat()
const short = new Intl.NumberFormat(undefined, { notation: 'compact', maximumSignificantDigits: 3 })

export const formatCount = (count: number) => whole.format(Math.round(count))
/** 1.2M instead of 1,234,567. */
export const formatShort = (count: number) => (count < 10_000 ? formatCount(count) : short.format(count))

/** Of a share from 0 to 1. A little is not nothing, and nearly all is not all. */
export function formatPercent(share: number): string {
  const percent = Math.round(share * 100)
  if (percent === 0 && share > 0) return '< 1 %'
  if (percent === 100 && share < 1) return '> 99 %'
  return `${percent} %`
}

export function formatSeconds(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`
  return `${Number(seconds.toFixed(seconds < 10 ? 1 : 0))} s`
}

/** Less than a cent is shown in as many digits as it takes. */
export function formatMoney(amount: number, currency: string): string {
  const digits = amount !== 0 && Math.abs(amount) < 0.1 ? { maximumSignificantDigits: 2 } : {}
  return new Intl.NumberFormat(undefined, { style: 'currency', currency, ...digits }).format(amount)
}

export function formatAmount(
  value: number,
  { unit, currency }: { unit: 'tokens' | 'money'; currency: string },
): string {
  return unit === 'money' ? formatMoney(value, currency) : `${formatCount(value)} tokens`
}

/** A message of a tool, in which names stand between backticks, as the page writes them. */
export const quotedNames = (message: string) => message.replace(/`([^`\n]+)`/g, '“$1”')
