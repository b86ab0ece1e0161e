import { expect, test } from 'vitest'
import type { Gauge } from '../api/types'
import { budgetNote } from './budget'

const gauge = (fields: Partial<Gauge>): Gauge => ({
  unit: 'tokens',
  personal: false,
  limit: 1000,
  used: 0,
  currency: 'USD',
  renews_at: '2026-11-29T00:00:00.000Z',
  spent: null,
  ...fields,
})

test('while there is plenty nothing is said', () => {
  expect(budgetNote([])).toBeNull()
  expect(budgetNote([gauge({ used: 799 }), gauge({ personal: true, limit: 500, used: 0 })])).toBeNull()
})

test('from four fifths on the fullest limit is named', () => {
  expect(budgetNote([gauge({ used: 100 }), gauge({ personal: true, limit: 500, used: 450 })])).toEqual({
    tone: 'quiet',
    text: '90 % of your share of the budget for today is used; 50 tokens are left.',
  })
  expect(budgetNote([gauge({ unit: 'money', limit: 20, used: 17, currency: 'EUR' })])?.text).toMatch(
    /^85 % of this workspace’s budget for this month is used; .*3.* are left\.$/,
  )
})

test('what is spent is said in the words of the server', () => {
  expect(budgetNote([gauge({ used: 900 }), gauge({ limit: 0, spent: 'All of it is used up.' })])).toEqual({
    tone: 'problem',
    text: 'All of it is used up.',
  })
})
