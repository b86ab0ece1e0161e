import { describe, expect, test } from 'vitest'
import type { Seen } from '../api/types'
import { sawLines, sawWords } from './saw'

const seen = (role: Seen['role'], change: Partial<Seen> = {}): Seen => ({
  role,
  path: 'a.md',
  tokens: 10,
  of: 10,
  why: 'because',
  ...change,
})
const line = (one: Seen) => sawLines([one])[0]

describe('what it saw', () => {
  test('of its own file it is said by place, of another by name and why', () => {
    expect(line(seen('selection', { lines: [3, 5] }))).toEqual({
      what: 'The selected text',
      path: null,
      details: ['lines 3–5'],
    })
    expect(line(seen('before', { lines: [1, 1] }))?.details).toEqual(['line 1'])
    expect(line(seen('file', { lines: [1, 20], why: 'is open' }))).toEqual({
      what: '',
      path: 'a.md',
      details: ['lines 1–20', 'is open'],
    })
    expect(line(seen('example', { why: 'was accepted by Bob' }))).toEqual({
      what: 'An earlier change in',
      path: 'a.md',
      details: ['was accepted by Bob'],
    })
  })

  test('of a passage it is said where it stands: in lines, in a PDF on a page', () => {
    const why = 'has to do with what is asked'
    const found = (change: Partial<Seen>) =>
      seen('knowledge', { path: 'notes/a.md', lines: [12, 30], within: ['Heading', 'Sub'], number: 1, why, ...change })
    expect(line(found({}))).toEqual({ what: 'A passage of', path: 'notes/a.md', details: ['lines 12–30', why] })
    expect(line(found({ path: 'a.pdf', within: ['page 3'] }))?.details).toEqual(['page 3', why])
    expect(line(found({ path: 'a.pdf', within: null }))?.details).toEqual([why])
    // It does not make several files of the one that was asked about.
    expect(sawLines([seen('selection'), found({})]).map(({ what }) => what)).toEqual([
      'The selected text',
      'A passage of',
    ])
  })

  test('of several files each is named', () => {
    const both = sawLines([seen('selection'), seen('selection', { path: 'b.md' }), seen('about', { path: null })])
    expect(both.map(({ what, path }) => [what, path])).toEqual([
      ['The selected text in', 'a.md'],
      ['The selected text in', 'b.md'],
      ['What was selected when it was asked', null],
    ])
  })

  test('how much of it had room', () => {
    expect(line(seen('after', { tokens: 250, of: 1000 }))?.details).toEqual(['25 % of it'])
    expect(line(seen('after', { tokens: 1, of: 1000 }))?.details).toEqual(['1 % of it'])
    expect(line(seen('after', { tokens: 0, of: 1000 }))?.details).toEqual(['found no room'])
    expect(line(seen('history', { path: null, messages: 5, of_messages: 20 }))?.details).toEqual(['the last 5 of 20'])
    expect(line(seen('history', { path: null, messages: 2, of_messages: 2 }))?.details).toEqual(['all 2'])
  })

  test('what was taken out, and what of a selection could not be', () => {
    expect(line(seen('before', { secrets: 1, unseen: 2 }))?.details).toEqual([
      '1 secret taken out',
      '2 invisible characters taken out',
    ])
    expect(line(seen('selection', { secrets: 1, unseen: 1, kept: true }))?.details).toEqual([
      'with what looks like a secret',
      'with 1 invisible character',
    ])
  })

  test('the sum is in words, as roughly as it is known', () => {
    expect(sawWords([seen('before')])).toBe('fewer than 100 words')
    expect(sawWords([seen('before', { tokens: 1_000 }), seen('after', { tokens: 651 })])).toBe('about 1,200 words')
    expect(sawWords([seen('before', { tokens: 16_000 })])).toBe('about 12,000 words')
  })
})
