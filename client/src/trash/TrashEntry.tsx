import { Trash2 } from 'lucide-react'
import { useStore } from '../lib/store'
import { useWorkspace } from '../workspace/context'

/** Below the list of files, where what was deleted can be had back. */
export function TrashEntry({ onOpen }: { onOpen: () => void }) {
  const { tree } = useWorkspace()
  const { trash } = useStore(tree.tree)
  return (
    <button type="button" className="trash-entry" onClick={onOpen}>
      <Trash2 aria-hidden />
      Trash
      {trash.size === 0 ? null : <span className="trash-count">{trash.size}</span>}
    </button>
  )
}
