import {
  dragAndDropFeature,
  hotkeysCoreFeature,
  type ItemInstance,
  keyboardDragAndDropFeature,
  renamingFeature,
  selectionFeature,
  syncDataLoaderFeature,
  type TreeInstance,
  type Updater,
} from '@headless-tree/core'
import { useTree } from '@headless-tree/react'
import { type KeyboardEvent, type MouseEvent, useCallback, useEffect, useRef, useState } from 'react'
import { keyOf } from '../actions/catalogue'
import { arriveAt } from '../document/arrival'
import { isPressed } from '../lib/keys'
import { draggedType } from '../tabs/dragged'
import { startDraggingFiles } from '../tabs/dragFiles'
import { useRole, useWorkspace } from '../workspace/context'
import { ancestors, sortedIds } from './order'
import type { Tree, TreeNode } from './rules'
import { meantBy, patience } from './typeAhead'
import type { FileActions } from './useFileActions'

/** Ids that no node of the tree can have. */
export const rootId = 'root'
const draftId = 'draft'

/** A file or folder that is being named, before it exists. */
interface Draft {
  /** Id of the folder; null is the workspace itself. */
  folder: string | null
  kind: 'text' | 'folder'
}

interface FileTreeOptions {
  tree: Tree
  openNode: TreeNode | null
  actions: FileActions
  onUpload: (transfer: DataTransfer, folder: string) => void
  onRemove: (nodes: TreeNode[]) => void
  scrollToIndex: (index: number) => void
}

export interface FileTree {
  instance: TreeInstance<TreeNode>
  /** Another one whenever `instance`, which stays the same, may hold something else. */
  version: unknown
  /** In the folder that is selected, or in that of the selected file. */
  startDraft: (kind: Draft['kind']) => void
  /** To be told of every click before the list is. */
  onClickCapture: (event: MouseEvent) => void
  /** Letters that are typed in the list lead to the next name that begins with them. */
  onKeyDown: (event: KeyboardEvent) => void
  /** What is meant when somebody acts on `item`: all that is selected if it is part of it, else it alone. */
  meant: (item: ItemInstance<TreeNode>) => TreeNode[]
}

const isReal = (item: ItemInstance<TreeNode>) => item.getId() !== rootId && item.getId() !== draftId

const rootNode: TreeNode = { id: rootId, kind: 'folder', parent: null, name: '', path: '' }

/** What stands in for a node that has just gone, until the list is built again. */
const goneNode: TreeNode = { id: '', kind: 'text', parent: null, name: '', path: '' }

const resolve = <T>(updater: Updater<T>, now: T): T =>
  typeof updater === 'function' ? (updater as (now: T) => T)(now) : updater

/** The folders that this browser has open, kept for the next visit. */
function useExpanded(workspace: string): [string[], (updater: Updater<string[]>) => void] {
  const key = `scriptorium:folders:${workspace}`
  const [expanded, setExpanded] = useState<string[]>(() => {
    try {
      const saved: unknown = JSON.parse(localStorage.getItem(key) ?? '[]')
      return Array.isArray(saved) ? saved.filter((id) => typeof id === 'string') : []
    } catch {
      return []
    }
  })
  useEffect(() => {
    try {
      localStorage.setItem(key, JSON.stringify(expanded))
    } catch {
      // They are open for this page then.
    }
  }, [key, expanded])
  return [expanded, (updater) => setExpanded((now) => [...new Set(resolve(updater, now))])]
}

export function useFileTree(options: FileTreeOptions): FileTree {
  const { tree, openNode, actions } = options
  const { id: workspace, tabs } = useWorkspace()
  const { canEdit } = useRole()
  const [expandedItems, setExpandedItems] = useExpanded(workspace)
  const [renamingItem, setRenamingItem] = useState<string | null | undefined>(null)
  const [draft, setDraft] = useState<Draft | null>(null)
  const choosing = useRef(false)
  const typed = useRef({ letters: '', at: 0 })

  const children = useCallback(
    (id: string): string[] => {
      const folder = id === rootId ? null : id
      const ids = sortedIds(tree, folder)
      return draft?.folder === folder ? [draftId, ...ids] : ids
    },
    [tree, draft],
  )

  const nodeOf = (id: string): TreeNode => {
    if (id === rootId) return rootNode
    if (id === draftId) return { ...goneNode, id: draftId, kind: draft?.kind ?? 'text' }
    return tree.nodes.get(id) ?? goneNode
  }
  const folderOf = (id: string) => (id === rootId ? '' : nodeOf(id).path)

  const instance = useTree<TreeNode>({
    rootItemId: rootId,
    getItemName: (item) => item.getItemData().name,
    isItemFolder: (item) => item.getItemData().kind === 'folder',
    dataLoader: { getItem: nodeOf, getChildren: children },
    features: [
      syncDataLoaderFeature,
      selectionFeature,
      hotkeysCoreFeature,
      dragAndDropFeature,
      keyboardDragAndDropFeature,
      renamingFeature,
    ],
    state: { expandedItems, renamingItem },
    setExpandedItems,
    setRenamingItem: (updater) => {
      const next = resolve(updater, renamingItem)
      setRenamingItem(next)
      if (next !== draftId) setDraft(null)
    },
    canReorder: false,
    // Whoever only reads drags as well: a file opens where it is dropped.
    canDrag: (items) => items.every(isReal),
    createForeignDragObject: (items) => {
      startDraggingFiles(
        tabs,
        items.map((item) => item.getItemData()),
      )
      return { format: draggedType, data: items.map((item) => item.getId()).join(), effectAllowed: 'move' }
    },
    canDrop: (_items, target) => canEdit && target.item.isFolder(),
    canDropForeignDragObject: (transfer, target) =>
      canEdit && transfer.types.includes('Files') && target.item.isFolder(),
    canDragForeignDragObjectOver: (transfer) => canEdit && transfer.types.includes('Files'),
    onDropForeignDragObject: (transfer, target) => options.onUpload(transfer, folderOf(target.item.getId())),
    onDrop: (items, target) =>
      actions.move(
        items.map((item) => item.getItemData()),
        folderOf(target.item.getId()),
      ),
    canRename: (item) => canEdit && (isReal(item) || item.getId() === draftId),
    onRename: (item, value) => {
      const name = value.trim()
      if (name === '') return
      if (item.getId() !== draftId) void actions.rename(item.getItemData(), name)
      else if (draft !== null) void actions.create(folderOf(draft.folder ?? rootId), name, draft.kind)
    },
    onPrimaryAction: (item) => {
      // With a modifier one chooses.
      if (!choosing.current && isReal(item) && !item.isFolder()) actions.open(item.getItemData())
    },
    scrollToItem: (item) => options.scrollToIndex(item.getItemMeta().index),
    hotkeys: {
      customActivate: {
        hotkey: 'Enter',
        // Or the text that gets the focus would get the key as well.
        preventDefault: true,
        isEnabled: (known) => !known.isRenamingItem() && !known.getState().dnd,
        handler: (_event, known) => {
          const item = known.getFocusedItem()
          const node = item.getItemData()
          // Whoever opens a text by this key goes on in it; a click and the space bar only look at it.
          if (node.kind === 'text' && isReal(item)) {
            arriveAt({ document: node.id, line: null, column: null, focus: true })
          }
          // Once more on the file that is open means to stay, as a double click does.
          if (item.getId() === openNode?.id && !item.isFolder()) actions.keep(node)
          else if (!item.isFolder()) item.primaryAction()
          else if (item.isExpanded()) item.collapse()
          else item.expand()
        },
      },
      renameItem: { hotkey: keyOf('files.rename') },
      customDelete: {
        hotkey: keyOf('files.remove'),
        handler: (_event, known) => {
          if (canEdit && isReal(known.getFocusedItem())) options.onRemove(meant(known.getFocusedItem()))
        },
      },
    },
  })

  const meant = (item: ItemInstance<TreeNode>): TreeNode[] => {
    const items = item.isSelected() ? instance.getSelectedItems().filter(isReal) : [item]
    return items.map((one) => one.getItemData())
  }

  // The list is built by the library, which has to be told that what it is built from is another one.
  useEffect(() => instance.rebuildTree(), [instance, children, expandedItems])

  useEffect(() => {
    if (draft !== null) instance.getItemInstance(draftId).startRenaming()
  }, [instance, draft])

  // Whoever arrives at a file by a link or by a reference finds it in the tree.
  const openId = openNode?.id
  const openParent = openNode?.parent
  useEffect(() => {
    if (openId === undefined) return
    setExpandedItems((now) => [...now, ...ancestors(tree, openId)])
    instance.getItemInstance(openId).setFocused()
    instance.setSelectedItems([openId])
    // Only when another file is opened, or when this one has moved: folders may be closed around an open file.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [openId, openParent])

  const startDraft = (kind: Draft['kind']) => {
    const selected = instance.getSelectedItems().map((item) => tree.nodes.get(item.getId()))[0] ?? openNode
    const folder = selected?.kind === 'folder' ? selected.id : (selected?.parent ?? null)
    if (folder !== null) setExpandedItems((now) => [...now, folder])
    setDraft({ folder, kind })
  }

  const onClickCapture = ({ ctrlKey, metaKey, shiftKey }: MouseEvent) => {
    choosing.current = ctrlKey || metaKey || shiftKey
    // What is opened afterwards by a key is no click.
    setTimeout(() => (choosing.current = false))
  }

  const onKeyDown = (event: KeyboardEvent) => {
    const { key, ctrlKey, metaKey, altKey } = event
    if (isPressed(keyOf('files.beside'), event.nativeEvent) && !instance.isRenamingItem()) {
      const item = instance.getFocusedItem()
      event.preventDefault()
      if (isReal(item) && !item.isFolder()) actions.openBeside(item.getItemData())
      return
    }
    if (Array.from(key).length !== 1 || key === ' ' || ctrlKey || metaKey || altKey || instance.isRenamingItem()) return
    const now = performance.now()
    typed.current = { letters: now - typed.current.at < patience ? typed.current.letters + key : key, at: now }
    const items = instance.getItems()
    const names = items.map((item) => item.getItemName())
    const found = meantBy(typed.current.letters, names, instance.getFocusedItem().getItemMeta().index)
    if (found === null) return
    event.preventDefault()
    items[found]?.setFocused()
    options.scrollToIndex(found)
    instance.updateDomFocus()
  }

  return { instance, version: {}, startDraft, onClickCapture, onKeyDown, meant }
}
