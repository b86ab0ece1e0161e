// @vitest-environment jsdom
import { EditorState, type TransactionSpec } from '@codemirror/state'
import { describe, expect, test } from 'vitest'
import { ySyncAnnotation } from 'y-codemirror.next'
import { ghostEvent, ghostLayer } from './layer'
import { restAfter } from './rest'
import { Problem } from '../api/problem'

const grey = (state: EditorState) => state.field(ghostLayer).shown

/** Somebody else's edit, as it comes from the shared text. */
const theirs = { annotations: ySyncAnnotation.of({} as never) }

function apply(state: EditorState, ...specs: TransactionSpec[]): EditorState {
  return specs.reduce((now, spec) => now.update(spec).state, state)
}

const type = (at: number, insert: string): TransactionSpec => ({
  changes: { from: at, insert },
  selection: { anchor: at + insert.length },
})

/** Grey text behind “It was”. */
function shown(text = ' on\nTuesday'): EditorState {
  const state = EditorState.create({ doc: 'It\n', extensions: [ghostLayer] })
  return apply(
    state,
    type(2, ' was'),
    { effects: ghostEvent.of({ is: 'due', fits: true }) },
    { effects: ghostEvent.of({ is: 'piece', request: 1, id: 'c', text, insteadOf: null }) },
    { effects: ghostEvent.of({ is: 'ended', request: 1 }) },
  )
}

describe('the layer of grey text', () => {
  test('asks for deeds with the very transaction that needs them, and not again', () => {
    const typed = apply(EditorState.create({ extensions: [ghostLayer] }), type(0, 'It'))
    expect(typed.field(ghostLayer).deeds).toEqual([])
    const asked = apply(typed, { effects: ghostEvent.of({ is: 'due', fits: true }) })
    expect(asked.field(ghostLayer).deeds).toEqual([{ do: 'ask', request: 1, at: 2 }])
    expect(apply(asked, { selection: { anchor: 2 } }).field(ghostLayer).deeds).toEqual([])
  })

  test('draws one piece in the line, and one below it', () => {
    const drawn: [number, boolean][] = []
    shown()
      .field(ghostLayer)
      .decorations.between(0, 100, (from, _to, { spec }) => {
        drawn.push([from, (spec as { block?: boolean }).block === true])
      })
    expect(drawn).toEqual([
      [6, false],
      [6, true],
    ])
  })

  test('becomes shorter with the edit that types along', () => {
    expect(grey(apply(shown(), type(6, ' o')))).toEqual({ at: 8, text: 'n\nTuesday', insteadOf: null })
    expect(grey(apply(shown(), type(6, '!')))).toBeNull()
  })

  test('is ended by a selection, by a cursor elsewhere, and by several cursors', () => {
    expect(grey(apply(shown(), { selection: { anchor: 6 } }))).not.toBeNull()
    expect(grey(apply(shown(), { selection: { anchor: 5 } }))).toBeNull()
    expect(grey(apply(shown(), { selection: { anchor: 6, head: 5 } }))).toBeNull()
  })

  test('moves with what others write elsewhere, and is ended by what they write here', () => {
    expect(grey(apply(shown(), { changes: { from: 0, insert: 'Oh. ' }, ...theirs }))?.at).toBe(10)
    expect(grey(apply(shown(), { changes: { from: 6, insert: '!' }, ...theirs }))).toBeNull()
    expect(grey(apply(shown(), { changes: { from: 0, to: 7 }, ...theirs }))).toBeNull()
  })

  test('an edit that closes its own bracket is not typing along', () => {
    const opened = apply(shown('(x)'), { changes: { from: 6, insert: '()' }, selection: { anchor: 7 } })
    expect(grey(opened)).toBeNull()
    expect(opened.field(ghostLayer).ghost.cursor).toBe(7)
  })

  test('is not shown where nobody may write', () => {
    const locked = EditorState.create({ extensions: [ghostLayer, EditorState.readOnly.of(true)] })
    expect(apply(locked, { effects: ghostEvent.of({ is: 'due', fits: true }) }).field(ghostLayer).deeds).toEqual([])
  })
})

test('after failures the server is left alone, longer each time, but not for ever', () => {
  const away = new Problem(503, '', '')
  expect([0, 1, 2, 20].map((failures) => restAfter(away, failures))).toEqual([5_000, 10_000, 20_000, 120_000])
  expect(restAfter(new Problem(409, '', ''), 3)).toBe(0)
})
