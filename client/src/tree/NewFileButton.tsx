import { useStore } from '../lib/store'
import { Button } from '../ui/Button'
import { useWorkspace } from '../workspace/context'
import { freeName } from './rules'
import { useFileActions } from './useFileActions'

/** An empty page to begin with, named by and by. */
export function NewFileButton() {
  const { tree } = useWorkspace()
  const legal = useStore(tree.tree)
  const { create } = useFileActions()
  return (
    <Button look="primary" onClick={() => void create('', freeName(legal, null, 'untitled.md', 'text'), 'text')}>
      New page
    </Button>
  )
}
