import type { Offers } from '../actions/registry'
import { useActions } from '../actions/useActions'
import { useRole } from '../workspace/context'
import type { TreeNode } from './rules'
import type { FileTree } from './useFileTree'

interface TreeActions {
  fileTree: FileTree
  openNode: TreeNode | null
  scrollTo: (index: number) => void
  setAsking: (asking: boolean) => void
  setRemoving: (nodes: TreeNode[]) => void
  setMoving: (nodes: TreeNode[]) => void
}

/** What can be done with the list of files: with what is selected in it, else with the file that is open. */
export function useTreeActions({ fileTree, openNode, scrollTo, setAsking, setRemoving, setMoving }: TreeActions): void {
  const { canEdit } = useRole()
  const { instance, startDraft, meant } = fileTree
  const selected = () =>
    instance.getItems().find((item) => item.isSelected()) ??
    instance.getItems().find((item) => item.getId() === openNode?.id)
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
  useActions(offers)
}
