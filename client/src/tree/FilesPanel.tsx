import { AssistiveTreeDescription } from '@headless-tree/react'
import { useVirtualizer } from '@tanstack/react-virtual'
import { FilePlus, FileSearch, FolderPlus, Search, Sparkle } from 'lucide-react'
import { Suspense, useEffect, useRef, useState } from 'react'
import { lazily } from '../ui/lazily'
import { entryOf, writtenKey } from '../actions/catalogue'
import { registry } from '../actions/registry'
import { useActions } from '../actions/useActions'
import { useStore } from '../lib/store'
import { TrashEntry } from '../trash/TrashEntry'
import { IconButton } from '../ui/Button'
import { Confirm } from '../ui/Confirm'
import { useRole, useWorkspace } from '../workspace/context'
import { FileRow } from './FileRow'
import { RowMenu } from './RowMenu'
import type { TreeNode } from './rules'
import { UploadButton } from './UploadButton'
import { UploadProgress } from './UploadProgress'
import { rootId, useFileTree } from './useFileTree'
import { useFileActions } from './useFileActions'
import { usePresentIn } from './usePresentIn'
import { useTreeActions } from './useTreeActions'
import { useUpload } from './useUpload'

const NewFilesDialog = lazily(() => import('../assistant/NewFilesDialog'), { ahead: true })
const MoveDialog = lazily(() => import('./MoveDialog'), { ahead: true })
const TrashDialog = lazily(() => import('../trash/TrashDialog'), { ahead: true })

/** Pixels; the style sheet says the same. */
const rowHeight = 32

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
  const { tree, suggestions } = useWorkspace()
  const { canEdit } = useRole()
  const legal = useStore(tree.tree)
  const treeState = useStore(tree.state)
  const present = usePresentIn()
  const proposals = useStore(suggestions.pending)
  const actions = useFileActions()
  const { upload, confirm } = useUpload()
  const scroller = useRef<HTMLDivElement>(null)
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
    scrollToIndex: (index) => virtualizer.scrollToIndex(index),
  })
  const items = fileTree.instance.getItems()
  // eslint-disable-next-line react-hooks/incompatible-library -- nothing here is memoized by the compiler
  const virtualizer = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
    paddingStart: 4,
    paddingEnd: 64,
  })

  // What is opened elsewhere, by a link or from a search, is brought into sight here, once; then one may scroll away.
  const openIndex = items.findIndex((item) => item.getId() === openNode?.id)
  const revealed = useRef<string | undefined>(undefined)
  useEffect(() => {
    if (openIndex < 0 || revealed.current === openNode?.id) return
    revealed.current = openNode?.id
    virtualizer.scrollToIndex(openIndex)
  }, [openIndex, openNode?.id, virtualizer])

  useActions({ 'files.trash': () => setTrash(true) })
  useTreeActions({
    fileTree,
    openNode,
    scrollTo: (index) => virtualizer.scrollToIndex(index),
    setAsking,
    setRemoving,
    setMoving,
  })

  const ontoRoot = fileTree.instance.getDragTarget()?.item.getId() === rootId
  return (
    <div className="files">
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
      <div className="files-scroller" ref={scroller} data-target={ontoRoot || undefined}>
        <AssistiveTreeDescription tree={fileTree.instance} />
        <div
          {...fileTree.instance.getContainerProps('Files')}
          className="files-rows"
          onClickCapture={fileTree.onClickCapture}
          onKeyDown={fileTree.onKeyDown}
          style={{ height: virtualizer.getTotalSize() }}
        >
          {virtualizer.getVirtualItems().map(({ index, start }) => {
            const item = items[index]
            if (item === undefined) return null
            return (
              <RowMenu
                key={item.getKey()}
                item={item}
                top={start}
                fileTree={fileTree}
                onRemove={setRemoving}
                onMove={setMoving}
                onTrash={() => setTrash(true)}
              >
                <FileRow
                  item={item}
                  isOpen={item.getId() === openNode?.id}
                  onKeep={() => actions.keep(item.getItemData())}
                  present={present.get(item.getId()) ?? []}
                  proposals={proposals.get(item.getId()) ?? 0}
                />
              </RowMenu>
            )
          })}
        </div>
        {items.length === 0 ? (
          <p className="files-empty">
            {treeState.is === 'opening'
              ? 'Opening…'
              : canEdit
                ? 'Drop files, a folder or a zip here.'
                : 'There are no files yet.'}
          </p>
        ) : null}
      </div>
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
