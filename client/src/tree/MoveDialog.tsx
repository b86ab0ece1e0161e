import { useState } from 'react'
import { useStore } from '../lib/store'
import { Button } from '../ui/Button'
import { Dialog } from '../ui/Dialog'
import { useWorkspace } from '../workspace/context'
import { foldersFor } from './destinations'
import type { TreeNode } from './rules'

interface MoveDialogProps {
  nodes: readonly TreeNode[]
  onMove: (folder: string) => Promise<void>
  onClose: () => void
}

/** Where some files and folders go, for those who do not drag. */
export default function MoveDialog({ nodes, onMove, onClose }: MoveDialogProps) {
  const { tree, summary } = useWorkspace()
  const { nodes: all } = useStore(tree.tree)
  const { name } = useStore(summary)
  const folders = foldersFor(nodes, all.values())
  const [chosen, setChosen] = useState(folders[0] ?? '')
  const [busy, setBusy] = useState(false)
  const [only] = nodes
  const move = async () => {
    setBusy(true)
    await onMove(chosen)
    onClose()
  }
  return (
    <Dialog
      title={nodes.length === 1 && only !== undefined ? `Move “${only.name}”` : `Move ${nodes.length} entries`}
      onClose={onClose}
    >
      {folders.length === 0 ? (
        <p>There is no other folder. Make one first.</p>
      ) : (
        <form
          className="move-form"
          onSubmit={(event) => {
            event.preventDefault()
            void move()
          }}
        >
          <label>
            Into
            <select value={chosen} onChange={(event) => setChosen(event.target.value)}>
              {folders.map((path) => (
                <option key={path} value={path}>
                  {path === '' ? name : path}
                </option>
              ))}
            </select>
          </label>
          <div className="row">
            <Button type="submit" look="primary" disabled={busy}>
              Move
            </Button>
          </div>
        </form>
      )}
    </Dialog>
  )
}
