import { X } from 'lucide-react'
import { ContextMenu, Tabs } from 'radix-ui'
import type { CSSProperties, KeyboardEvent, MouseEvent } from 'react'
import type { Presence } from '../tree/presence'
import type { Side, Tab } from './layout'
import { TabContextMenu } from './TabContextMenu'
import { useUnsaved } from './useUnsaved'

/** More than these have no dot. */
const mostDots = 3

export interface TabItemProps {
  tab: Tab
  side: Side
  /** Id of what shows it; null for a tab that is not shown. */
  panel: string | null
  /** Its folder, where the name alone would not tell it from another. */
  hint: string
  /** Others who have the file open. */
  present: readonly Presence[]
  /** Whether it may be dragged. */
  movable: boolean
  onClose: () => void
  onKeep: () => void
  /** Called when somebody points at it to go on in the text. */
  onEnter: () => void
  onDrag: (transfer: DataTransfer) => void
  onDragEnd: () => void
}

function label({ node, kept, deleted }: Tab, hint: string, present: readonly Presence[], unsaved: boolean): string {
  return [
    hint === '' ? node.name : `${node.name} ${hint}`,
    deleted ? 'deleted' : kept ? null : 'preview',
    present.length === 0 ? null : `open by ${present.map(({ name }) => name).join(', ')}`,
    unsaved ? 'not saved yet' : null,
  ]
    .filter((part) => part !== null)
    .join(', ')
}

/**
 * One tab. What closes it by the mouse stands beside it, not in it, and is not for the keyboard or screen readers: they
 * have the Delete key on the tab, the key of the action, and the menu of all tabs.
 */
export function TabItem(props: TabItemProps) {
  const { tab, side, panel, hint, present, movable, onClose, onKeep, onEnter, onDrag, onDragEnd } = props
  const { node, kept, deleted } = tab
  const unsaved = useUnsaved(node.id)
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Delete') return
    event.preventDefault()
    onClose()
  }
  const onAuxClick = (event: MouseEvent) => {
    if (event.button === 1) onClose()
  }
  return (
    <ContextMenu.Root modal={false}>
      <ContextMenu.Trigger asChild>
        <div
          role="none"
          className="tab-slot"
          draggable={movable}
          onDragStart={(event) => onDrag(event.dataTransfer)}
          onDragEnd={onDragEnd}
          onAuxClick={onAuxClick}
          // X11 would paste what is selected somewhere into the text that has the focus.
          onMouseUp={(event) => (event.button === 1 ? event.preventDefault() : undefined)}
        >
          <Tabs.Trigger value={node.id} asChild>
            <div
              className="tab"
              {...(panel === null ? { 'aria-controls': undefined } : { id: `${panel}-tab`, 'aria-controls': panel })}
              title={node.path}
              aria-label={label(tab, hint, present, unsaved)}
              aria-keyshortcuts="Delete"
              data-preview={(!kept && !deleted) || undefined}
              data-deleted={deleted || undefined}
              onKeyDown={onKeyDown}
              onClick={onEnter}
              onDoubleClick={onKeep}
            >
              <bdi className="tab-name">{node.name}</bdi>
              {hint === '' ? null : (
                <>
                  {' '}
                  <bdi className="tab-folder">{hint}</bdi>
                </>
              )}
              {present.slice(0, mostDots).map(({ client, color }) => (
                <span key={client} className="tab-person" style={{ '--person': color } as CSSProperties} />
              ))}
            </div>
          </Tabs.Trigger>
          <button
            type="button"
            className="tab-close"
            aria-hidden
            tabIndex={-1}
            title={unsaved ? 'Not saved yet. Close' : 'Close'}
            data-unsaved={unsaved || undefined}
            // Whoever types goes on typing.
            onMouseDown={(event) => event.preventDefault()}
            onClick={onClose}
          >
            <X />
          </button>
        </div>
      </ContextMenu.Trigger>
      <TabContextMenu side={side} document={node.id} />
    </ContextMenu.Root>
  )
}
