import { describe, expect, test } from 'vitest'
import { hasOwnEdits, initial, isBarrierDue, isSaved, reduce, type SaveEvent, type SaveState } from './saveState'

const run = (...events: SaveEvent[]): SaveState =>
  [{ type: 'allowed', allowed: true } as const, ...events].reduce(reduce, initial)
const opened: SaveEvent[] = [{ type: 'connected' }, { type: 'uploaded' }]

describe('save state', () => {
  test('nothing is saved until the first barrier of a visit returned, for offline edits may lie in the browser', () => {
    expect(isSaved(initial)).toBe(false)
    expect(isSaved(run(...opened, { type: 'barrier sent' }, { type: 'barrier answered', edits: 1 }))).toBe(true)
  })

  test('no barrier goes ahead of the answer to the server’s sync step 1', () => {
    expect(isBarrierDue(run({ type: 'connected' }, { type: 'edited' }))).toBe(false)
    expect(isBarrierDue(run(...opened))).toBe(true)
  })

  test('an edit after the barrier is not covered by its answer', () => {
    const state = run(...opened, { type: 'barrier sent' }, { type: 'edited' }, { type: 'barrier answered', edits: 1 })
    expect(isSaved(state)).toBe(false)
    expect(isBarrierDue(state)).toBe(true)
  })

  test('a broken connection forgets its barrier, the next one sends it anew after the upload', () => {
    const broken = run(...opened, { type: 'edited' }, { type: 'barrier sent' }, { type: 'disconnected' })
    expect(isSaved(broken)).toBe(false)
    expect(isBarrierDue(broken)).toBe(false)
    const back = opened.reduce(reduce, broken)
    expect(isBarrierDue(back)).toBe(true)
    expect(isSaved(reduce(reduce(back, { type: 'barrier sent' }), { type: 'barrier answered', edits: 2 }))).toBe(true)
  })

  test('an answer that belongs to no barrier of this connection confirms nothing', () => {
    const state = run(...opened, { type: 'edited' }, { type: 'barrier answered', edits: 2 })
    expect(isSaved(state)).toBe(false)
  })

  test('a viewer sends no barrier, and one who becomes an editor does not wait for an old one', () => {
    const demoted = run(...opened, { type: 'edited' }, { type: 'barrier sent' }, { type: 'allowed', allowed: false })
    expect(isBarrierDue(demoted)).toBe(false)
    expect(isBarrierDue(reduce(demoted, { type: 'allowed', allowed: true }))).toBe(true)
  })

  test('who becomes a viewer has edits that are not saved, unless the barrier under way still returns', () => {
    const demoted = run(...opened, { type: 'edited' }, { type: 'barrier sent' }, { type: 'allowed', allowed: false })
    expect(hasOwnEdits(demoted)).toBe(true)
    expect(hasOwnEdits(reduce(demoted, { type: 'barrier answered', edits: 2 }))).toBe(false)
    const viewer = [...opened, { type: 'edited' } as const].reduce(reduce, initial)
    expect(hasOwnEdits(viewer)).toBe(false)
  })

  test('a barrier that was sent before the server allowed edits is sent anew when the server asks again', () => {
    const dropped = run(...opened, { type: 'edited' }, { type: 'barrier sent' })
    expect(isBarrierDue(reduce(dropped, { type: 'uploaded' }))).toBe(true)
  })

  test('edits stay confirmed when the connection breaks', () => {
    const state = run(
      ...opened,
      { type: 'barrier sent' },
      { type: 'barrier answered', edits: 1 },
      { type: 'disconnected' },
    )
    expect(isSaved(state)).toBe(true)
  })
})
