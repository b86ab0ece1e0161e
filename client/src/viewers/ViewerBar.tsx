import { Download, Minus, MoveHorizontal, Plus, Scan } from 'lucide-react'
import type { ReactNode } from 'react'
import { useActions } from '../actions/useActions'
import { IconButton } from '../ui/Button'
import { Hint } from '../ui/Button'
import { useHalf } from '../workspace/context'
import { written } from './zoom'

/** What is known of a file, and what can be done with it. */
export interface ViewedFile {
  document: string
  name: string
  url: string
  /** Its kind and size. */
  facts: string
}

export function DownloadLink({ file, small = false }: { file: ViewedFile; small?: boolean }) {
  if (!small) {
    return (
      <a className="button" href={file.url} download={file.name}>
        Download
      </a>
    )
  }
  return (
    <Hint label="Download" side="top">
      <a className="icon-button" href={file.url} download={file.name} aria-label="Download">
        <Download />
      </a>
    </Hint>
  )
}

/** Below what is shown: what it is, what can be done with it, and how to have it. */
export function ViewerBar({ file, facts, children }: { file: ViewedFile; facts?: string; children?: ReactNode }) {
  return (
    <div className="viewer-bar">
      <span className="viewer-facts">{[facts, file.facts].filter(Boolean).join(', ')}</span>
      {children}
      <DownloadLink file={file} small />
    </div>
  )
}

interface ZoomButtonsProps {
  zoom: number
  fits: boolean
  onZoom: (direction: 1 | -1) => void
  onFit: () => void
  onActual: () => void
}

export function ZoomButtons({ zoom, fits, onZoom, onFit, onActual }: ZoomButtonsProps) {
  const { focused } = useHalf()
  useActions(
    focused
      ? {
          'show.larger': () => onZoom(1),
          'show.smaller': () => onZoom(-1),
          'show.fit': onFit,
          'show.actual': onActual,
        }
      : {},
  )
  return (
    <div className="viewer-zoom" role="group" aria-label="Size">
      <IconButton label="Smaller" keys="−" side="top" onClick={() => onZoom(-1)}>
        <Minus />
      </IconButton>
      <output aria-label="Size now">{written(zoom)}</output>
      <IconButton label="Larger" keys="+" side="top" onClick={() => onZoom(1)}>
        <Plus />
      </IconButton>
      <IconButton label="Fit into the window" keys="0" side="top" aria-pressed={fits} onClick={onFit}>
        <MoveHorizontal />
      </IconButton>
      <IconButton label="Actual size" keys="1" side="top" onClick={onActual}>
        <Scan />
      </IconButton>
    </div>
  )
}

/** What the keys of a viewer do: those that the hints of its buttons name. */
export function zoomKey(key: string, { onZoom, onFit, onActual }: Omit<ZoomButtonsProps, 'zoom' | 'fits'>): boolean {
  if (key === '+' || key === '=') onZoom(1)
  else if (key === '-') onZoom(-1)
  else if (key === '0') onFit()
  else if (key === '1') onActual()
  else return false
  return true
}
