import type { Offers } from '../actions/registry'
import { useActions } from '../actions/useActions'
import { useNarrow } from '../lib/hooks'
import { useRole } from '../workspace/context'
import type { TreeNode } from './rules'
import type { FileTree } from './useFileTree'

interface TreeActions {
  fileTree: FileTree
  openBeside: (node: TreeNode) => void
  openNode: TreeNode | null
  scrollTo: (index: number) => void
  setAsking: (asking: boolean) => void
  setRemoving: (nodes: TreeNode[]) => void
  setMoving: (nodes: TreeNode[]) => void
}

/** What can be done with the list of files: with what is selected in it, else with the file that is open. */
export function useTreeActions(parts: TreeActions): void {
  const { fileTree, openBeside, openNode, scrollTo, setAsking, setRemoving, setMoving } = parts
  const { canEdit } = useRole()
  const narrow = useNarrow()
  const { instance, startDraft, meant } = fileTree
  const selected = () =>
    instance.getItems().find((item) => item.isSelected()) ??
    instance.getItems().find((item) => item.getId() === openNode?.id)
  const file = () => {
    const node = selected()?.getItemData()
    return node?.kind === 'folder' ? undefined : node
  }
  const available = () => (selected() === undefined ? 'no file is chosen' : true)
  const offers: Offers = canEdit
    ? {
        'files.new': () => startDraft('text'),
        'files.newFolder': () => startDraft('folder'),
        'files.write': () => setAsking(true),
        'files.rename': {
          available,
          run() {
            const item = selected()
            // Its row has to be there before somebody can type into it.
            if (item !== undefined) scrollTo(item.getItemMeta().index)
            setTimeout(() => item?.startRenaming())
          },
        },
        'files.move': {
          available,
          run() {
            const item = selected()
            if (item !== undefined) setMoving(meant(item))
          },
        },
        'files.remove': {
          available,
          run() {
            const item = selected()
            if (item !== undefined) setRemoving(meant(item))
          },
        },
      }
    : {}
  if (!narrow) {
    offers['files.beside'] = {
      available: () => (file() === undefined ? 'no file is chosen' : true),
      run() {
        const node = file()
        if (node !== undefined) openBeside(node)
      },
    }
  }
  useActions(offers)
}
