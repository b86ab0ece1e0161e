import { expect, test } from 'vitest'
import { isIgnored } from './collect'
import { planUpload, separateArchives } from './plan'
import { legalTree } from './rules'

const id = (n: number) => n.toString(16).padStart(32, '0')
const tree = legalTree([
  [id(1), { name: 'docs', parent: null, kind: 'folder' }],
  [id(2), { name: 'é.md', parent: id(1), kind: 'text' }],
])
const file = new File(['x'], 'x')

test('files whose place is taken are told apart, also when their name is composed in another way', () => {
  const plan = planUpload(tree, 'docs', [
    { path: 'e\u0301.md', file },
    { path: 'new/b.md', file },
  ])
  expect(plan.clashing.map(({ path }) => path)).toEqual(['docs/é.md'])
  expect(plan.fresh.map(({ path }) => path)).toEqual(['docs/new/b.md'])
})

test('a folder that is there already is not made again', () => {
  expect(planUpload(tree, '', [{ path: 'docs', file: null }])).toEqual({ fresh: [], clashing: [] })
})

test('an archive is told apart, unless it is part of a folder', () => {
  const item = (path: string) => ({ path, file: new File(['x'], path) })
  const { archives, others } = separateArchives([
    item('Project.ZIP'),
    item('folder/data.zip'),
    item('zip'),
    { path: 'empty.zip', file: null },
  ])
  expect(archives.map(({ name }) => name)).toEqual(['Project.ZIP'])
  expect(others.map(({ path }) => path)).toEqual(['folder/data.zip', 'zip', 'empty.zip'])
})

test('what tools keep for themselves stays outside', () => {
  expect(isIgnored('project/.git/config')).toBe(true)
  expect(isIgnored('project/.github/x.yml')).toBe(false)
})
