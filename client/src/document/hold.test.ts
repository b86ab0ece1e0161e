import { describe, expect, test } from 'vitest'
import { holdAfter, holdInFull, holdInShort } from './hold'

const close = (code: number, reason = '') => ({ code, reason })
const full = close(1013, 'the database is away and the memory for edits is full')
const away = close(1013, 'Storage does not answer. Try again in a moment.')

describe('what a closed connection says about the server', () => {
  test('a full memory, also while the database cannot say who comes again', () => {
    const hold = holdAfter(null, full)
    expect(hold).toEqual({ is: 'full' })
    expect(holdAfter(hold, away)).toEqual({ is: 'full' })
    expect(holdAfter(hold, close(4529))).toEqual({ is: 'full' })
  })

  test('anything else that is away, and too much at once', () => {
    expect(holdAfter(null, away)).toEqual({ is: 'away', reason: away.reason })
    expect(holdAfter(null, close(4529))).toEqual({ is: 'too fast' })
  })

  test('nothing, where the server itself is not there or the browser has no network', () => {
    expect(holdAfter({ is: 'full' }, close(1006))).toBeNull()
    expect(holdAfter({ is: 'full' }, close(1012))).toBeNull()
    expect(holdAfter({ is: 'full' }, null)).toBeNull()
  })
})

test('the database is named, and what becomes of edits', () => {
  const words = holdInFull({ is: 'full' }, 'the server’s database has been away since 14:05', 'writes', true)
  expect(words.detail).toBe(
    'The server’s database has been away since 14:05. What you type is kept in this browser, and nobody else sees it ' +
      'yet. It is saved by itself as soon as that is over.',
  )
  expect(holdInFull({ is: 'full' }, null, 'writes', true).detail).toContain('The server’s database is away.')
})

test('without an outage the server’s own reason is told; a viewer has no edits', () => {
  const told = 'This document has as many connections as it can serve.'
  const reason = `${told} Try again later.`
  expect(holdInFull({ is: 'away', reason }, null, 'reads', true).detail).toBe(
    `${told} What others write does not reach you meanwhile. It goes on by itself as soon as that is over.`,
  )
  expect(holdInFull({ is: 'away', reason }, null, 'opens', true).detail).toBe(
    `${told} It opens by itself as soon as that is over.`,
  )
})

test('a browser that denies its storage keeps edits no longer than the page', () => {
  expect(holdInShort({ is: 'full' }, false)).toBe('your edits are kept until you close this page')
  expect(holdInFull({ is: 'full' }, null, 'writes', false).detail).toContain('kept until you close this page')
})
