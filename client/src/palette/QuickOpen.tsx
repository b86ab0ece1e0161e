import { useMemo, useState } from 'react'
import { written } from '../lib/keys'
import { plural } from '../lib/format'
import { rank } from '../lib/fuzzy'
import { useStore } from '../lib/store'
import { FileIcon } from '../tree/FileIcon'
import type { TreeNode } from '../tree/rules'
import { useWorkspace } from '../workspace/context'
import { Marked } from './Marked'
import { PaletteDialog, type PaletteOption } from './PaletteDialog'
import { showPalette } from './shown'
import { isPlaceOnly, readTarget } from './target'
import { useFiles } from './useFiles'

/** No more is ever drawn. */
const most = 50

interface QuickOpenProps {
  /** The file that is open. */
  open: TreeNode | null
  onOpen: (node: TreeNode, line: number | null, column: number | null) => void
}

function FileOption({ node, marks, note }: { node: TreeNode; marks: readonly number[]; note: string }) {
  const { path, name } = node
  const start = path.length - name.length
  return (
    <>
      <FileIcon node={node} />
      <bdi className="palette-name">
        <Marked text={path} marks={marks} from={start} />
      </bdi>
      {start === 0 ? null : (
        <bdi className="palette-folder">
          <Marked text={path} marks={marks} to={start - 1} />
        </bdi>
      )}
      {note === '' ? null : <span className="palette-note">{note}</span>}
    </>
  )
}

function lineOption({ id, path }: TreeNode, line: number | null): PaletteOption {
  const content = (
    <>
      <bdi className="palette-name">{line === null ? 'Type the number of a line' : `Line ${line}`}</bdi>
      <bdi className="palette-folder">{path}</bdi>
    </>
  )
  return { id, content, unavailable: line === null ? 'there is no number yet' : undefined }
}

/** Opens any file of the workspace by a few letters of its name, at a line if one is given. */
export function QuickOpen({ open, onOpen }: QuickOpenProps) {
  const treeState = useStore(useWorkspace().tree.state)
  const [typed, setTyped] = useState('')
  const { query, line, column } = readTarget(typed)
  const { nodes, entries, recent } = useFiles(open?.id ?? null)
  const { found, count } = useMemo(() => rank(entries, query, most), [entries, query])

  const options = useMemo<PaletteOption[]>(() => {
    if (isPlaceOnly(typed)) return open?.kind === 'text' ? [lineOption(open, line)] : []
    const first = query === '' ? nodes.slice(0, recent).map((_, at) => ({ at, marks: [] })) : []
    const rest = query === '' ? found.filter(({ at }) => at >= recent) : found
    return [...first, ...rest].slice(0, most).flatMap(({ at, marks }) => {
      const node = nodes[at]
      if (node === undefined) return []
      const note = node.id === open?.id ? 'open' : query === '' && at < recent ? 'opened before' : ''
      return { id: node.id, content: <FileOption node={node} marks={marks} note={note} /> }
    })
  }, [typed, query, line, open, nodes, found, recent])

  const status = (): string => {
    if (isPlaceOnly(typed)) return options.length === 0 ? 'No text is open.' : ''
    if (options.length > 0) return query === '' ? '' : plural(count, 'file')
    if (treeState.is === 'opening') return 'Opening…'
    return nodes.length === 0 ? 'There are no files yet.' : `No file fits “${query}”.`
  }
  const choose = (id: string) => {
    const node = nodes.find((one) => one.id === id)
    if (node !== undefined) onOpen(node, line, column)
  }
  return (
    <PaletteDialog
      title="Open a file"
      placeholder="Some letters of a file’s name"
      action="go.file"
      typed={typed}
      onTyped={(next) => (next === '>' ? showPalette('actions') : setTyped(next))}
      options={options}
      onChoose={choose}
      status={status()}
      foot={
        <>
          <span>
            <kbd>{written('Enter')}</kbd> opens
          </span>
          <span>
            <kbd>:12</kbd> behind it goes to a line
          </span>
          <span>
            <kbd>&gt;</kbd> lists the commands
          </span>
        </>
      }
    />
  )
}
