import { expect, test } from 'vitest'
import { type Place, readPlace, writePlace } from './place'

test.each<Place>([
  { at: 'home' },
  { at: 'figures', workspace: 'w1' },
  { at: 'workspace', workspace: 'w1', path: '' },
  { at: 'workspace', workspace: 'w1', path: 'docs/a b#c/é 100%.md' },
])('$path goes into the address bar and comes back', (place) => {
  expect(readPlace(writePlace(place))).toEqual(place)
})

test('an address that nobody wrote leads somewhere all the same', () => {
  expect(readPlace('/w/w1/%E0%A4%A')).toEqual({ at: 'workspace', workspace: 'w1', path: '%E0%A4%A' })
  expect(readPlace('/elsewhere')).toEqual({ at: 'home' })
  expect(readPlace('/w//x')).toEqual({ at: 'home' })
})
