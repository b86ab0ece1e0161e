import { ChevronRight } from 'lucide-react'
import { baseName, parentPath } from '../lib/paths'
import { plural } from '../lib/format'
import { FileIcon } from '../tree/FileIcon'
import { type Fate, type FileHits, type Hit, partsOf } from './results'

/** Whether a row takes part in replacing; null where nobody replaces anything. */
export type Checked = boolean | 'mixed' | null

function Check({ checked, onToggle }: { checked: Checked; onToggle: () => void }) {
  if (checked === null) return null
  return (
    <span
      className="find-check"
      aria-hidden
      data-checked={checked}
      onClick={(event) => {
        event.stopPropagation()
        onToggle()
      }}
    />
  )
}

interface FileLineProps {
  file: FileHits
  open: boolean
  checked: Checked
  onToggle: () => void
}

export function FileLine({ file, open, checked, onToggle }: FileLineProps) {
  const name = baseName(file.path)
  const folder = parentPath(file.path)
  return (
    <>
      <span className="file-twisty" aria-hidden data-expanded={open || undefined}>
        <ChevronRight />
      </span>
      <Check checked={checked} onToggle={onToggle} />
      <FileIcon node={{ name, kind: 'text' }} />
      <span className="find-file">
        <bdi>{name}</bdi>
        {folder === '' ? null : <bdi className="find-folder">{folder}</bdi>}
      </span>
      <span className="find-count" aria-hidden>
        {file.count}
      </span>
    </>
  )
}

interface MatchLineProps {
  hit: Hit
  fate: Fate | undefined
  checked: Checked
  onToggle: () => void
}

/** What is shown of text that may hold the end of a line. */
const inOneLine = (text: string) => text.replaceAll('\n', '↵')

export function MatchLine({ hit, fate, checked, onToggle }: MatchLineProps) {
  const { before, match, after } = partsOf(hit)
  const becomes = hit.replacement
  const inPlace = becomes !== null && (fate === 'replaced' || (fate === undefined && checked === true))
  return (
    <>
      <Check checked={fate === undefined ? checked : null} onToggle={onToggle} />
      <span className="find-text">
        {before}
        {inPlace ? (
          <>
            {fate === 'replaced' ? null : <del>{match}</del>}
            <ins>{inOneLine(becomes)}</ins>
          </>
        ) : (
          <mark>{match}</mark>
        )}
        {after}
      </span>
      {fate === undefined ? (
        <span className="find-number" aria-hidden>
          {hit.line}
        </span>
      ) : (
        <span className="find-fate">{fate === 'changed' ? 'changed since' : 'replaced'}</span>
      )}
    </>
  )
}

export const fileLabel = ({ path, count }: FileHits) => `${path}, ${plural(count, 'match', 'matches')}`

export function matchLabel(hit: Hit, fate: Fate | undefined): string {
  const becomes = hit.replacement === null ? '' : `, becomes ${hit.replacement === '' ? 'nothing' : hit.replacement}`
  if (fate === 'replaced') return `Line ${hit.line}: ${hit.text.trim()}${becomes}, replaced`
  return `Line ${hit.line}: ${hit.text.trim()}${becomes}${fate === 'changed' ? ', changed since' : ''}`
}
