import { Text } from '@codemirror/state'
import { describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import file from '../../../tests/vectors/hunks.json?raw'
import type { HunkState, Suggestion } from '../api/types'
import { drawingOf, type PlacedHunk, placeHunks } from './placement'
import { none, suggestionChanged, suggestionsRead } from './suggestions'

const content = 'one aé😀b\ntwo\nthree\n'

function openText() {
  const doc = new Y.Doc()
  const text = doc.getText('text')
  text.insert(0, content)
  return text
}

const anchor = (text: Y.Text, index: number, assoc: number) =>
  btoa(String.fromCharCode(...Y.encodeRelativePosition(Y.createRelativePositionFromTypeIndex(text, index, assoc))))

/** Anchors as the server makes them: a range sticks to its own characters, an empty one lies between its neighbours. */
function suggest(text: Y.Text, start: number, end: number, proposed: string, state: HunkState = 'pending'): Suggestion {
  const anchors: [string, string] =
    start === end ? [anchor(text, start, -1), anchor(text, start, 0)] : [anchor(text, start, 0), anchor(text, end, -1)]
  const base = text.toString().slice(start, end)
  return {
    id: 's',
    job: 'j',
    workspace: 'w',
    author: { id: 'assistant', name: 'Assistant' },
    requested_by: { id: 'u', name: 'Ann' },
    instruction: '',
    mode: 'edit',
    state: 'ready',
    documents: ['d'],
    created_at: '',
    hunks: [{ id: 'h', document: 'd', path: 'a', start, end, anchors, base, proposed, state, revision: 0 }],
  }
}

const place = (text: Y.Text, suggestion: Suggestion, state = suggestionChanged(none, suggestion, 0)) =>
  placeHunks(state, [suggestion], 'd', text, (from, to) => text.toString().slice(from, to))

describe('where a hunk is shown', () => {
  test('it moves with the text around it, by UTF-16 positions', () => {
    const text = openText()
    const suggestion = suggest(text, 4, 9, 'x') // "aé😀b"
    text.insert(0, '😀')
    text.insert(11, '!') // right behind it
    expect(place(text, suggestion)).toMatchObject([{ from: 6, to: 11, base: 'aé😀b', show: 'pending' }])
  })

  test('one whose base text changed is stale at once, before the server says so', () => {
    const text = openText()
    const suggestion = suggest(text, 10, 13, 'TWO')
    text.insert(11, '-')
    expect(place(text, suggestion)).toMatchObject([{ show: 'stale' }])
  })

  test('an insertion stays between its neighbours', () => {
    const text = openText()
    const suggestion = suggest(text, 3, 3, ' and')
    text.insert(0, 'zero ')
    expect(place(text, suggestion)).toMatchObject([{ from: 8, to: 8, show: 'pending' }])
  })

  test.each([
    ['a word', 10, 13, 'TWO'],
    ['an insertion', 13, 13, ' more'],
    ['a deletion', 9, 13, ''],
  ])('one that was accepted does not look stale before this page is told (%s)', (_, from, to, proposed) => {
    const text = openText()
    const suggestion = suggest(text, from, to, proposed)
    text.doc?.transact(() => {
      text.delete(from, to - from)
      text.insert(from, proposed)
    })
    expect(place(text, suggestion)).toMatchObject([{ show: 'made' }])
  })

  test('what was replaced by something else is stale', () => {
    const text = openText()
    const suggestion = suggest(text, 10, 13, 'TWO')
    text.delete(10, 3)
    text.insert(10, 'ten')
    expect(place(text, suggestion)).toMatchObject([{ show: 'stale' }])
  })

  test('a hunk on text that has not arrived yet waits', () => {
    const theirs = openText()
    const suggestion = suggest(theirs, 4, 9, 'x')
    expect(place(new Y.Doc().getText('text'), suggestion)).toEqual([])
  })

  test('what was decided or went stale before this page came is not shown', () => {
    const text = openText()
    for (const state of ['accepted', 'rejected', 'undone', 'stale'] as const) {
      const suggestion = suggest(text, 4, 9, 'x', state)
      expect(place(text, suggestion, suggestionsRead(none, [suggestion]))).toEqual([])
    }
  })
})

const cases = JSON.parse(file) as {
  title: string
  text: string
  start: number
  end: number
  edits: [number, number, string][]
  place: [number, number] | null
}[]

test.each(cases)('as the server judges: $title', (given) => {
  const text = new Y.Doc().getText('text')
  text.insert(0, given.text)
  const suggestion = suggest(text, given.start, given.end, 'new')
  for (const [at, length, inserted] of given.edits) {
    text.doc?.transact(() => {
      text.delete(at, length)
      text.insert(at, inserted)
    })
  }
  const [placed] = place(text, suggestion)
  expect(placed?.show).toBe(given.place === null ? 'stale' : 'pending')
  if (given.place !== null) expect([placed?.from, placed?.to]).toEqual(given.place)
})

describe('how a hunk is drawn', () => {
  const doc = Text.of(content.split('\n'))
  const draw = (from: number, to: number, proposed: string) =>
    drawingOf(doc, { from, to, proposed, base: content.slice(from, to) } as PlacedHunk)

  test('words within a line stay in the line', () => {
    expect(draw(0, 3, 'ONE')).toMatchObject({ layout: 'inline', at: 3, side: 1, text: 'ONE' })
    expect(draw(3, 3, ' and')).toMatchObject({ layout: 'inline', at: 3 })
  })

  test('whole lines give way to a block below them', () => {
    expect(draw(10, 14, 'TWO\nmore\n')).toMatchObject({ layout: 'lines', at: 13, side: 1, text: 'TWO\nmore' })
    expect(draw(10, 13, 'TWO')).toMatchObject({ layout: 'lines', at: 13, side: 1, text: 'TWO' })
    expect(draw(10, 14, '')).toMatchObject({ layout: 'lines', at: 13, side: 1, text: '' })
  })

  test('new lines stand where they will be', () => {
    expect(draw(10, 10, 'new\n')).toMatchObject({ layout: 'lines', at: 10, side: -1, text: 'new' })
    expect(draw(13, 13, '\nnew')).toMatchObject({ layout: 'lines', at: 13, side: 1, text: 'new' })
  })

  test('lines that still stream are drawn as lines before their last line break has come', () => {
    const placed = { from: 10, to: 14, proposed: 'TW', base: 'two\n', show: 'streaming' } as PlacedHunk
    expect(drawingOf(doc, placed)).toMatchObject({ layout: 'lines', at: 13, side: 1, text: 'TW' })
  })

  test('splitting lines, or joining them as they are, is no exchange of whole lines', () => {
    expect(draw(10, 13, 'TWO\n')).toMatchObject({ layout: 'inline' })
    expect(draw(13, 14, ' ')).toMatchObject({ layout: 'inline' })
    expect(draw(5, 12, '')).toMatchObject({ layout: 'inline' })
  })

  test('where several lines change from their middle on, all of them give way', () => {
    expect(draw(4, 12, 'LINE\nTW')).toMatchObject({ layout: 'lines', from: 0, to: 13, at: 13, text: 'one LINE\nTWo' })
    expect(draw(10, 16, 'TWO th')).toMatchObject({ layout: 'lines', from: 10, to: 19, text: 'TWO three' })
  })
})
