import { ChangeSet, type ChangeSpec, Text } from '@codemirror/state'
import { expect, test } from 'vitest'
import type { Attribution, Hand } from '../api/history'
import { type AuthorMarks, markIn, marksOf } from './lines'
import { countLines, Passage } from './passage'
import { authoredInWords } from './words'

const ann: Hand = { kind: 'person', id: 'ann', name: 'Ann' }
const assistant: Hand = { kind: 'assistant', id: 'assistant', name: 'Assistant' }
const text = (content: string) => Text.of(content.split('\n'))

const before = text('one\ntwo\nthree\nfour\n')
const answer: Attribution = {
  length: before.length,
  authors: [ann, assistant],
  lines: [
    { start: 1, end: 3, author: 0, at: '2026-11-29T14:05:00Z' },
    { start: 3, end: 4, author: 1, at: null },
    { start: 4, end: 5, author: null },
  ],
}
const nothing = ChangeSet.empty(before.length).desc
const marks = (since = nothing) => marksOf(answer, before, since, () => null as never)

/** Who is told beside each line, with a star at the first of those that belong together. */
function beside(doc: Text, found: AuthorMarks): string[] {
  return Array.from({ length: doc.lines }, (_, index) => {
    const { from, to } = doc.line(index + 1)
    const mark = markIn(found, from, to)
    if (mark === null) return '?'
    return `${mark.isFirst ? '*' : ''}${mark.authored.hand?.name ?? 'nobody'}`
  })
}

test('each line has its author', () => {
  expect(beside(before, marks())).toEqual(['*Ann', 'Ann', '*Assistant', '*nobody', '?'])
})

test('lines keep their authors wherever they go, and new ones have none yet', () => {
  const changes = ChangeSet.of(
    [
      { from: 0, insert: 'zero\n' },
      { from: 4, insert: 'and ' },
      { from: 8, to: 14 },
    ],
    before.length,
  )
  const after = changes.apply(before)
  expect(after.toString()).toBe('zero\none\nand two\nfour\n')
  expect(beside(after, marks(changes.desc))).toEqual(['?', '*Ann', 'Ann', '*nobody', '?'])
})

test('what is typed at the edges of a line is no reason to lose its author', () => {
  const at = (spec: ChangeSpec) => {
    const changes = ChangeSet.of(spec, before.length)
    return beside(changes.apply(before), marks(changes.desc))
  }
  expect(at({ from: 4, insert: 'x' })).toEqual(['*Ann', 'Ann', '*Assistant', '*nobody', '?'])
  expect(at({ from: 7, insert: 'x' })).toEqual(['*Ann', 'Ann', '*Assistant', '*nobody', '?'])
  expect(at({ from: 7, insert: '\n' })).toEqual(['*Ann', 'Ann', '?', '*Assistant', '*nobody', '?'])
  expect(at({ from: 5, to: 7 })).toEqual(['*Ann', 'Ann', '*Assistant', '*nobody', '?'])
  // Joined, they are one line.
  expect(at({ from: 7, to: 8 })).toEqual(['*Ann', '*Assistant', '*nobody', '?'])
})

test('an answer is about one of the texts that there were on its way', () => {
  const typed = ChangeSet.of({ from: 0, insert: 'zero\n' }, before.length)
  const more = ChangeSet.of({ from: 0, insert: 'x' }, before.length + 5)
  const passage = new Passage(before)
  passage.add(typed.desc, typed.apply(before))
  passage.add(more.desc, more.apply(typed.apply(before)))
  const lines = 4
  expect(passage.find(before.length, lines)?.since.newLength).toBe(before.length + 6)
  expect(passage.find(before.length, lines)?.doc).toBe(before)
  expect(passage.find(before.length + 5, lines + 1)?.since.length).toBe(before.length + 5)
  expect(passage.find(before.length + 6, lines + 1)?.since.empty).toBe(true)
  // The same length with other lines, and one that never was.
  expect(passage.find(before.length, lines + 1)).toBeNull()
  expect(passage.find(before.length + 99, lines)).toBeNull()
})

test('lines are counted as the server counts them', () => {
  expect(['', '\n', 'a', 'a\n', 'a\nb', '\n\n'].map((content) => countLines(text(content)))).toEqual([0, 1, 1, 1, 2, 2])
})

test('who wrote a line, in words', () => {
  const now = new Date('2026-11-29T15:00:00Z')
  const at = '2026-11-29T14:05:00Z'
  const say = (hand: Hand | null, when: string | null, me = 'bob') =>
    authoredInWords({ hand, at: when }, false, { me }, now)
  expect(say(ann, at)).toMatch(/^Ann, (today|yesterday) at /)
  expect(say(ann, null, 'ann')).toBe('you')
  expect(say(assistant, null)).toBe('the assistant')
  expect(say(null, null)).toBe('nobody is recorded')
  expect(authoredInWords(null, false, { me: 'ann' }, now)).toBe('written just now')
  expect(authoredInWords(null, true, { me: 'ann' }, now)).toBe('nothing is written there')
})
