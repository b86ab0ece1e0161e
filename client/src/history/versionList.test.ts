import { expect, test } from 'vitest'
import type { Version } from '../api/history'
import { isThinnedOut, neighbours, type VersionList, withNewest, withOlder } from './versionList'

const versions = (...ids: string[]) => ids.map((id) => ({ id }) as Version)
const list = (more: boolean, ...ids: string[]): VersionList => ({ versions: versions(...ids), more })
const ids = ({ versions: of }: VersionList) => of.map(({ id }) => id).join('')

test('what is new comes in front, and what was thinned out goes', () => {
  expect(withNewest(null, versions('c', 'b'), 3)).toEqual(list(false, 'c', 'b'))
  expect(withNewest(null, versions('d', 'c', 'b'), 3)).toEqual(list(true, 'd', 'c', 'b'))
  const known = list(true, 'f', 'e', 'd', 'c', 'b')
  const read = withNewest(known, versions('g', 'f', 'd'), 3)
  expect(ids(read)).toBe('gfdcb')
  expect(read.more).toBe(true)
})

test('a list that was read to its end stays so', () => {
  expect(withNewest(list(false, 'd', 'c', 'b', 'a'), versions('e', 'd', 'c'), 3)).toEqual(
    list(false, 'e', 'd', 'c', 'b', 'a'),
  )
  // What has come since fills a page: whether there is something behind it has to be asked.
  expect(withNewest(list(false, 'c'), versions('f', 'e', 'd'), 3).versions).toHaveLength(4)
})

test('older ones come behind, whatever came in front meanwhile', () => {
  expect(withOlder(list(true, 'f', 'e', 'd'), 'e', versions('c', 'b'), 2)).toEqual(list(true, 'f', 'e', 'c', 'b'))
  expect(withOlder(list(true, 'f', 'e'), 'e', versions('c'), 2)).toEqual(list(false, 'f', 'e', 'c'))
})

test('only what would have to be in the list was thinned out', () => {
  expect(isThinnedOut(list(true, 'f', 'd'), 'e')).toBe(true)
  expect(isThinnedOut(list(true, 'f', 'd'), 'f')).toBe(false)
  expect(isThinnedOut(list(true, 'f', 'd'), 'b')).toBe(false)
  expect(isThinnedOut(list(false, 'f', 'd'), 'b')).toBe(true)
})

test('beside a version, also one that is gone', () => {
  const all = list(false, 'f', 'd', 'b')
  const near = (id: string) => [neighbours(all, id).newer?.id, neighbours(all, id).older?.id]
  expect(near('d')).toEqual(['f', 'b'])
  expect(near('c')).toEqual(['d', 'b'])
  expect(near('f')).toEqual([undefined, 'd'])
  expect(near('a')).toEqual(['b', undefined])
})
