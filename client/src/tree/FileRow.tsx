import type { ItemInstance } from '@headless-tree/core'
import { ChevronRight } from 'lucide-react'
import { type CSSProperties, type KeyboardEvent, memo } from 'react'
import { plural } from '../lib/format'
import { Avatar } from '../ui/Avatar'
import { FileIcon } from './FileIcon'
import type { Presence } from './presence'
import type { TreeNode } from './rules'

interface FileRowProps {
  item: ItemInstance<TreeNode>
  /** Another one whenever the item may say something else of itself. */
  version: unknown
  /** Pixels from the top of the list. */
  top: number
  isOpen: boolean
  /** Who has the file open. */
  present: readonly Presence[]
  /** Changes of the assistant that wait in it for a decision. */
  proposals: number
  /** Called when somebody opens the file to stay. */
  onKeep: (node: TreeNode) => void
}

/** More than these become a number. */
const shown = 3

function NameInput({ item }: { item: ItemInstance<TreeNode> }) {
  const props = item.getRenameInputProps() as { value: string; onChange: (event: unknown) => void }
  const tree = item.getTree()
  const selectStem = (input: HTMLInputElement) => {
    const dot = input.value.lastIndexOf('.')
    input.setSelectionRange(0, dot > 0 && !item.isFolder() ? dot : input.value.length)
  }
  return (
    <input
      className="file-input"
      aria-label={item.getItemName() === '' ? 'Name of the new entry' : `New name of ${item.getItemName()}`}
      value={props.value}
      autoFocus
      spellCheck={false}
      onChange={props.onChange}
      onFocus={(event) => selectStem(event.currentTarget)}
      onClick={(event) => event.stopPropagation()}
      // Clicking elsewhere keeps what was typed; Escape is there to drop it.
      onBlur={() => (tree.isRenamingItem() ? tree.completeRenaming() : undefined)}
      onKeyDown={(event: KeyboardEvent) => {
        if (event.nativeEvent.isComposing) event.stopPropagation()
      }}
    />
  )
}

/** As it is seen, and in the same order: then whoever speaks to the page says what they see. */
function who(present: readonly Presence[]): string {
  const more = present.length > shown ? ` +${present.length - shown}` : ''
  return present.length === 0 ? '' : `${more}, open by ${present.map((person) => person.name).join(', ')}`
}

function waiting(proposals: number): string {
  return proposals === 0 ? '' : `, ${plural(proposals, 'change')} to decide`
}

function Row({ item, top, isOpen, present, proposals, onKeep }: FileRowProps) {
  const node = item.getItemData()
  const renaming = item.isRenaming()
  const style = { '--level': item.getItemMeta().level } as CSSProperties
  return (
    <div role="none" className="file-slot" style={{ top }}>
      <div
        {...item.getProps()}
        onDoubleClick={() => onKeep(node)}
        className="file-row"
        data-id={item.getId()}
        style={style}
        data-open={isOpen || undefined}
        data-selected={item.isSelected() || undefined}
        data-target={item.isUnorderedDragTarget() || undefined}
        aria-current={isOpen ? 'page' : undefined}
        aria-label={`${item.getItemName()}${who(present)}${waiting(proposals)}`}
      >
        <span className="file-twisty" aria-hidden data-expanded={item.isExpanded() || undefined}>
          {node.kind === 'folder' ? <ChevronRight /> : null}
        </span>
        <FileIcon node={node} open={item.isExpanded()} />
        {renaming ? <NameInput item={item} /> : <bdi className="file-name">{node.name}</bdi>}
        {proposals === 0 ? null : (
          <span
            className="file-proposals"
            aria-hidden
            title={`${plural(proposals, 'change')} of the assistant to decide`}
            data-count={proposals}
          />
        )}
        {present.length === 0 ? null : (
          <span className="file-people">
            {present.slice(0, shown).map((person) => (
              <Avatar key={person.client} name={person.name} color={person.color} size="small" />
            ))}
            {present.length > shown ? <span> +{present.length - shown}</span> : null}
          </span>
        )}
      </div>
    </div>
  )
}

/** A file or folder in the list. */
export const FileRow = memo(Row)
