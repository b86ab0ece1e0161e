import { useStore } from '../lib/store'
import { useWorkspace } from '../workspace/context'
import { unread, waiting } from './notices'

/** How many notices one has not seen yet. */
export function useNews(): number {
  const { me, notices, tree } = useWorkspace()
  const { nodes } = useStore(tree.tree)
  const open = waiting(useStore(notices.state), (document) => nodes.has(document))
  return unread(open, me.id).length
}
