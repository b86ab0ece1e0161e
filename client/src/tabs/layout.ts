import type { Tree, TreeNode } from '../tree/rules'

/** A file that is open. */
export interface Tab {
  /** As the tree has it now, or had it until it was deleted. */
  readonly node: TreeNode
  /** Otherwise it is a preview: the next file that is only looked at takes its place. */
  readonly kept: boolean
  /** Whether the file was deleted while it was shown. */
  readonly deleted: boolean
}

export interface Half {
  /** In the order in which they were opened, or put. */
  readonly tabs: readonly Tab[]
  /** Document that is shown; null while the address names something else than a file. */
  readonly active: string | null
  /** Documents by their last use, the latest first. */
  readonly recent: readonly string[]
}

/** Which of the halves: the left one or the only one, and the right one. */
export type Side = 0 | 1

/** A tab that can be had back. */
export interface Closed {
  readonly node: TreeNode
  readonly side: Side
  readonly at: number
}

/**
 * Which files are open, in one half or in two side by side. Of two halves each has a tab, and the one without the focus
 * shows one. In a half no file is open twice, and one at most is a preview.
 */
export interface Layout {
  readonly halves: readonly Half[]
  /** The half to which everything belongs that concerns "the open file". */
  readonly focus: Side
  /** What was closed, the latest last. */
  readonly closed: readonly Closed[]
}

export const emptyHalf: Half = { tabs: [], active: null, recent: [] }

export const emptyLayout: Layout = { halves: [emptyHalf], focus: 0, closed: [] }

export const halfAt = (layout: Layout, side: Side): Half => layout.halves[side] ?? emptyHalf

export const tabOf = (half: Half, document: string | null): Tab | undefined =>
  half.tabs.find(({ node }) => node.id === document)

/** The tab that is shown in the half with the focus, or in this one. */
export const activeTab = (layout: Layout, side: Side = layout.focus): Tab | undefined => {
  const half = halfAt(layout, side)
  return tabOf(half, half.active)
}

export const isSplit = ({ halves }: Layout): boolean => halves.length > 1

/** All documents that are open. */
export const documentsIn = ({ halves }: Layout): ReadonlySet<string> =>
  new Set(halves.flatMap(({ tabs }) => tabs.map(({ node }) => node.id)))

export const otherSide = (side: Side): Side => (side === 0 ? 1 : 0)

/** The half with this file: the given one if it has it. */
export function sideWith(layout: Layout, document: string, first: Side = layout.focus): Side | null {
  const sides: Side[] = [first, otherSide(first)]
  return sides.find((side) => tabOf(halfAt(layout, side), document) !== undefined) ?? null
}

export function withHalf(layout: Layout, side: Side, half: Half): Layout {
  if (half === layout.halves[side]) return layout
  return { ...layout, halves: layout.halves.map((one, at) => (at === side ? half : one)) }
}

export function show(half: Half, document: string): Half {
  if (half.active === document && half.recent[0] === document) return half
  return { ...half, active: document, recent: [document, ...half.recent.filter((one) => one !== document)] }
}

/** Without these tabs; what was used last takes the place of the one that was shown. */
export function without(half: Half, gone: (tab: Tab) => boolean): Half {
  const tabs = half.tabs.filter((tab) => !gone(tab))
  if (tabs.length === half.tabs.length) return half
  const left = (document: string) => tabs.some(({ node }) => node.id === document)
  const recent = half.recent.filter(left)
  const active = half.active === null || left(half.active) ? half.active : latest({ tabs, recent })
  return { tabs, recent, active }
}

const latest = ({ tabs, recent }: Pick<Half, 'tabs' | 'recent'>): string | null =>
  recent[0] ?? tabs.at(-1)?.node.id ?? null

/** Restores what holds for every layout, see `Layout`. */
export function settle(layout: Layout): Layout {
  const halves = layout.halves.map((half) => without(half, ({ node, deleted }) => deleted && node.id !== half.active))
  const filled = halves.filter(({ tabs }) => tabs.length > 0)
  const left = filled.length === 0 ? halves.slice(0, 1) : filled
  const focused = left.indexOf(halves[layout.focus] ?? emptyHalf)
  const focus = (focused < 0 ? 0 : focused) as Side
  const settled = left.map((half, at) => {
    const shown = at === focus || half.active !== null ? half.active : latest(half)
    return shown === null || shown === half.active ? half : show(half, shown)
  })
  const same = settled.length === layout.halves.length && settled.every((half, at) => half === layout.halves[at])
  return same && focus === layout.focus ? layout : { ...layout, halves: settled, focus }
}

/** Shows a file in the half with the focus, or in the given one, which gets the focus. */
export function open(layout: Layout, node: TreeNode, { kept = false, side = layout.focus } = {}): Layout {
  const at: Side = layout.halves.length > side ? side : layout.focus
  const half = halfAt(layout, at)
  const known = tabOf(half, node.id)
  const tab: Tab = { node, kept: kept || (known?.kept ?? false), deleted: false }
  const place = half.tabs.findIndex((one) => (known === undefined ? !kept && !one.kept : one === known))
  const unchanged = known?.kept === tab.kept && known.node === node && !known.deleted
  const tabs = place < 0 ? [...half.tabs, tab] : unchanged ? half.tabs : half.tabs.with(place, tab)
  const recent = half.recent.filter((document) => tabs.some((one) => one.node.id === document))
  const next = tabs === half.tabs ? half : { ...half, tabs, recent }
  return focusOn(withHalf(layout, at, show(next, node.id)), at)
}

/**
 * Opens a file to stay, in a half which may have to be made; before the tab that is now at `to`, unless it is open there
 * already.
 */
export function openIn(layout: Layout, node: TreeNode, side: Side, to?: number): Layout {
  const halves = side < layout.halves.length ? layout.halves : [...layout.halves, emptyHalf]
  const half = halves[side] ?? emptyHalf
  const isThere = tabOf(half, node.id) !== undefined
  const opened = open({ ...layout, halves }, node, { kept: true, side })
  if (isThere || to === undefined) return opened
  const at = sideWith(opened, node.id, side) ?? side
  const now = halfAt(opened, at)
  const tab = tabOf(now, node.id)
  if (tab === undefined) return opened
  return withHalf(opened, at, { ...now, tabs: now.tabs.filter((one) => one !== tab).toSpliced(to, 0, tab) })
}

/** The half beside the one with the focus; while nothing is open, the one that there is. */
export const besideOf = (layout: Layout): Side => {
  if (isSplit(layout)) return otherSide(layout.focus)
  return halfAt(layout, layout.focus).tabs.length === 0 ? layout.focus : otherSide(layout.focus)
}

/** Where a file goes that is dropped on what a half shows, on the right of it or not. */
export const fileDropSide = (layout: Layout, onto: Side, right: boolean): Side =>
  right && !isSplit(layout) ? besideOf(layout) : onto

/** The address names something else than a file. */
export function elsewhere(layout: Layout): Layout {
  const half = halfAt(layout, layout.focus)
  return half.active === null ? layout : settle(withHalf(layout, layout.focus, { ...half, active: null }))
}

/** Shows a tab that is there, and gives its half the focus. */
export function activate(layout: Layout, side: Side, document: string): Layout {
  const half = halfAt(layout, side)
  return tabOf(half, document) === undefined ? layout : focusOn(withHalf(layout, side, show(half, document)), side)
}

export const focusOn = (layout: Layout, side: Side): Layout =>
  settle(side === layout.focus || side >= layout.halves.length ? layout : { ...layout, focus: side })

/** It stays when the next file is looked at. */
export function keep(layout: Layout, side: Side, document: string): Layout {
  const half = halfAt(layout, side)
  const at = half.tabs.findIndex(({ node, kept }) => node.id === document && !kept)
  const tab = half.tabs[at]
  if (tab === undefined) return layout
  return withHalf(layout, side, { ...half, tabs: half.tabs.with(at, { ...tab, kept: true }) })
}

function sameNode(one: TreeNode, other: TreeNode): boolean {
  return one.id === other.id && one.path === other.path && one.kind === other.kind && one.parent === other.parent
}

/** What became of the file of a tab. Where another document has taken its place, that one, unless edits would be lost. */
function fateOf(tab: Tab, { nodes, byPath }: Pick<Tree, 'nodes' | 'byPath'>, unsaved: ReadonlySet<string>): Tab {
  const heir = unsaved.has(tab.node.id) ? undefined : byPath.get(tab.node.path)
  const node = nodes.get(tab.node.id) ?? (heir?.kind === 'folder' ? undefined : heir)
  if (node === undefined) return tab.deleted ? tab : { ...tab, deleted: true }
  return !tab.deleted && sameNode(node, tab.node) ? tab : { ...tab, node, deleted: false }
}

/** After the tree has changed: names are followed by the document's id; what was deleted goes unless it is shown. */
export function follow(layout: Layout, tree: Pick<Tree, 'nodes' | 'byPath'>, unsaved: ReadonlySet<string>): Layout {
  const halves = layout.halves.map((half) => {
    const renamed = new Map<string, string>()
    const tabs: Tab[] = []
    for (const tab of half.tabs) {
      const next = fateOf(tab, tree, unsaved)
      if (next.node.id !== tab.node.id) renamed.set(tab.node.id, next.node.id)
      if (!tabs.some(({ node }) => node.id === next.node.id)) tabs.push(next)
    }
    if (tabs.length === half.tabs.length && tabs.every((tab, at) => tab === half.tabs[at])) return half
    const now = (document: string) => renamed.get(document) ?? document
    const active = half.active === null ? null : now(half.active)
    return { tabs, active, recent: [...new Set(half.recent.map(now))] }
  })
  const same = halves.every((half, at) => half === layout.halves[at])
  return settle(same ? layout : { ...layout, halves })
}
