import { useEffect, useState } from 'react'
import { currentPlace, go } from '../app/location'
import { useStore } from '../lib/store'
import { activeTab, type Layout, type Side } from '../tabs/layout'
import type { TreeNode } from '../tree/rules'
import { useWorkspace } from './context'

export interface OpenFile {
  /** "" when no file is open. */
  path: string
  /** What is shown, or was until somebody deleted it; null when there never was such a thing. */
  node: TreeNode | null
  /** Whether the node was deleted while it was open here. */
  deleted: boolean
}

const nothing: OpenFile = { path: '', node: null, deleted: false }

/** A folder that the address names; once found, it is followed through renames and moves by its id. */
function useFolder(path: string): OpenFile {
  const session = useWorkspace()
  const tree = useStore(session.tree.tree)
  const [found, setFound] = useState<{ at: string; node: TreeNode } | null>(null)

  const last = found?.at === path ? found.node : null
  const there = tree.byPath.get(path)
  const alive = (last && tree.nodes.get(last.id)) ?? (there?.kind === 'folder' ? there : null)
  // Adjusted while rendering, as React advises for state that follows what is passed in.
  if (alive !== null && alive !== last) setFound({ at: path, node: alive })

  useEffect(() => {
    const place = currentPlace.get()
    if (alive === null || alive.path === path || place.at !== 'workspace') return
    go({ ...place, path: alive.path }, true)
  }, [alive, path])

  const node = alive ?? last
  return { path: node?.path ?? path, node, deleted: alive === null && last !== null }
}

function shownIn(layout: Layout, side: Side): OpenFile {
  const tab = activeTab(layout, side)
  return tab === undefined ? nothing : { path: tab.node.path, node: tab.node, deleted: tab.deleted }
}

/** What each half shows: its tab, or in the half with the focus what else the address names. */
export function useOpenFiles(path: string): readonly [OpenFile, OpenFile] {
  const layout = useStore(useWorkspace().tabs.layout)
  const isElsewhere = activeTab(layout) === undefined
  const folder = useFolder(isElsewhere ? path : '')
  const of = (side: Side) => (isElsewhere && side === layout.focus ? folder : shownIn(layout, side))
  return [of(0), of(1)]
}
