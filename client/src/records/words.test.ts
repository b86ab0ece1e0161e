import { describe, expect, test } from 'vitest'
import { recordQuery, type FeedbackRecord, type WholeRecord } from '../api/feedback'
import { decided, leftOut, looks, making, short, shown, surroundings } from './words'

const record: FeedbackRecord = {
  id: 'h:0',
  decided_at: '2026-11-28T12:00:00Z',
  kind: 'edit',
  decision: 'accepted',
  path: 'a.md',
  requested_by: { id: 'u1', name: 'Ada' },
  decided_by: { id: 'u2', name: 'Ben' },
  reason: null,
  was_shown: null,
  shown_ms: null,
  model: 'm',
  base_text: 'brown',
  proposed_text: 'red',
  final_text: null,
  kept_rate: null,
  corrections: {},
  redactions: [],
}

describe('a record in words', () => {
  test('says who decided, or what happened by itself', () => {
    expect(decided(record)).toBe('Accepted by Ben')
    expect(decided({ ...record, decision: 'superseded', decided_by: null })).toBe('Replaced by another attempt')
  })

  test('says what is known of the screen, and no more', () => {
    expect(shown(record)).toBe('Whether it was on Ben’s screen is not known.')
    expect(shown({ ...record, was_shown: false })).toContain('not on Ben’s screen')
    expect(shown({ ...record, was_shown: true, shown_ms: 2_460 })).toBe('It was on Ben’s screen for 2.5 seconds.')
  })

  test('lists the looks in their order, whichever were taken', () => {
    const look = { final_text: 'red', kept_rate: 1, at: '2026-11-28T12:00:30Z' }
    const taken = looks({ ...record, corrections: { '10min': look, quiet: look } })
    expect(taken.map(({ when }) => when)).toEqual(['Once nobody had touched it for 10 seconds', 'After 10 minutes'])
  })

  test('names what was left out', () => {
    const found = leftOut([
      { field: 'messages', type: 'GitHub Token', count: 2 },
      { field: 'elsewhere', type: 'API Key', count: 1 },
    ])
    expect(found).toEqual(['GitHub Token (2 times), in what the model was told', 'API Key, in elsewhere'])
  })

  test('leaves out of the making what is not known', () => {
    const whole: WholeRecord = {
      ...record,
      messages: [],
      params: { temperature: 0.2 },
      selection: null,
      place: null,
      timings: { queued: 0, first_token: 0.25, total: null },
      usage: null,
      cost: null,
      consent: {},
    }
    expect(making(whole)).toEqual([
      ['Model', 'm'],
      ['First words', 'after 0.3 s'],
      ['temperature', '0.2'],
    ])
  })

  test('shows whole lines around the text', () => {
    const lines = (from: number) => Array.from({ length: 9 }, (_, at) => `line ${from + at} of some text\n`).join('')
    const front = lines(10)
    const selection = `${front}here\n${lines(30)}`
    const whole = { selection, place: [front.length, front.length + 4] } as WholeRecord
    const [before, behind] = surroundings(whole)
    expect(before.startsWith('line ')).toBe(true)
    expect(before.endsWith('line 18 of some text\n')).toBe(true)
    expect(behind.startsWith('\nline 30')).toBe(true)
    expect(behind.endsWith('text')).toBe(true)
    expect(surroundings({ selection: 'here', place: [0, 4] } as WholeRecord)).toEqual(['', ''])
  })

  test('keeps to one line', () => {
    expect(short(' a\n  b ', 'nothing')).toBe('a b')
    expect(short(' \n', 'nothing')).toBe('nothing')
    expect(short('x'.repeat(500), '')).toHaveLength(120)
  })
})

describe('the query of a filter', () => {
  const none = { kind: '', decision: '', person: '', from: '', to: '' }

  test('is empty without one', () => {
    expect(recordQuery(none, null)).toBe('')
  })

  test('takes both days whole', () => {
    const query = new URLSearchParams(
      recordQuery({ ...none, kind: 'edit', from: '2026-11-28', to: '2026-11-28' }, '1_a'),
    )
    const hours = (Date.parse(query.get('until') ?? '') - Date.parse(query.get('since') ?? '')) / 3_600_000
    expect(hours).toBeGreaterThanOrEqual(23)
    expect(hours).toBeLessThanOrEqual(25)
    expect([query.get('kind'), query.get('after')]).toEqual(['edit', '1_a'])
  })
})
