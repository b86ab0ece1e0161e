import type { TreeNode } from '../tree/rules'
import { tell } from '../ui/toasts'
import { putBack } from './putBack'

/** Says what was deleted, with the way back. */
export function tellDeleted(workspace: string, nodes: readonly TreeNode[]): void {
  const [first] = nodes
  if (first === undefined) return
  const what = nodes.length === 1 ? `“${first.name}” was deleted` : `${nodes.length} entries were deleted`
  tell(what, '', {
    label: 'Put back',
    otherwise: 'What was deleted is in the trash, below the list of files, and can be put back from there.',
    run: () => void putBack(workspace, nodes),
  })
}
