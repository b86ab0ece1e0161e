import type { Tree } from '../tree/rules'
import {
  activate,
  type Closed,
  halfAt,
  isSplit,
  keep,
  type Layout,
  openIn,
  otherSide,
  settle,
  show,
  type Side,
  type Tab,
  tabOf,
  withHalf,
  without,
} from './layout'

/** Closed tabs that can be had back. */
const mostClosed = 20

function closeWhere(layout: Layout, side: Side, gone: (tab: Tab, at: number) => boolean): Layout {
  const half = halfAt(layout, side)
  const going = half.tabs.map((tab, at) => ({ tab, at })).filter(({ tab, at }) => gone(tab, at))
  if (going.length === 0) return layout
  const tabs = new Set(going.map(({ tab }) => tab))
  const closed = going.filter(({ tab }) => !tab.deleted).map(({ tab: { node }, at }) => ({ node, side, at }))
  return settle({
    ...withHalf(
      layout,
      side,
      without(half, (tab) => tabs.has(tab)),
    ),
    closed: [...layout.closed, ...closed].slice(-mostClosed),
  })
}

export const close = (layout: Layout, side: Side, document: string): Layout =>
  closeWhere(layout, side, ({ node }) => node.id === document)

export const closeOthers = (layout: Layout, side: Side, document: string): Layout =>
  activate(
    closeWhere(layout, side, ({ node }) => node.id !== document),
    side,
    document,
  )

export function closeToTheRight(layout: Layout, side: Side, document: string): Layout {
  const from = halfAt(layout, side).tabs.findIndex(({ node }) => node.id === document)
  return from < 0 ? layout : closeWhere(layout, side, (_tab, at) => at > from)
}

export const closeAll = (layout: Layout, side: Side): Layout => closeWhere(layout, side, () => true)

/** Whether a closed tab could come back: its file is there, and not open where it was. */
const canReopen =
  (layout: Layout, tree: Pick<Tree, 'nodes'>) =>
  ({ node, side }: Closed): boolean => {
    const at: Side = layout.halves.length > side ? side : layout.focus
    return tree.nodes.has(node.id) && tabOf(halfAt(layout, at), node.id) === undefined
  }

export const isReopenable = (layout: Layout, tree: Pick<Tree, 'nodes'>): boolean =>
  layout.closed.some(canReopen(layout, tree))

/** Brings back what was closed last, where it was. */
export function reopen(layout: Layout, tree: Pick<Tree, 'nodes'>): Layout {
  const nth = layout.closed.findLastIndex(canReopen(layout, tree))
  const last = layout.closed[nth]
  const node = tree.nodes.get(last?.node.id ?? '')
  if (last === undefined || node === undefined) return layout
  const side: Side = layout.halves.length > last.side ? last.side : layout.focus
  const half = halfAt(layout, side)
  const tabs = half.tabs.toSpliced(last.at, 0, { node, kept: true, deleted: false })
  const opened = withHalf({ ...layout, closed: layout.closed.slice(0, nth) }, side, { ...half, tabs })
  return activate(opened, side, node.id)
}

/** The next tab of the half with the focus, or with -1 the previous one; after the last comes the first. */
export function step(layout: Layout, by: 1 | -1): Layout {
  const { tabs, active } = halfAt(layout, layout.focus)
  const from = tabs.findIndex(({ node }) => node.id === active)
  const to = from < 0 ? (by > 0 ? 0 : tabs.length - 1) : (from + by + tabs.length) % tabs.length
  const next = tabs[to]
  return next === undefined ? layout : activate(layout, layout.focus, next.node.id)
}

/**
 * Puts a tab before the one that is now at `to`, in its half or in the other one, which may have to be made. Whoever
 * arranges tabs means to keep them.
 */
export function move(layout: Layout, from: Side, document: string, side: Side, to: number): Layout {
  const source = halfAt(layout, from)
  const at = source.tabs.findIndex(({ node }) => node.id === document)
  const tab = source.tabs[at]
  if (tab === undefined || side > layout.halves.length) return layout
  const kept: Tab = { ...tab, kept: true }
  if (side === from) {
    const place = to > at ? to - 1 : to
    const tabs = source.tabs.toSpliced(at, 1).toSpliced(place, 0, kept)
    return place === at && tab.kept ? layout : withHalf(layout, side, { ...source, tabs })
  }
  // A half that would be left empty is one half as before.
  if (source.tabs.length === 1 && !isSplit(layout)) return layout
  const target = halfAt(layout, side)
  const isThere = tabOf(target, document) !== undefined
  const filled = isThere ? target : { ...target, tabs: target.tabs.toSpliced(to, 0, kept) }
  const halves = [...layout.halves]
  halves[from] = without(source, (one) => one === tab)
  halves[side] = show(filled, document)
  return settle({ ...layout, halves, focus: side })
}

/** Opens a file that is open in one half in the other one as well. */
export function openBeside(layout: Layout, side: Side, document: string): Layout {
  const tab = tabOf(halfAt(layout, side), document)
  if (tab === undefined || tab.deleted) return layout
  const kept = keep(layout, side, document)
  return openIn(kept, tab.node, isSplit(kept) ? otherSide(side) : 1)
}

/** One half again, with the tabs of both. */
export function join(layout: Layout): Layout {
  const [left, right] = layout.halves
  if (left === undefined || right === undefined) return layout
  const active = halfAt(layout, layout.focus).active
  const more = right.tabs.filter(({ node }) => tabOf(left, node.id) === undefined)
  const hasPreview = left.tabs.some(({ kept }) => !kept)
  const tabs = [...left.tabs, ...more.map((tab) => (hasPreview ? { ...tab, kept: true } : tab))]
  const [first, second] = layout.focus === 0 ? [left, right] : [right, left]
  const recent = [...first.recent, ...second.recent.filter((document) => !first.recent.includes(document))]
  return settle({ ...layout, halves: [{ tabs, active, recent }], focus: 0 })
}
