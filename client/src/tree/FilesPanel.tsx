import { FilePlus, FileSearch, FolderPlus, Search, Sparkle } from 'lucide-react'
import { Suspense, useRef, useState } from 'react'
import { lazily } from '../ui/lazily'
import { entryOf, writtenKey } from '../actions/catalogue'
import { registry } from '../actions/registry'
import { useActions } from '../actions/useActions'
import { useStore } from '../lib/store'
import { TrashEntry } from '../trash/TrashEntry'
import { IconButton } from '../ui/Button'
import { Confirm } from '../ui/Confirm'
import { useRole, useWorkspace } from '../workspace/context'
import { FileList, type ScrollTo } from './FileList'
import type { TreeNode } from './rules'
import { UploadButton } from './UploadButton'
import { UploadProgress } from './UploadProgress'
import { useFileTree } from './useFileTree'
import { useFileActions } from './useFileActions'
import { useNextRow } from './useNextRow'
import { useTreeActions } from './useTreeActions'
import { useUpload } from './useUpload'

const NewFilesDialog = lazily(() => import('../assistant/NewFilesDialog'), { ahead: true })
const MoveDialog = lazily(() => import('./MoveDialog'), { ahead: true })
const TrashDialog = lazily(() => import('../trash/TrashDialog'), { ahead: true })

interface FilesPanelProps {
  openNode: TreeNode | null
  /** Called when somebody opens a file here, for a drawer to close. */
  onOpened: () => void
  onFind: () => void
}

function folderOf(node: TreeNode | null): string {
  if (node === null) return ''
  return node.kind === 'folder' ? node.path : node.path.slice(0, Math.max(0, node.path.lastIndexOf('/')))
}

export function FilesPanel({ openNode, onOpened, onFind }: FilesPanelProps) {
  const { tree } = useWorkspace()
  const { canEdit } = useRole()
  const legal = useStore(tree.tree)
  const treeState = useStore(tree.state)
  const actions = useFileActions()
  const { upload, confirm } = useUpload()
  const list = useRef<ScrollTo>(null)
  const scrollTo = (index: number) => list.current?.(index)
  const [asking, setAsking] = useState(false)
  const [trash, setTrash] = useState(false)
  const [removing, setRemoving] = useState<TreeNode[]>([])
  const [moving, setMoving] = useState<TreeNode[]>([])

  const fileTree = useFileTree({
    tree: legal,
    openNode,
    actions: {
      ...actions,
      open: (node) => {
        actions.open(node)
        onOpened()
      },
    },
    onUpload: (transfer, folder) => upload(transfer, folder),
    onRemove: setRemoving,
    scrollToIndex: scrollTo,
  })

  useActions({ 'files.trash': () => setTrash(true) })
  useTreeActions({
    fileTree,
    openBeside: actions.openBeside,
    openNode,
    scrollTo,
    setAsking,
    setRemoving,
    setMoving,
  })

  const kept = useNextRow(fileTree.instance)
  return (
    <div className="files" ref={kept}>
      <div className="side-header">
        <h2>Files</h2>
        <IconButton label={entryOf('go.find').title} keys={writtenKey('go.find')} onClick={onFind}>
          <Search />
        </IconButton>
        <IconButton
          label={entryOf('go.file').title}
          keys={writtenKey('go.file')}
          onClick={() => registry.run('go.file')}
        >
          <FileSearch />
        </IconButton>
        {canEdit ? (
          <>
            <IconButton label="New file" onClick={() => fileTree.startDraft('text')}>
              <FilePlus />
            </IconButton>
            <IconButton label="New folder" onClick={() => fileTree.startDraft('folder')}>
              <FolderPlus />
            </IconButton>
            <IconButton label="Have files written" onClick={() => setAsking(true)}>
              <Sparkle />
            </IconButton>
            <UploadButton icon />
          </>
        ) : null}
      </div>
      <FileList
        fileTree={fileTree}
        openNode={openNode}
        scrollTo={list}
        onKeep={actions.keep}
        onBeside={actions.openBeside}
        onRemove={setRemoving}
        onMove={setMoving}
        onTrash={() => setTrash(true)}
        empty={
          treeState.is === 'opening'
            ? 'Opening…'
            : canEdit
              ? 'Drop files, a folder or a zip here.'
              : 'There are no files yet.'
        }
      />
      <UploadProgress />
      <TrashEntry onOpen={() => setTrash(true)} />
      <Suspense>{trash ? <TrashDialog onClose={() => setTrash(false)} /> : null}</Suspense>
      <Suspense>
        {asking ? <NewFilesDialog folder={folderOf(openNode)} onClose={() => setAsking(false)} /> : null}
      </Suspense>
      <Suspense>
        {moving.length === 0 ? null : (
          <MoveDialog nodes={moving} onMove={(folder) => actions.move(moving, folder)} onClose={() => setMoving([])} />
        )}
      </Suspense>
      {confirm}
      {removing.length === 0 ? null : (
        <Confirm
          title={removing.length === 1 ? `Delete “${removing[0]?.name ?? ''}”?` : `Delete ${removing.length} entries?`}
          description={
            removing.some(({ kind }) => kind === 'folder')
              ? 'They disappear for everybody, with all that is inside, and stay in the trash.'
              : 'It disappears for everybody, also for those who have it open, and stays in the trash.'
          }
          action="Delete"
          onConfirm={() => void actions.remove(removing)}
          onClose={() => setRemoving([])}
        />
      )}
    </div>
  )
}
