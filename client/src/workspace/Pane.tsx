import { type DragEvent, type ReactNode, useState } from 'react'
import { parentPath } from '../lib/paths'
import { useUpload } from '../tree/useUpload'
import { useRole } from './context'
import type { OpenFile } from './useOpenFile'

const holdsFiles = (event: DragEvent) => event.dataTransfer.types.includes('Files')

const folderOf = ({ node, path }: OpenFile) =>
  node?.kind === 'folder' ? node.path : parentPath(node === null ? '' : path)

/**
 * The middle of the window. Files that are dropped on it are put beside what is open. They are caught on their way down,
 * for CodeMirror would type their content into the text of everybody.
 */
export function Pane({ file, label, children }: { file: OpenFile; label: string; children: ReactNode }) {
  const { canEdit } = useRole()
  const { upload, confirm } = useUpload()
  const [over, setOver] = useState(false)

  const take = (event: DragEvent): boolean => {
    if (!holdsFiles(event)) return false
    event.preventDefault()
    event.stopPropagation()
    return true
  }
  const onOver = (event: DragEvent) => {
    if (!take(event)) return
    event.dataTransfer.dropEffect = canEdit ? 'copy' : 'none'
    setOver(canEdit)
  }
  const onLeave = (event: DragEvent<HTMLElement>) => {
    if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(false)
  }
  const onDrop = (event: DragEvent) => {
    setOver(false)
    if (take(event) && canEdit) upload(event.dataTransfer, folderOf(file))
  }
  return (
    <main
      className="pane"
      data-target={over || undefined}
      aria-label={label}
      onDragEnterCapture={onOver}
      onDragOverCapture={onOver}
      onDragLeave={onLeave}
      onDropCapture={onDrop}
    >
      {children}
      {confirm}
    </main>
  )
}
