import type { ItemInstance } from '@headless-tree/core'
import { ContextMenu } from 'radix-ui'
import type { ReactNode } from 'react'
import { writtenKey } from '../actions/catalogue'
import { useRole, useWorkspace } from '../workspace/context'
import type { TreeNode } from './rules'
import type { FileTree } from './useFileTree'

interface RowMenuProps {
  item: ItemInstance<TreeNode>
  /** Pixels from the top of the list. */
  top: number
  fileTree: FileTree
  onRemove: (nodes: TreeNode[]) => void
  onMove: (nodes: TreeNode[]) => void
  onTrash: () => void
  children: ReactNode
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

/** What can be done with a row: by the right button, by the menu key, or by a long touch. */
export function RowMenu({ item, top, fileTree, onRemove, onMove, onTrash, children }: RowMenuProps) {
  const { api } = useWorkspace()
  const { canEdit } = useRole()
  const node = item.getItemData()
  const meant = fileTree.meant(item)
  const chooseAlone = () => {
    item.setFocused()
    fileTree.instance.setSelectedItems([item.getId()])
  }
  const toRow = (event: Event) => {
    event.preventDefault()
    item.getElement()?.focus()
  }
  // After the menu has given the focus back, or the input would lose it at once.
  const later = (action: () => void) => () => void setTimeout(action)
  return (
    <ContextMenu.Root modal={false} onOpenChange={(open) => (open && !item.isSelected() ? chooseAlone() : undefined)}>
      <ContextMenu.Trigger asChild>
        <div role="none" className="file-slot" style={{ top }}>
          {children}
        </div>
      </ContextMenu.Trigger>
      <ContextMenu.Portal>
        <ContextMenu.Content className="menu" collisionPadding={8} onCloseAutoFocus={toRow}>
          {canEdit ? (
            <>
              <Entry onSelect={later(() => fileTree.startDraft('text'))}>New file</Entry>
              <Entry onSelect={later(() => fileTree.startDraft('folder'))}>New folder</Entry>
              <ContextMenu.Separator className="menu-separator" />
              <Entry keys={writtenKey('files.rename')} onSelect={later(() => item.startRenaming())}>
                Rename
              </Entry>
              <Entry onSelect={() => onMove(meant)}>
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
              <Entry keys={writtenKey('files.remove')} danger onSelect={() => onRemove(meant)}>
                {meant.length === 1 ? 'Delete…' : `Delete ${meant.length}…`}
              </Entry>
            </>
          ) : null}
          <Entry onSelect={later(onTrash)}>Trash…</Entry>
        </ContextMenu.Content>
      </ContextMenu.Portal>
    </ContextMenu.Root>
  )
}
