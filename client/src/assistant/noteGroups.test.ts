import { expect, test } from 'vitest'
import { type Noted, noteGroups, notesInWords } from './noteGroups'
import type { PlacedHunk } from './placement'

const noted = (suggestion: string, line: number) => ({ placed: { suggestion } as PlacedHunk, line })
const grouped = (...notes: Noted[]) => noteGroups(notes).map((group) => group.map(({ line }) => line))

test('notes of one suggestion on neighbouring lines stand together', () => {
  expect(grouped(noted('a', 1), noted('a', 1), noted('a', 3), noted('a', 4), noted('a', 9))).toEqual([
    [1, 1, 3, 4],
    [9],
  ])
})

test('those of another suggestion stand apart, and do not part those around them', () => {
  expect(grouped(noted('a', 1), noted('b', 1), noted('a', 2))).toEqual([[1, 2], [1]])
})

test('decisions in words', () => {
  const by = { name: 'Ann' }
  expect(notesInWords([{ state: 'accepted', by }])).toBe('accepted by Ann')
  expect(notesInWords([{ state: 'accepted', by }], true)).toBe('1 accepted by Ann')
  expect(notesInWords(['accepted', 'accepted', 'rejected'].map((state) => ({ state, by })))).toBe(
    '2 accepted by Ann, 1 rejected by Ann',
  )
})
