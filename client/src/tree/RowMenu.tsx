import type { ItemInstance } from '@headless-tree/core'
import { ContextMenu } from 'radix-ui'
import { type ReactElement, type ReactNode, type SyntheticEvent, useRef, useState } from 'react'
import { entryOf, writtenKey } from '../actions/catalogue'
import { useNarrow } from '../lib/hooks'
import { useRole, useWorkspace } from '../workspace/context'
import type { TreeNode } from './rules'
import type { FileTree } from './useFileTree'

interface RowMenuProps {
  fileTree: FileTree
  onBeside: (node: TreeNode) => void
  onRemove: (nodes: TreeNode[]) => void
  onMove: (nodes: TreeNode[]) => void
  onTrash: () => void
  /** The list of rows, each with its id as `data-id`. */
  children: ReactElement
}

interface EntryProps {
  onSelect: () => void
  keys?: string
  danger?: boolean
  children: ReactNode
}

const Entry = ({ onSelect, keys, danger = false, children }: EntryProps) => (
  <ContextMenu.Item className="menu-item" data-danger={danger || undefined} onSelect={onSelect}>
    {children}
    {keys === undefined ? null : <kbd>{keys}</kbd>}
  </ContextMenu.Item>
)

type EntriesProps = Omit<RowMenuProps, 'children'> & { item: ItemInstance<TreeNode> }

function Entries({ item, fileTree, onBeside, onRemove, onMove, onTrash }: EntriesProps) {
  const { api } = useWorkspace()
  const { canEdit } = useRole()
  const narrow = useNarrow()
  const node = item.getItemData()
  const meant = fileTree.meant(item)
  // After the menu has given the focus back: an input would lose it at once, a dialog would not know where it was.
  const later = (action: () => void) => () => void setTimeout(action)
  return (
    <>
      {node.kind === 'folder' || narrow ? null : (
        <>
          <Entry keys={writtenKey('files.beside')} onSelect={later(() => onBeside(node))}>
            {entryOf('files.beside').title}
          </Entry>
          <ContextMenu.Separator className="menu-separator" />
        </>
      )}
      {canEdit ? (
        <>
          <Entry onSelect={later(() => fileTree.startDraft('text'))}>New file</Entry>
          <Entry onSelect={later(() => fileTree.startDraft('folder'))}>New folder</Entry>
          <ContextMenu.Separator className="menu-separator" />
          <Entry keys={writtenKey('files.rename')} onSelect={later(() => item.startRenaming())}>
            Rename
          </Entry>
          <Entry onSelect={later(() => onMove(meant))}>
            {meant.length === 1 ? 'Move to…' : `Move ${meant.length} to…`}
          </Entry>
        </>
      ) : null}
      <Entry onSelect={() => void navigator.clipboard.writeText(node.path)}>Copy path</Entry>
      {node.kind === 'folder' ? null : (
        <ContextMenu.Item className="menu-item" asChild>
          <a href={api.fileUrl(node.path)} download={node.name}>
            Download
          </a>
        </ContextMenu.Item>
      )}
      {canEdit ? (
        <>
          <ContextMenu.Separator className="menu-separator" />
          <Entry keys={writtenKey('files.remove')} danger onSelect={later(() => onRemove(meant))}>
            {meant.length === 1 ? 'Delete…' : `Delete ${meant.length}…`}
          </Entry>
        </>
      ) : null}
      <Entry onSelect={later(onTrash)}>Trash…</Entry>
    </>
  )
}

/**
 * What can be done with a row: by the right button, by the menu key, or by a long touch. One menu for all rows, because
 * thousands of them come and go while one scrolls.
 */
export function RowMenu({ children, ...entries }: RowMenuProps) {
  const { instance } = entries.fileTree
  const aimed = useRef<ItemInstance<TreeNode> | null>(null)
  const [item, setItem] = useState<ItemInstance<TreeNode> | null>(null)
  const aim = ({ target }: SyntheticEvent) => {
    const row = target instanceof Element ? target.closest<HTMLElement>('[data-id]') : null
    aimed.current = row?.dataset.id === undefined ? null : instance.getItemInstance(row.dataset.id)
  }
  const onContextMenu = (event: SyntheticEvent) => {
    aim(event)
    // Between the rows it is the browser's.
    if (aimed.current === null) event.stopPropagation()
  }
  const onOpenChange = (open: boolean) => {
    if (!open) return
    setItem(aimed.current)
    if (aimed.current === null || aimed.current.isSelected()) return
    aimed.current.setFocused()
    instance.setSelectedItems([aimed.current.getId()])
  }
  const toRow = (event: Event) => {
    event.preventDefault()
    item?.getElement()?.focus()
  }
  return (
    <ContextMenu.Root modal={false} onOpenChange={onOpenChange}>
      <ContextMenu.Trigger asChild onPointerDownCapture={aim} onContextMenuCapture={onContextMenu}>
        {children}
      </ContextMenu.Trigger>
      {item === null ? null : (
        <ContextMenu.Portal>
          <ContextMenu.Content className="menu" collisionPadding={8} onCloseAutoFocus={toRow}>
            <Entries item={item} {...entries} />
          </ContextMenu.Content>
        </ContextMenu.Portal>
      )}
    </ContextMenu.Root>
  )
}
