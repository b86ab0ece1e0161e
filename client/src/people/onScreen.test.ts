import { expect, test } from 'vitest'
import type { Awareness } from 'y-protocols/awareness'
import { type OnScreen, pageWith, readPages, seesTheSame } from './onScreen'

const awareness = (...states: unknown[]) =>
  ({ getStates: () => new Map(states.map((state, client) => [client, state])) }) as unknown as Awareness

const screen = (as: string, document = 'd'): OnScreen => ({ document, as, at: null })

test('anything may stand in presence', () => {
  const user = { id: 'ann' }
  const read = (shown: unknown) => readPages(awareness({ user, screen: shown })).get(0)?.screen ?? null
  expect(read({ document: 'd', as: 'pdf', at: [3, 0, 700] })).toEqual({ document: 'd', as: 'pdf', at: [3, 0, 700] })
  for (const shown of [null, 1, 'a', {}, { document: 1, as: 'pdf' }, { document: 'd' }]) expect(read(shown)).toBeNull()
  for (const at of [null, 'x', [], ['1'], [NaN], [Infinity], [1, 2, 3, 4, 5], {}]) {
    expect(read({ document: 'd', as: 'image', at })).toEqual(screen('image'))
  }
  expect(readPages(awareness({}, { user: 'ann' }, { user: { id: 1 } })).size).toBe(0)
})

test('a version is told with what it is held against', () => {
  const user = { id: 'ann' }
  const read = (version: unknown, as = 'version') =>
    readPages(awareness({ user, screen: { document: 'd', as, at: null, version } })).get(0)?.screen ?? null
  const shown = { ...screen('version'), version: { id: '65ab', against: 'before' as const } }
  expect(read({ id: '65ab', against: 'before' })).toEqual(shown)
  expect(read({ id: '65ab', against: 7 })?.version).toEqual({ id: '65ab', against: 'present' })
  for (const version of [null, '65ab', {}, { id: 7 }, { id: '' }, { id: '../files/a' }, { id: 'a'.repeat(65) }]) {
    expect(read(version)).toEqual(screen('version'))
  }
  expect(read({ id: '65ab' }, 'text')).toEqual(screen('text'))
  expect(seesTheSame(shown, shown)).toBe(true)
  expect(seesTheSame(shown, { ...shown, version: { id: '65ac', against: 'before' } })).toBe(false)
  expect(seesTheSame(shown, screen('version'))).toBe(false)
})

test('of several pages of somebody the one with the same file counts', () => {
  const user = { id: 'ann' }
  const pages = readPages(
    awareness({ user, screen: screen('text', 'a') }, { user, screen: screen('pdf') }, { user, follows: 'bob' }),
  )
  expect(pageWith(pages, 'ann', 'd')?.screen?.as).toBe('pdf')
  expect(pageWith(pages, 'ann', 'x')).toBeNull()
  expect(pageWith(pages, 'bob', 'd')).toBeNull()
  expect(pages.get(2)?.follows).toBe('bob')
})

test('who sees the text beside its preview sees what either of them shows', () => {
  expect(seesTheSame(screen('text'), screen('text'))).toBe(true)
  expect(seesTheSame(screen('text'), screen('both'))).toBe(true)
  expect(seesTheSame(screen('both'), screen('preview'))).toBe(true)
  expect(seesTheSame(screen('text'), screen('preview'))).toBe(false)
  expect(seesTheSame(screen('text'), screen('text', 'x'))).toBe(false)
  expect(seesTheSame(screen('text'), null)).toBe(false)
})
