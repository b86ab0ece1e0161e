import { AssistiveTreeDescription } from '@headless-tree/react'
import { useVirtualizer } from '@tanstack/react-virtual'
import { type ReactNode, type RefObject, useEffect, useImperativeHandle, useMemo, useRef } from 'react'
import { useStore } from '../lib/store'
import { useWorkspace } from '../workspace/context'
import { dragWords } from './dragWords'
import { FileRow } from './FileRow'
import type { Presence } from './presence'
import { RowMenu } from './RowMenu'
import type { TreeNode } from './rules'
import { type FileTree, rootId } from './useFileTree'
import { usePresentIn } from './usePresentIn'

/** Pixels; the style sheet says the same. */
const rowHeight = 32

const nobody: readonly Presence[] = []

/** Brings the row at an index into sight. */
export type ScrollTo = (index: number) => void

interface FileListProps {
  fileTree: FileTree
  openNode: TreeNode | null
  scrollTo: RefObject<ScrollTo | null>
  onKeep: (node: TreeNode) => void
  onBeside: (node: TreeNode) => void
  onRemove: (nodes: TreeNode[]) => void
  onMove: (nodes: TreeNode[]) => void
  onTrash: () => void
  /** What stands there when there is no row. */
  empty: ReactNode
}

/** The rows of the tree that are in sight. Scrolling renders this, and of the rows only those that come. */
export function FileList({ fileTree, openNode, scrollTo, onKeep, empty, ...menu }: FileListProps) {
  const { instance, version } = fileTree
  const present = usePresentIn()
  const proposals = useStore(useWorkspace().suggestions.pending)
  const scroller = useRef<HTMLDivElement>(null)
  const items = instance.getItems()
  // eslint-disable-next-line react-hooks/incompatible-library -- nothing here is memoized by the compiler
  const virtualizer = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
    paddingStart: 4,
    paddingEnd: 64,
  })
  useImperativeHandle(scrollTo, () => (index: number) => virtualizer.scrollToIndex(index), [virtualizer])

  // What is opened elsewhere, by a link or from a search, is brought into sight here, once; then one may scroll away.
  const openId = openNode?.id
  const openIndex = useMemo(
    () => (openId === undefined ? -1 : instance.getItems().findIndex((item) => item.getId() === openId)),
    // eslint-disable-next-line react-hooks/exhaustive-deps -- another version is another list
    [instance, version, openId],
  )
  const revealed = useRef<string | undefined>(undefined)
  useEffect(() => {
    if (openIndex < 0 || revealed.current === openId) return
    revealed.current = openId
    virtualizer.scrollToIndex(openIndex)
  }, [openIndex, openId, virtualizer])

  const ontoRoot = instance.getDragTarget()?.item.getId() === rootId
  return (
    <div className="files-scroller" ref={scroller} data-target={ontoRoot || undefined}>
      <AssistiveTreeDescription tree={instance} getLabel={dragWords} />
      <RowMenu fileTree={fileTree} {...menu}>
        <div
          {...instance.getContainerProps('Files')}
          className="files-rows"
          onClickCapture={fileTree.onClickCapture}
          onKeyDown={fileTree.onKeyDown}
          style={{ height: virtualizer.getTotalSize() }}
        >
          {virtualizer.getVirtualItems().map(({ index, start }) => {
            const item = items[index]
            if (item === undefined) return null
            const id = item.getId()
            return (
              <FileRow
                key={id}
                item={item}
                version={version}
                top={start}
                isOpen={id === openId}
                onKeep={onKeep}
                present={present.get(id) ?? nobody}
                proposals={proposals.get(id) ?? 0}
              />
            )
          })}
        </div>
      </RowMenu>
      {items.length === 0 ? <p className="files-empty">{empty}</p> : null}
    </div>
  )
}
