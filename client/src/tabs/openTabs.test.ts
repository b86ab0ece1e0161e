// @vitest-environment jsdom
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { currentPlace, go } from '../app/location'
import { createStore } from '../lib/store'
import type { TreeState } from '../tree/document'
import { legalTree, type Tree } from '../tree/rules'
import { close, openBeside } from './arrange'
import { activeTab, focusOn, halfAt } from './layout'
import { OpenTabs } from './openTabs'

const id = (nth: number) => nth.toString(16).padStart(32, '0')

const treeOf = (names: Record<number, string>): Tree =>
  legalTree(Object.entries(names).map(([nth, name]) => [id(Number(nth)), { name, parent: null, kind: 'text' }]))

let legal = createStore(treeOf({}))
let state = createStore<TreeState>({ is: 'opening' })
let tabs: OpenTabs

const at = (path: string) => go({ at: 'workspace', workspace: 'w', path })

/** As after the page was loaded. */
function load(names: Record<number, string>): void {
  legal = createStore(treeOf({}))
  state = createStore<TreeState>({ is: 'opening' })
  tabs = new OpenTabs('w', 'me', { tree: legal, state })
  legal.set(treeOf(names))
  state.set({ is: 'open' })
}

const names = (side: 0 | 1 = 0) => halfAt(tabs.layout.get(), side).tabs.map(({ node }) => node.path)
const shown = () => activeTab(tabs.layout.get())?.node.path
const address = () => {
  const place = currentPlace.get()
  return place.at === 'workspace' ? place.path : null
}

beforeEach(() => {
  localStorage.clear()
  at('a.md')
  load({ 1: 'a.md', 2: 'b.md', 3: 'c.md' })
})
afterEach(() => tabs.close())

test('tabs and the address follow each other', () => {
  expect(names()).toEqual(['a.md'])
  at('b.md')
  expect([names(), shown()]).toEqual([['a.md', 'b.md'], 'b.md'])
  tabs.choose(0, id(1))
  expect(address()).toBe('a.md')
  tabs.change((layout) => close(layout, 0, id(1)))
  expect([address(), names()]).toEqual(['b.md', ['b.md']])
  tabs.change((layout) => close(layout, 0, id(2)))
  expect([address(), names()]).toEqual(['', []])
})

test('a link from elsewhere is there to stay, what is looked at here is not, and what was made here is', () => {
  const kept = () => halfAt(tabs.layout.get(), 0).tabs.map((tab) => tab.kept)
  at('b.md')
  expect(kept()).toEqual([true, false])
  tabs.openKept('new.md')
  expect(shown()).toBeUndefined()
  legal.set(treeOf({ 1: 'a.md', 2: 'b.md', 4: 'new.md' }))
  expect([names(), kept(), shown()]).toEqual([['a.md', 'b.md', 'new.md'], [true, false, true], 'new.md'])
})

test('what is no file leaves the tabs as they are, and shows none of them', () => {
  at('')
  expect([names(), shown(), address()]).toEqual([['a.md'], undefined, ''])
  at('nowhere.md')
  expect([names(), shown(), address()]).toEqual([['a.md'], undefined, 'nowhere.md'])
  at('a.md')
  expect(shown()).toBe('a.md')
})

test('the address goes with a file that is renamed', () => {
  legal.set(treeOf({ 1: 'first.md', 2: 'b.md' }))
  expect([names(), address()]).toEqual([['first.md'], 'first.md'])
})

test('the next visit finds the tabs as they were, also one that was renamed meanwhile', () => {
  at('b.md')
  tabs.openKept('b.md')
  tabs.close()
  load({ 1: 'first.md', 2: 'second.md' })
  expect([names(), shown(), address()]).toEqual([['first.md', 'second.md'], 'second.md', 'second.md'])
})

test('what was deleted meanwhile is gone', () => {
  tabs.openKept('b.md')
  tabs.change((layout) => openBeside(layout, 0, id(2)))
  tabs.change((layout) => focusOn(layout, 0))
  tabs.close()
  load({ 1: 'a.md' })
  expect([names(), shown(), address()]).toEqual([['a.md'], undefined, 'b.md'])
})

test('whatever a browser has kept, the file of the address is shown', () => {
  tabs.close()
  localStorage.setItem('scriptorium:tabs:w:me', '{"halves":[{"tabs":[{"id":7}]}]')
  load({ 1: 'a.md' })
  expect([names(), shown()]).toEqual([['a.md'], 'a.md'])
})

test('a browser that keeps nothing has tabs for this page', () => {
  const denied = vi.spyOn(Storage.prototype, 'setItem').mockImplementation(() => {
    throw new Error('denied')
  })
  at('b.md')
  expect(names()).toEqual(['a.md', 'b.md'])
  denied.mockRestore()
})

test('the address names what the half with the focus shows, and going back finds the half again', async () => {
  tabs.change((layout) => openBeside(layout, 0, id(1)))
  at('b.md')
  expect([names(0), names(1)]).toEqual([['a.md'], ['a.md', 'b.md']])
  tabs.change((layout) => focusOn(layout, 0))
  expect(address()).toBe('a.md')
  at('c.md')
  expect([names(0), names(1)]).toEqual([
    ['a.md', 'c.md'],
    ['a.md', 'b.md'],
  ])
  tabs.change((layout) => focusOn(layout, 1))
  at('a.md')
  expect(tabs.layout.get().focus).toBe(1)
  history.back()
  await vi.waitFor(() => expect(address()).toBe('b.md'))
  expect(tabs.layout.get().focus).toBe(1)
})
