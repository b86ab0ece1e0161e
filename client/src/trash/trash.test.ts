import { expect, test } from 'vitest'
import type { Deleted } from '../api/trash'
import type { TreeNode } from '../tree/rules'
import { topmost } from './topmost'
import { aboutDeleted, named, placeOf, putBackLabel } from './words'

const node = (path: string, kind: TreeNode['kind'] = 'text'): TreeNode => ({
  id: path,
  kind,
  parent: null,
  name: path,
  path,
})

const deleted = (fields: Partial<Deleted>): Deleted => ({
  id: '1',
  path: 'docs/plan.md',
  kind: 'text',
  size: 1200,
  deleted_at: '2026-11-29T10:00:00Z',
  deleted_by: { id: 'ann', name: 'Ann', color: '#123456' },
  ...fields,
})

test('what lies in a folder that is deleted is not deleted by itself', () => {
  const nodes = [node('docs/a.md'), node('docs', 'folder'), node('docs2/b.md'), node('docs/old', 'folder')]
  expect(topmost(nodes).map(({ path }) => path)).toEqual(['docs', 'docs2/b.md'])
})

test('who deleted it, and how much it is', () => {
  expect(aboutDeleted(deleted({}), 'bob')).toMatchObject({ who: 'Deleted by Ann', size: '1.2 kB' })
  expect(aboutDeleted(deleted({}), 'ann').who).toBe('Deleted by you')
  expect(aboutDeleted(deleted({ kind: 'folder', size: null }), 'ann').size).toBe('with all that was in it')
  expect(aboutDeleted(deleted({ deleted_by: null, deleted_at: null }), 'ann')).toMatchObject({
    who: 'Deleted by somebody',
    when: '',
  })
  expect(placeOf({ path: 'a.md' })).toBe('at the top')
})

test('words of the path find it', () => {
  const entries = [deleted({ path: 'Docs/Plan.md' }), deleted({ path: 'src/a.py' })]
  expect(named(entries, 'plan docs')).toEqual([entries[0]])
  expect(named(entries, '  ')).toEqual(entries)
})

test('one is named on the button, several are counted', () => {
  expect(putBackLabel([deleted({})])).toBe('Put back “plan.md”')
  expect(putBackLabel([deleted({}), deleted({})])).toBe('Put back 2')
})
