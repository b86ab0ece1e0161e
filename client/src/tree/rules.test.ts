import { expect, test } from 'vitest'
// As text: the names hold halves of surrogate pairs, which Vite's own JSON reader refuses.
import file from '../../../tests/vectors/tree.json?raw'
import { freeName, legalName, legalTree, nameProblem } from './rules'

const vectors = JSON.parse(file) as {
  names: { name: unknown; legal: string; allowed: boolean }[]
  trees: { title: string; nodes: object; tree: unknown[][]; trash: unknown[][] }[]
}

const id = (n: number) => n.toString(16).padStart(32, '0')

test.each(vectors.names)('name $name', ({ name, legal, allowed }) => {
  expect(legalName(name)).toBe(legal)
  expect(typeof name === 'string' && nameProblem(name) === null).toBe(allowed)
})

test.each(vectors.trees)('tree: $title', ({ nodes, tree, trash }) => {
  const legal = legalTree(Object.entries(nodes))
  expect([...legal.nodes.values()].map(({ id, kind, parent, path }) => [id, kind, parent, path])).toEqual(tree)
  expect([...legal.trash.values()].map(({ id, kind, name }) => [id, kind, name])).toEqual(trash)
})

test('nodes may be maps, as the shared document has them', () => {
  const node = new Map<string, unknown>(Object.entries({ name: 'a.txt', parent: null, kind: 'text' }))
  expect(legalTree([[id(1), node]]).byPath.get('a.txt')?.id).toBe(id(1))
})

test('an entry named __proto__ lends a node nothing', () => {
  const node: unknown = JSON.parse('{"__proto__": {"name": "stolen", "deleted_at": "now"}, "kind": "text"}')
  const nested = Object.assign(Object.create({ name: 'inherited' }) as object, { kind: 'text' })
  const tree = legalTree([
    [id(1), node],
    [id(2), nested],
    ['__proto__', { name: 'x', parent: null, kind: 'text' }],
  ])
  expect([...tree.byPath.keys()]).toEqual(['untitled', 'untitled (2)'])
})

test('values that are no maps are no nodes', () => {
  const values = [null, 1, 'a', [], new Uint8Array(3), undefined, true]
  expect(legalTree(values.map((value, n) => [id(n), value] as const)).nodes.size).toBe(0)
})

test('a free name beside what is there', () => {
  const tree = legalTree([
    [id(1), { name: 'a.txt', parent: null, kind: 'text' }],
    [id(2), { name: 'a (2).txt', parent: null, kind: 'text' }],
  ])
  expect(freeName(tree, null, 'a.txt', 'text')).toBe('a (3).txt')
  expect(freeName(tree, null, 'b.txt', 'text')).toBe('b.txt')
})

test('20,000 files in one folder under one name', () => {
  const nodes = Array.from(
    { length: 20_000 },
    (_, n) => [id(n), { name: 'a.txt', parent: null, kind: 'text' }] as const,
  )
  const start = performance.now()
  expect(legalTree(nodes).byPath.get('a (20000).txt')?.id).toBe(id(19_999))
  expect(performance.now() - start).toBeLessThan(1000)
})
