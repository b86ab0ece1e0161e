import { expect, test } from 'vitest'
import { outageIn } from './outage'

const fine = { database: 'ok', object_store: 'ok', log: 'ok', bus: 'ok' }

test('nothing is said while everything answers, or only the bus does not', () => {
  expect(outageIn({ parts: fine, since: {} })).toBeNull()
  expect(outageIn({ parts: { ...fine, bus: 'not connected' }, since: { bus: '2026-01-01T10:00:00Z' } })).toBeNull()
})

test('the part that is away is named, and since when', () => {
  const at = new Date()
  at.setHours(14, 5, 0, 0)
  const outage = outageIn({ parts: { ...fine, object_store: 'no' }, since: { object_store: at.toISOString() } })
  expect(outage).toContain('file storage has been away since ')
  expect(outage).toMatch(/05/)
})

test('the database comes first: without it nothing is saved', () => {
  const parts = { ...fine, database: 'no', object_store: 'no', log: 'no' }
  expect(outageIn({ parts, since: {} })).toBe('the server’s database does not answer')
})
