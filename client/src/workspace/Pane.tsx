import { type DragEvent, type ReactNode, useState } from 'react'
import { parentPath } from '../lib/paths'
import { dragged, draggedBy } from '../tabs/dragged'
import type { Side } from '../tabs/layout'
import { useUpload } from '../tree/useUpload'
import { useRole } from './context'
import type { OpenFile } from './useOpenFile'

const holdsFiles = (event: DragEvent) => event.dataTransfer.types.includes('Files')

const folderOf = ({ node, path }: OpenFile) =>
  node?.kind === 'folder' ? node.path : parentPath(node === null ? '' : path)

const isRight = ({ currentTarget, clientX }: DragEvent) => {
  const { left, width } = currentTarget.getBoundingClientRect()
  return clientX > left + width / 2
}

interface PaneProps {
  file: OpenFile
  side: Side
  children: ReactNode
}

/**
 * What a half shows. Files of the machine that are dropped on it are put beside what is open, a tab or a file of the tree
 * goes into this half. They are caught on their way down, for CodeMirror would type their content into the text of
 * everybody.
 */
export function Pane({ file, side, children }: PaneProps) {
  const { canEdit } = useRole()
  const { upload, confirm } = useUpload()
  const [over, setOver] = useState<'all' | 'right' | null>(null)

  /** Where that would go which is dragged over it; undefined when it is neither a tab nor of the tree. */
  const tabTarget = (event: DragEvent): Side | null | undefined => draggedBy(event)?.target(side, isRight(event))
  const take = (event: DragEvent) => {
    event.preventDefault()
    event.stopPropagation()
  }
  const onOver = (event: DragEvent) => {
    const target = tabTarget(event)
    if (target === undefined && !holdsFiles(event)) return
    take(event)
    const isTaken = target === undefined ? canEdit : target !== null
    event.dataTransfer.dropEffect = !isTaken ? 'none' : target === undefined ? 'copy' : 'move'
    setOver(!isTaken ? null : target === undefined || target === side ? 'all' : 'right')
  }
  const onLeave = (event: DragEvent<HTMLElement>) => {
    if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(null)
  }
  const onDrop = (event: DragEvent) => {
    setOver(null)
    const tab = draggedBy(event)
    const target = tabTarget(event)
    if (tab !== null) {
      take(event)
      dragged.set(null)
      if (target !== null && target !== undefined) tab.drop(target)
    } else if (holdsFiles(event)) {
      take(event)
      if (canEdit) upload(event.dataTransfer, folderOf(file))
    }
  }
  return (
    <div
      className="pane"
      data-target={over ?? undefined}
      onDragEnterCapture={onOver}
      onDragOverCapture={onOver}
      onDragLeave={onLeave}
      onDropCapture={onDrop}
    >
      {children}
      {confirm}
    </div>
  )
}
