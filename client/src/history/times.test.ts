import { expect, test } from 'vitest'
import { byDay, dayInWords, momentInShort, momentInWords, timeInWords } from './times'

// Of the reader's own clock and calendar, wherever the test runs.
const now = new Date(2026, 10, 29, 14, 5, 30)
const ago = (minutes: number) => new Date(now.getTime() - minutes * 60_000)
const clock = (date: Date) => new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' }).format(date)

test('the day of a moment', () => {
  expect(dayInWords(new Date(2026, 10, 29, 0, 0), now)).toBe('Today')
  expect(dayInWords(new Date(2026, 10, 28, 23, 59), now)).toBe('Yesterday')
  expect(dayInWords(new Date(2026, 10, 23), now)).toMatch(/23/)
  expect(dayInWords(new Date(2026, 10, 23), now)).not.toMatch(/2026/)
  expect(dayInWords(new Date(2025, 10, 23), now)).toMatch(/2025/)
})

test('a day ends at midnight also when the clocks are changed', () => {
  const after = new Date(2026, 9, 26, 0, 30)
  expect(dayInWords(new Date(2026, 9, 25, 0, 10), after)).toBe('Yesterday')
  expect(dayInWords(new Date(2026, 9, 24, 23, 50), after)).not.toBe('Yesterday')
})

test('the time of a moment', () => {
  expect(timeInWords(ago(0.5), now)).toBe('Just now')
  expect(timeInWords(ago(1.2), now)).toBe('A minute ago')
  expect(timeInWords(ago(12), now)).toBe('12 minutes ago')
  expect(timeInWords(ago(61), now)).toBe(clock(ago(61)))
})

test('a server whose clock is ahead is no reason to speak of the future', () => {
  expect(timeInWords(ago(-0.5), now)).toBe('Just now')
  expect(timeInWords(ago(-3), now)).toBe(clock(ago(-3)))
})

test('a moment within a sentence, and beside a line', () => {
  expect(momentInWords(ago(5), now)).toBe(`today at ${clock(ago(5))}`)
  expect(momentInWords(new Date(2026, 10, 28, 9, 0), now)).toBe(`yesterday at ${clock(new Date(2026, 10, 28, 9, 0))}`)
  expect(momentInShort(ago(5), now)).toBe(clock(ago(5)))
  expect(momentInShort(new Date(2026, 10, 3), now)).toMatch(/3/)
  expect(momentInShort(new Date(2024, 2, 3), now)).toMatch(/2024/)
})

test('moments stand under their days, in the order that they have', () => {
  const at = (date: Date) => ({ at: date.toISOString() })
  const items = [
    ago(0),
    ago(60),
    new Date(2026, 10, 28, 23, 0),
    new Date(2026, 10, 28, 1, 0),
    new Date(2026, 8, 1),
  ].map(at)
  const days = byDay(items, now)
  expect(days.map(({ title, items: of }) => [title, of.length])).toEqual([
    ['Today', 2],
    ['Yesterday', 2],
    [dayInWords(new Date(2026, 8, 1), now), 1],
  ])
  expect(days.flatMap((day) => day.items)).toEqual(items)
  expect(byDay([], now)).toEqual([])
})
