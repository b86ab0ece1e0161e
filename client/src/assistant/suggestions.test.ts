import { describe, expect, test } from 'vitest'
import type { Hunk, Suggestion } from '../api/types'
import { forgetNotes, inDocument, none, suggestionChanged, suggestionDelta, suggestionsRead } from './suggestions'

const hunk = (id: string, change: Partial<Hunk> = {}): Hunk => ({
  id,
  document: 'd',
  path: 'a.txt',
  start: 0,
  end: 1,
  anchors: ['', ''],
  base: 'a',
  proposed: 'b',
  state: 'streaming',
  revision: 0,
  ...change,
})
const suggestion = (change: Partial<Suggestion> = {}): Suggestion => ({
  id: 's',
  job: 'j',
  workspace: 'w',
  author: { id: 'assistant', name: 'Assistant' },
  requested_by: { id: 'u', name: 'Ann' },
  instruction: 'better',
  mode: 'edit',
  state: 'streaming',
  documents: [],
  created_at: '2026-01-01T00:00:00Z',
  hunks: [hunk('1')],
  ...change,
})
const ann = { id: 'u', name: 'Ann' }

describe('suggestions', () => {
  test('a delta replaces, adds and removes hunks, in their order', () => {
    let state = suggestionChanged(none, suggestion({ hunks: [hunk('1'), hunk('2')] }), 0)
    state = suggestionDelta(state, {
      id: 's',
      hunks: [hunk('2', { proposed: 'c' }), hunk('3')],
      grown: [],
      removed: ['1'],
    })
    expect(state.byId.get('s')?.hunks.map((h) => h.id + h.proposed)).toEqual(['2c', '3b'])
  })

  test('what a hunk has grown by is added once, and only behind what is known', () => {
    let state = suggestionChanged(none, suggestion({ hunks: [hunk('1', { proposed: 'on' })] }), 0)
    const grown = (at: number, text: string, id = '1') => ({
      id: 's',
      hunks: [],
      grown: [{ id, at, text }],
      removed: [],
    })
    const proposed = () => state.byId.get('s')?.hunks[0]?.proposed
    state = suggestionDelta(state, grown(2, 'e two'))
    expect(proposed()).toBe('one two')
    state = suggestionDelta(state, grown(2, 'e two th'))
    expect(proposed()).toBe('one two th')
    state = suggestionDelta(state, grown(99, 'lost'))
    state = suggestionDelta(state, grown(0, 'unknown', '2'))
    expect(proposed()).toBe('one two th')
  })

  test('a delta that arrives after the end changes nothing', () => {
    const state = suggestionChanged(none, suggestion({ state: 'ready', hunks: [hunk('1', { state: 'pending' })] }), 0)
    expect(suggestionDelta(state, { id: 's', hunks: [hunk('1', { proposed: 'late' })], grown: [], removed: [] })).toBe(
      state,
    )
    expect(suggestionDelta(state, { id: 'unknown', hunks: [], grown: [], removed: [] })).toBe(state)
  })

  test('a decision is noted once, with who made it, and taken back by undo', () => {
    const ready = suggestion({ state: 'ready', hunks: [hunk('1', { state: 'pending' })] })
    const accepted = suggestion({
      state: 'done',
      hunks: [hunk('1', { state: 'accepted', revision: 1, decided_by: ann })],
    })
    let state = suggestionChanged(suggestionChanged(none, ready, 0), accepted, 5)
    expect(state.notes.get('1')).toMatchObject({ state: 'accepted', by: ann, at: 5 })
    state = suggestionChanged(state, accepted, 9)
    expect(state.notes.get('1')?.at).toBe(5)
    expect(forgetNotes(state, 6).notes.size).toBe(0)
    state = suggestionChanged(state, ready, 10)
    expect(state.notes.size).toBe(0)
  })

  test('what was decided before the page came is not news', () => {
    const old = suggestion({ state: 'done', hunks: [hunk('1', { state: 'accepted', revision: 1, decided_by: ann })] })
    expect(suggestionChanged(none, old, 0).notes.size).toBe(0)
  })

  test('a list read over HTTP does not undo what events told meanwhile', () => {
    const ready = suggestion({ state: 'ready', hunks: [hunk('1', { state: 'pending' })] })
    const done = suggestion({ state: 'done', hunks: [hunk('1', { state: 'accepted', revision: 1, decided_by: ann })] })
    const state = suggestionsRead(suggestionChanged(none, done, 0), [ready])
    expect(state.byId.get('s')?.state).toBe('done')
    expect(suggestionsRead(none, [ready]).byId.size).toBe(1)
  })

  test('whoever comes right after a decision hears of it, and of none before', () => {
    const by = { id: 'u', name: 'Bob' }
    const decided = (id: string, at: string) => hunk(id, { state: 'accepted', decided_by: by, decided_at: at })
    const read = suggestion({
      state: 'ready',
      hunks: [decided('new', '2026-01-01T12:00:00Z'), decided('old', '2026-01-01T11:00:00Z'), hunk('open')],
    })
    const moment = { now: 50_000, wall: Date.parse('2026-01-01T12:00:10Z'), news: 30_000 }
    const { notes } = suggestionsRead(none, [read], moment)
    expect([...notes.values()]).toEqual([{ hunk: 'new', revision: 0, state: 'accepted', by, at: 40_000 }])
    expect(suggestionsRead(none, [read], { ...moment, wall: moment.wall - 60_000 }).notes.get('new')?.at).toBe(50_000)
    expect(suggestionsRead(none, [read]).notes.size).toBe(0)
  })

  test('only what touches a document is shown in it, oldest first', () => {
    let state = suggestionChanged(none, suggestion({ id: 'b', created_at: '2026-01-02T00:00:00Z' }), 0)
    state = suggestionChanged(state, suggestion({ id: 'a' }), 0)
    state = suggestionChanged(state, suggestion({ id: 'x', hunks: [hunk('9', { document: 'other' })] }), 0)
    expect(inDocument(state, 'd').map((s) => s.id)).toEqual(['a', 'b'])
  })
})
