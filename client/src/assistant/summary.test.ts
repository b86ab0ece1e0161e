import { describe, expect, test } from 'vitest'
import type { Hunk, HunkState, Suggestion } from '../api/types'
import { none, suggestionChanged, suggestionsRead } from './suggestions'
import { barRow, pendingByDocument, type Sight } from './summary'

const hunk = (id: string, state: HunkState): Hunk => ({
  id,
  document: 'd',
  path: 'a',
  start: 0,
  end: 1,
  anchors: ['', ''],
  base: 'a',
  proposed: 'b',
  state,
  revision: 0,
  decided_by: { id: 'u', name: 'Ann' },
})
const suggestion = (state: Suggestion['state'], hunks: Hunk[], change: Partial<Suggestion> = {}): Suggestion => ({
  id: 's',
  job: 'j',
  workspace: 'w',
  author: { id: 'assistant', name: 'Assistant' },
  requested_by: { id: 'u', name: 'Ann' },
  instruction: '',
  mode: 'edit',
  state,
  documents: ['d'],
  created_at: '',
  hunks,
  ...change,
})
const all: Sight = { unfit: new Set(), exists: () => true, waiting: new Map() }
const row = (...history: [Suggestion, ...Suggestion[]]) => {
  const state = history.reduce((known, next) => suggestionChanged(known, next, 0), none)
  return barRow(state, history.at(-1) ?? history[0], 'd', all)
}

describe('what the bar says', () => {
  test('while it streams it can be cancelled, even before the first change', () => {
    expect(row(suggestion('streaming', []))).toMatchObject({ words: 'Thinking…', canCancel: true })
    const waiting = new Map([['j', 'The model is busy. Trying again in 8 seconds.']])
    const asked = suggestion('streaming', [])
    expect(barRow(suggestionChanged(none, asked, 0), asked, 'd', { ...all, waiting })?.words).toBe(waiting.get('j'))
    expect(row(suggestion('streaming', [hunk('1', 'streaming')]))?.words).toBe('Proposing… 1 change so far')
  })

  test('decisions are counted with who made them, and can be taken back', () => {
    const before = suggestion('ready', [hunk('1', 'pending'), hunk('2', 'pending'), hunk('3', 'pending')])
    const after = suggestion('ready', [hunk('1', 'accepted'), hunk('2', 'rejected'), hunk('3', 'pending')])
    const shown = row(before, after)
    expect(shown?.words).toBe('1 change to decide; 1 accepted by Ann, 1 rejected by Ann')
    expect(shown?.undoable.map(({ id }) => id)).toEqual(['1', '2'])
  })

  test('a failure says why, and that what had arrived can be decided', () => {
    const failed = suggestion('failed', [hunk('1', 'pending')], { error: 'The model stopped answering.' })
    expect(row(failed)).toMatchObject({
      words: 'The model stopped answering. What had arrived can still be decided.',
      tone: 'problem',
    })
    expect(row({ ...failed, hunks: [] })?.words).toBe('The model stopped answering.')
  })

  test('nothing to propose is a sentence, not silence', () => {
    expect(row(suggestion('done', [], { note: 'ruff has nothing to repair here.' }))?.words).toBe(
      'ruff has nothing to repair here.',
    )
  })

  test('history says nothing, but what is undecided stays', () => {
    const old = (state: Suggestion['state'], hunks: Hunk[]) => {
      const read = suggestion(state, hunks)
      return barRow(suggestionsRead(none, [read]), read, 'd', all)
    }
    expect(old('done', [hunk('1', 'accepted')])).toBeNull()
    expect(old('failed', [])).toBeNull()
    expect(old('done', [hunk('1', 'stale')])).toBeNull()
    expect(old('ready', [hunk('1', 'pending')])?.pending).toHaveLength(1)
  })

  test('what does not fit any more is not offered, and can be asked for again', () => {
    const two = suggestion('ready', [hunk('1', 'pending'), hunk('2', 'pending')])
    const state = suggestionsRead(none, [two])
    const one = barRow(state, two, 'd', { ...all, unfit: new Set(['1']) })
    expect(one).toMatchObject({ words: '1 change to decide', stale: true })
    expect(one?.pending.map(({ id }) => id)).toEqual(['2'])
    const neither = barRow(state, two, 'd', { ...all, unfit: new Set(['1', '2']) })
    expect(neither).toMatchObject({ words: 'The text changed, so it no longer fits', pending: [], stale: true })
  })

  describe('about several files', () => {
    const there = (id: string, document: string, state: HunkState) => ({
      ...hunk(id, state),
      document,
      path: `src/${document}.py`,
    })

    test('what waits here and elsewhere is told apart', () => {
      const several = suggestion('ready', [
        hunk('1', 'pending'),
        there('2', 'e', 'pending'),
        there('3', 'e', 'pending'),
      ])
      expect(row(several)).toMatchObject({ words: '1 change to decide here, 2 in another file' })
      expect(row(several)?.elsewhere).toEqual(new Map([['e', { path: 'src/e.py', pending: 2 }]]))
      expect(row(several)?.pending).toHaveLength(1)
      expect(row(several)?.pendingInAll).toHaveLength(3)
    })

    test('a file in which all is decided still tells of the others', () => {
      const rest = suggestion('ready', [hunk('1', 'accepted'), there('2', 'e', 'pending'), there('3', 'f', 'pending')])
      expect(row(rest)).toMatchObject({ words: '2 changes to decide in 2 other files', pending: [] })
    })

    test('changes in a file that was deleted are not offered', () => {
      const rest = suggestion('ready', [hunk('1', 'pending'), there('2', 'e', 'pending')])
      const gone = { ...all, exists: (document: string) => document !== 'e' }
      const shown = barRow(suggestionsRead(none, [rest]), rest, 'd', gone)
      expect(shown).toMatchObject({ words: '1 change to decide', elsewhere: new Map() })
      expect(shown?.pendingInAll).toHaveLength(1)
      const decided = suggestion('ready', [hunk('1', 'accepted'), there('2', 'e', 'pending')])
      expect(barRow(suggestionsRead(none, [decided]), decided, 'd', gone)).toBeNull()
    })

    test('while it streams it says in how many files', () => {
      const streams = suggestion('streaming', [hunk('1', 'streaming'), there('2', 'e', 'streaming')])
      expect(row(streams)).toMatchObject({ words: 'Proposing… 2 changes so far in 2 files' })
    })

    test('each file knows what waits in it', () => {
      const several = suggestion('ready', [
        hunk('1', 'pending'),
        there('2', 'e', 'pending'),
        there('3', 'e', 'accepted'),
      ])
      const state = suggestionChanged(none, several, 0)
      expect(pendingByDocument(state, new Set())).toEqual(
        new Map([
          ['d', 1],
          ['e', 1],
        ]),
      )
      const [first] = several.hunks.filter((one) => one.document === 'd' && one.state === 'pending')
      expect(pendingByDocument(state, new Set([first?.id ?? '']))).toEqual(new Map([['e', 1]]))
    })
  })
})
