import { useMemo } from 'react'
import { searchable, type Searchable } from '../lib/fuzzy'
import { useStore } from '../lib/store'
import type { TreeNode } from '../tree/rules'
import { useWorkspace } from '../workspace/context'
import { recentFiles } from './recents'

interface Files {
  nodes: readonly TreeNode[]
  /** Their paths, in the same order. */
  entries: Searchable
  /** How many of them, at the beginning, were opened before. */
  recent: number
}

/** All files, those first that were opened last in this browser, and the one that is open after these. */
export function useFiles(open: string | null): Files {
  const { id, tree } = useWorkspace()
  const { nodes } = useStore(tree.tree)
  return useMemo(() => {
    const files = [...nodes.values()].filter(({ kind }) => kind !== 'folder')
    const place = new Map(
      recentFiles(id)
        .ids()
        .map((document, nth) => [document, nth]),
    )
    const isRecent = (node: TreeNode) => place.has(node.id) && node.id !== open
    const recent = files.filter(isRecent).sort((a, b) => (place.get(a.id) ?? 0) - (place.get(b.id) ?? 0))
    const others = files.filter((node) => !isRecent(node) && node.id !== open)
    const ordered = [...recent, ...others, ...files.filter((node) => node.id === open)]
    return { nodes: ordered, entries: searchable(ordered.map(({ path }) => path)), recent: recent.length }
  }, [id, nodes, open])
}
