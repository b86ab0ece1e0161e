import { expect, test } from 'vitest'
import type { TreeNode } from '../tree/rules'
import {
  close,
  closeAll,
  closeOthers,
  closeToTheRight,
  isReopenable,
  join,
  move,
  openBeside,
  reopen,
  step,
} from './arrange'
import {
  activate,
  activeTab,
  besideOf,
  elsewhere,
  emptyLayout,
  fileDropSide,
  focusOn,
  follow,
  halfAt,
  isSplit,
  keep,
  type Layout,
  open,
  openIn,
  type Side,
} from './layout'
import { readLayout, writeLayout } from './saved'

const file = (id: string, path = `${id}.md`): TreeNode => ({
  id,
  kind: 'text',
  parent: null,
  name: path.slice(path.lastIndexOf('/') + 1),
  path,
})

const treeOf = (...files: TreeNode[]) => ({
  nodes: new Map(files.map((one) => [one.id, one])),
  byPath: new Map(files.map((one) => [one.path, one])),
})

const nothing: ReadonlySet<string> = new Set()

const [a, b, c, d] = [file('a'), file('b'), file('c'), file('d')]

const opened = (...files: TreeNode[]) => files.reduce((layout, one) => open(layout, one, { kept: true }), emptyLayout)

/** The tabs of each half, the shown one in brackets, previews with a "?" and deleted ones with a "!". */
const drawn = (layout: Layout) =>
  layout.halves.map(({ tabs, active }, side) => {
    const names = tabs.map(({ node, kept, deleted }) => {
      const name = `${node.id}${kept ? '' : '?'}${deleted ? '!' : ''}`
      return node.id === active ? `[${name}]` : name
    })
    return (side === layout.focus ? '*' : '') + names.join(' ')
  })

test('a file is opened to the side, where the other half is or will be', () => {
  expect(drawn(openIn(emptyLayout, a, besideOf(emptyLayout)))).toEqual(['*[a]'])
  const beside = openIn(opened(a, b), c, besideOf(opened(a, b)))
  expect(drawn(beside)).toEqual(['a [b]', '*[c]'])
  expect(drawn(openIn(beside, a, besideOf(beside)))).toEqual(['*[a] b', '[c]'])
})

test('a file is dropped on a half, on the right of the only one, or among tabs', () => {
  const one = opened(a, b)
  expect([fileDropSide(one, 0, false), fileDropSide(one, 0, true), fileDropSide(emptyLayout, 0, true)]).toEqual([
    0, 1, 0,
  ])
  const two = openIn(one, c, 1)
  expect([fileDropSide(two, 0, true), fileDropSide(two, 1, false)]).toEqual([0, 1])
  expect(drawn(openIn(one, c, 0, 1))).toEqual(['*a [c] b'])
  expect(drawn(openIn(one, a, 0, 2))).toEqual(['*[a] b'])
})

test('files stand in the order in which they were opened', () => {
  expect(drawn(opened(a, b, c))).toEqual(['*a b [c]'])
  expect(drawn(open(opened(a, b, c), a))).toEqual(['*[a] b c'])
})

test('the next file that is looked at takes the place of the preview', () => {
  const looking = open(open(opened(a), b), c)
  expect(drawn(looking)).toEqual(['*a [c?]'])
  expect(drawn(open(keep(looking, 0, 'c'), b))).toEqual(['*a c [b?]'])
  expect(drawn(open(looking, c, { kept: true }))).toEqual(['*a [c]'])
  expect(drawn(open(looking, a))).toEqual(['*[a] c?'])
  expect(drawn(open(looking, d, { kept: true }))).toEqual(['*a c? [d]'])
})

test('when the shown tab is closed, that comes which was shown before it', () => {
  const layout = activate(opened(a, b, c), 0, 'a')
  expect(drawn(close(layout, 0, 'a'))).toEqual(['*b [c]'])
  expect(drawn(close(layout, 0, 'b'))).toEqual(['*[a] c'])
  expect(drawn(closeOthers(layout, 0, 'b'))).toEqual(['*[b]'])
  expect(drawn(closeToTheRight(layout, 0, 'a'))).toEqual(['*[a]'])
  expect(drawn(closeAll(layout, 0))).toEqual(['*'])
})

test('what was closed comes back where it was, the last first', () => {
  const tree = treeOf(a, b, c)
  const layout = close(close(opened(a, b, c), 0, 'b'), 0, 'a')
  expect(drawn(layout)).toEqual(['*[c]'])
  const once = reopen(layout, tree)
  expect(drawn(once)).toEqual(['*[a] c'])
  expect(drawn(reopen(once, tree))).toEqual(['*a [b] c'])
  // Not what is gone.
  expect(isReopenable(layout, treeOf(c))).toBe(false)
  expect(reopen(layout, treeOf(c))).toBe(layout)
})

test('to the next tab and around', () => {
  const layout = opened(a, b, c)
  expect(drawn(step(layout, 1))).toEqual(['*[a] b c'])
  expect(drawn(step(layout, -1))).toEqual(['*a [b] c'])
  expect(drawn(step(elsewhere(layout), 1))).toEqual(['*[a] b c'])
  expect(step(emptyLayout, 1)).toBe(emptyLayout)
})

test('tabs are put elsewhere, and then they stay', () => {
  const layout = open(opened(a, b), c)
  expect(drawn(move(layout, 0, 'c', 0, 0))).toEqual(['*[c] a b'])
  expect(drawn(move(layout, 0, 'a', 0, 2))).toEqual(['*b a [c?]'])
  expect(drawn(move(layout, 0, 'c', 0, 3))).toEqual(['*a b [c]'])
  expect(drawn(move(layout, 0, 'a', 1, 0))).toEqual(['b [c?]', '*[a]'])
  expect(move(opened(a), 0, 'a', 1, 0)).toEqual(opened(a))
})

test('a file is opened beside itself, and a half that is empty closes', () => {
  const split = openBeside(opened(a, b), 0, 'b')
  expect(drawn(split)).toEqual(['a [b]', '*[b]'])
  expect(drawn(open(split, c))).toEqual(['a [b]', '*b [c?]'])
  expect(drawn(close(split, 1, 'b'))).toEqual(['*a [b]'])
  expect(drawn(closeAll(split, 0))).toEqual(['*[b]'])
  expect(drawn(move(split, 1, 'b', 0, 0))).toEqual(['*a [b]'])
  expect(drawn(openBeside(focusOn(split, 0), 0, 'a'))).toEqual(['a [b]', '*b [a]'])
  expect(drawn(join(open(split, c)))).toEqual(['*a b [c?]'])
})

test('the half without the focus always shows a file', () => {
  const split = elsewhere(openBeside(opened(a, b), 0, 'b'))
  expect(drawn(split)).toEqual(['a [b]', '*b'])
  expect(drawn(focusOn(split, 0))).toEqual(['*a [b]', '[b]'])
})

test('a tab follows its file through renames, and goes with it unless it is shown', () => {
  const layout = opened(a, b)
  const renamed = follow(layout, treeOf(file('a', 'docs/new.md'), b), nothing)
  expect(halfAt(renamed, 0).tabs.map(({ node }) => node.path)).toEqual(['docs/new.md', 'b.md'])
  expect(follow(layout, treeOf(file('a'), file('b')), nothing)).toBe(layout)
  expect(drawn(follow(layout, treeOf(b), nothing))).toEqual(['*[b]'])
  const deleted = follow(layout, treeOf(a), nothing)
  expect(drawn(deleted)).toEqual(['*a [b!]'])
  expect(drawn(follow(deleted, treeOf(a, b), nothing))).toEqual(['*a [b]'])
  expect(drawn(activate(deleted, 0, 'a'))).toEqual(['*[a]'])
})

test('another document at the same place takes over the tab, unless edits would be lost', () => {
  const heir = file('x', 'b.md')
  expect(drawn(follow(opened(a, b), treeOf(a, heir), nothing))).toEqual(['*a [x]'])
  expect(drawn(follow(opened(a, b), treeOf(a, heir), new Set(['b'])))).toEqual(['*a [b!]'])
  expect(drawn(follow(opened(a, heir, b), treeOf(a, heir), nothing))).toEqual(['*a [x]'])
})

/** What holds for every layout. */
function check(layout: Layout): void {
  const { halves, focus } = layout
  expect(halves.length).toBeGreaterThanOrEqual(1)
  expect(halves.length).toBeLessThanOrEqual(2)
  expect(focus).toBeLessThan(halves.length)
  for (const [side, { tabs, active, recent }] of halves.entries()) {
    const documents = tabs.map(({ node }) => node.id)
    expect(new Set(documents).size).toBe(documents.length)
    expect(tabs.filter(({ kept }) => !kept).length).toBeLessThanOrEqual(1)
    if (active !== null) expect(documents).toContain(active)
    if (side !== focus) expect(active).not.toBeNull()
    if (halves.length === 2) expect(tabs).not.toHaveLength(0)
    for (const tab of tabs) if (tab.deleted) expect(tab.node.id).toBe(active)
    expect(new Set(recent).size).toBe(recent.length)
    for (const document of recent) expect(documents).toContain(document)
    if (active !== null) expect(recent[0]).toBe(active)
  }
  expect(layout.closed.length).toBeLessThanOrEqual(20)
}

/** Numbers that are the same for the same seed (mulberry32). */
function numbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return (((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below
  }
}

test.each(Array.from({ length: 24 }, (_, seed) => seed))(
  'whatever is done, the tabs stay in order (seed %i)',
  (seed) => {
    const below = numbers(seed)
    const upTo = (count: number) => Math.floor(below(count))
    let files = Array.from({ length: 7 }, (_, nth) => file(`f${nth}`, `${nth % 2 === 0 ? 'x/' : ''}${nth % 3}.${nth}`))
    const gone: TreeNode[] = []
    let layout = emptyLayout
    for (let turn = 0; turn < 150; turn += 1) {
      const side = upTo(2) as Side
      const { tabs } = halfAt(layout, side)
      const document = tabs[upTo(tabs.length + 1)]?.node.id ?? 'f0'
      const one = files[upTo(files.length)]
      const tree = () => treeOf(...files)
      const acts: (() => Layout)[] = [
        () => (one === undefined ? layout : open(layout, one, { kept: upTo(2) === 0 })),
        () => (one === undefined ? layout : open(layout, one, { side })),
        () => (one === undefined ? layout : openIn(layout, one, side)),
        () => (one === undefined ? layout : openIn(layout, one, besideOf(layout), upTo(5))),
        () => elsewhere(layout),
        () => activate(layout, side, document),
        () => focusOn(layout, side),
        () => keep(layout, side, document),
        () => close(layout, side, document),
        () => closeOthers(layout, side, document),
        () => closeToTheRight(layout, side, document),
        () => (upTo(4) === 0 ? closeAll(layout, side) : layout),
        () => reopen(layout, tree()),
        () => step(layout, upTo(2) === 0 ? 1 : -1),
        () => move(layout, side, document, upTo(2) as Side, upTo(8)),
        () => openBeside(layout, side, document),
        () => (upTo(3) === 0 ? join(layout) : layout),
        () => {
          if (one !== undefined) {
            files = files.filter((other) => other !== one)
            gone.push(one)
          }
          return follow(layout, tree(), new Set(upTo(2) === 0 ? [document] : []))
        },
        () => {
          const back = gone.pop()
          if (back !== undefined) files = [...files, upTo(2) === 0 ? back : { ...back, id: `heir${turn}` }]
          return follow(layout, tree(), nothing)
        },
        () => {
          files = files.map((other) => (other === one ? file(other.id, `y${turn}/${other.name}`) : other))
          return follow(layout, tree(), nothing)
        },
      ]
      layout = acts[upTo(acts.length)]?.() ?? layout
      check(layout)
      // What comes back after the page was loaded again is a layout as well, and the same but for what was deleted.
      const again = readLayout(writeLayout(layout))
      check(again)
      if (!layout.halves.some((half) => half.tabs.some(({ deleted }) => deleted)) && activeTab(layout) !== undefined) {
        expect(drawn(again)).toEqual(drawn(layout))
        expect(isSplit(again)).toBe(isSplit(layout))
      }
    }
  },
)
