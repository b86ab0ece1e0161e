import { useEffect, useState } from 'react'
import { currentPlace, go } from '../app/location'
import { unsavedDocuments } from '../document/session'
import { useStore } from '../lib/store'
import type { TreeNode } from '../tree/rules'
import { useWorkspace } from './context'

export interface OpenFile {
  /** "" when no file is open. */
  path: string
  /** What the address names, or named until somebody deleted it; null when there never was such a thing. */
  node: TreeNode | null
  /** Whether the node was deleted while it was open here. */
  deleted: boolean
}

/** The file that the address names; once found, it is followed through renames and moves by its id. */
export function useOpenFile(path: string): OpenFile {
  const session = useWorkspace()
  const tree = useStore(session.tree.tree)
  const unsaved = useStore(unsavedDocuments)
  const [found, setFound] = useState<{ at: string; node: TreeNode } | null>(null)

  const last = found?.at === path ? found.node : null
  const heir = last !== null && unsaved.has(last.id) ? undefined : tree.byPath.get(path)
  const alive = (last && tree.nodes.get(last.id)) ?? heir ?? null
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
