import { expect, test } from 'vitest'
import { bestPaths, searchable } from './fuzzy'

const files = searchable([
  'README.md',
  'exhibition/opening night.md',
  'exhibition/rooms.md',
  'website/tickets.py',
  'website/rooms/index.html',
  'src/a_long_module_name.ts',
])
const best = (query: string) => bestPaths(files, query, 8)[0]

test('what fits the name comes before what fits the folder', () => {
  expect(best('rooms')).toBe('exhibition/rooms.md')
  expect(best('ROOM')).toBe('exhibition/rooms.md')
  expect(best('tick')).toBe('website/tickets.py')
})

test('letters in order are enough, also of several words', () => {
  expect(best('almn')).toBe('src/a_long_module_name.ts')
  expect(best('opni')).toBe('exhibition/opening night.md')
  expect(best('opening night')).toBe('exhibition/opening night.md')
  expect(best('web/index')).toBe('website/rooms/index.html')
  expect(bestPaths(files, 'xyz', 8)).toEqual([])
})

test('without letters all files are there, the shortest first, and never more than asked for', () => {
  expect(bestPaths(files, '', 2)).toEqual(['README.md', 'website/tickets.py'])
})
