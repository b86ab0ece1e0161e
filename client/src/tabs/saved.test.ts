import { expect, test } from 'vitest'
import { emptyLayout } from './layout'
import { readLayout, writeLayout } from './saved'

test.each([
  null,
  '',
  '{',
  'null',
  '7',
  '[]',
  '{}',
  '{"halves": 3}',
  '{"halves": [null, 1, {"tabs": "x"}], "focus": 1}',
  '{"halves": [{"tabs": [{"id": 1, "path": "a", "kind": "text"}, {"id": "a", "path": "", "kind": "text"}]}]}',
  '{"halves": [{"tabs": [{"id": "a", "path": "a", "kind": "folder"}]}]}',
])('%j is no layout', (json) => {
  expect(readLayout(json)).toEqual(emptyLayout)
})

test('of what is there the sound part is taken', () => {
  const tab = { id: 'a', kind: 'text', path: 'docs/a.md', kept: false }
  const second = { id: 'b', kind: 'binary', path: 'b.png', kept: false }
  const layout = readLayout(
    JSON.stringify({ focus: 5, halves: [{ tabs: [tab, tab, second, {}], active: 'x', recent: ['b', 'x', 'b'] }] }),
  )
  expect(layout.focus).toBe(0)
  expect(layout.halves).toEqual([
    {
      tabs: [
        { node: { id: 'a', kind: 'text', path: 'docs/a.md', parent: null, name: 'a.md' }, kept: false, deleted: false },
        { node: { id: 'b', kind: 'binary', path: 'b.png', parent: null, name: 'b.png' }, kept: true, deleted: false },
      ],
      active: 'b',
      recent: ['b'],
    },
  ])
  expect(readLayout(writeLayout(layout))).toEqual(layout)
})
