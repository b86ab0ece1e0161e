import { expect, test } from 'vitest'
import { foldersFor } from './destinations'
import type { TreeNode } from './rules'

const node = (path: string, kind: TreeNode['kind'] = 'folder'): TreeNode => ({
  id: path,
  kind,
  parent: null,
  name: path.slice(path.lastIndexOf('/') + 1),
  path,
})
const all = ['b', 'a', 'a/in', 'a/in/deep', 'apart'].map((path) => node(path))

test('a file goes anywhere but where it is', () => {
  expect(foldersFor([node('a/x.md', 'text')], all)).toEqual(['', 'a/in', 'a/in/deep', 'apart', 'b'])
  expect(foldersFor([node('x.md', 'text')], all)).toEqual(['a', 'a/in', 'a/in/deep', 'apart', 'b'])
})

test('a folder goes neither into itself nor into what is in it', () => {
  expect(foldersFor([node('a')], all)).toEqual(['apart', 'b'])
  expect(foldersFor([node('a/in')], all)).toEqual(['', 'apart', 'b'])
})

test('of several from different places one may be there already', () => {
  expect(foldersFor([node('a/x.md', 'text'), node('b/y.md', 'text')], all)).toContain('b')
})
