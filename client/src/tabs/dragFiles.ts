import type { TreeNode } from '../tree/rules'
import { dragged } from './dragged'
import { fileDropSide, type Layout, openIn, type Side } from './layout'
import type { OpenTabs } from './openTabs'

/** More than these are not opened at once. */
const most = 20

/** Files of the tree that are dragged open where they are dropped. Folders among them stay where they are. */
export function startDraggingFiles(tabs: OpenTabs, nodes: readonly TreeNode[]): void {
  const files = nodes.filter(({ kind }) => kind !== 'folder').slice(0, most)
  if (files.length === 0) return
  const openAt = (side: Side, to?: number) => (layout: Layout) =>
    files.reduce((now, node, nth) => openIn(now, node, side, to === undefined ? to : to + nth), layout)
  dragged.set({
    target: (onto, right) => fileDropSide(tabs.layout.get(), onto, right),
    drop: (into) => tabs.change(openAt(into), true),
    place: (into, to) => tabs.change(openAt(into, to), true),
  })
  addEventListener('dragend', () => dragged.set(null), { capture: true, once: true })
}
