import { expect, test } from 'vitest'
import type { Thread } from '../api/types'
import { elsewhere, inText, merged, type Threads, without } from './threads'

const person = { id: 'ann', name: 'Ann', color: '#000' }
const thread = (id: string, fields: Partial<Thread> = {}): Thread => ({
  id,
  document: 'd',
  anchors: ['', ''],
  quote: '',
  messages: [{ id: `${id}1`, by: person, at: '2026-01-01T00:00:00Z', text: id, edited_at: null }],
  resolved_by: null,
  resolved_at: null,
  revision: 0,
  ...fields,
})
const said = (id: string, at: string, fields: Partial<Thread> = {}) =>
  thread(id, { messages: [{ id: `${id}1`, by: person, at, text: id, edited_at: null }], ...fields })
const known = (...threads: Thread[]): Threads => merged(new Map(), threads)
const ids = (threads: Thread[]) => threads.map(({ id }) => id)

test('what is read late does not undo what events told', () => {
  const told = known(thread('a', { revision: 2, quote: 'new' }))
  expect(merged(told, [thread('a', { revision: 1, quote: 'old' })]).get('a')?.quote).toBe('new')
  expect(merged(told, [thread('a', { revision: 3, quote: 'newer' })]).get('a')?.quote).toBe('newer')
})

test('what is gone is gone', () => {
  const told = known(thread('a'), thread('b'))
  expect([...without(told, 'a').keys()]).toEqual(['b'])
  expect(without(told, 'c')).toBe(told)
})

test('threads come in the order of the text, and those without a place last', () => {
  const all = known(thread('late'), thread('lost'), thread('early'), thread('other', { document: 'e' }))
  const places = new Map([
    ['late', 20],
    ['early', 3],
    ['lost', null],
  ])
  expect(ids(inText(all, 'd', places))).toEqual(['early', 'late', 'lost'])
})

test('open ones of other files come file by file, the newest word first', () => {
  const all = known(
    said('a', '2026-01-01', { document: 'e' }),
    said('b', '2026-01-03', { document: 'f' }),
    said('c', '2026-01-02', { document: 'e' }),
    said('done', '2026-01-09', { document: 'e', resolved_at: '2026-01-09' }),
    said('here', '2026-01-09'),
  )
  expect(elsewhere(all, 'd').map(([document, file]) => [document, ids(file)])).toEqual([
    ['f', ['b']],
    ['e', ['c', 'a']],
  ])
})
