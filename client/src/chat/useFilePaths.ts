import { useMemo } from 'react'
import { searchable, type Searchable } from '../lib/fuzzy'
import { useStore } from '../lib/store'
import { useWorkspace } from '../workspace/context'

/** The text files of the workspace, to be searched for what somebody types. */
export function useFilePaths(): Searchable {
  const { tree } = useWorkspace()
  const { nodes } = useStore(tree.tree)
  return useMemo(() => {
    const texts = [...nodes.values()].filter(({ kind }) => kind === 'text')
    return searchable(texts.map(({ path }) => path))
  }, [nodes])
}
