import { Dialog } from 'radix-ui'
import { type KeyboardEvent, type ReactNode, useEffect, useId, useMemo, useRef } from 'react'
import type { ActionId } from '../actions/catalogue'
import { keysOf } from '../actions/catalogue'
import { isPressed } from '../lib/keys'
import { focusItself } from '../ui/focusItself'
import { useChoice } from '../ui/useChoice'
import { closePalette, palette } from './shown'

export interface PaletteOption {
  id: string
  content: ReactNode
  /** Why it cannot be chosen now. */
  unavailable?: string | undefined
}

interface PaletteDialogProps {
  title: string
  placeholder: string
  /** Its key goes down the list once that is open. */
  action: ActionId
  typed: string
  onTyped: (typed: string) => void
  options: readonly PaletteOption[]
  /** Called once the focus is back where it was. */
  onChoose: (id: string) => void
  /** Read out whenever it changes: how many there are, or why there are none. */
  status: string
  foot: ReactNode
}

/** A field with a list below, over the page. The field keeps the focus; the arrow keys go through the list. */
export function PaletteDialog(props: PaletteDialogProps) {
  const { title, placeholder, action, typed, onTyped, options, onChoose, status, foot } = props
  const list = useId()
  const scroller = useRef<HTMLUListElement>(null)
  const chosen = useRef<string | null>(null)
  const ids = useMemo(() => options.map(({ id }) => id), [options])

  const choose = (id: string) => {
    if (options.find((option) => option.id === id)?.unavailable !== undefined) return
    chosen.current = id
    closePalette()
  }
  const { active, setActive, onKey } = useChoice(ids, choose, closePalette)
  useEffect(() => {
    scroller.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' })
  }, [active, ids])

  const onKeyDown = (event: KeyboardEvent) => {
    // There is nowhere to go to, and nobody means to choose by it.
    if (event.key === 'Tab') event.preventDefault()
    else if (ids.length > 0 && keysOf(action).some((key) => isPressed(key, event.nativeEvent))) {
      event.preventDefault()
      setActive((active + 1) % ids.length)
    } else onKey(event)
  }

  const opener = useRef(palette.get()?.opener ?? null)
  const giveBack = (event: Event) => {
    event.preventDefault()
    // One list became the other.
    if (palette.get() !== null) return
    if (opener.current instanceof HTMLElement) opener.current.focus({ preventScroll: true })
    if (chosen.current !== null) onChoose(chosen.current)
  }
  const optionId = (index: number) => `${list}-${index}`
  return (
    <Dialog.Root open onOpenChange={(open) => (open ? undefined : closePalette())}>
      <Dialog.Portal>
        <Dialog.Overlay className="veil" />
        <Dialog.Content
          className="palette"
          aria-describedby={undefined}
          onOpenAutoFocus={focusItself}
          onCloseAutoFocus={giveBack}
        >
          <Dialog.Title className="sr-only">{title}</Dialog.Title>
          <input
            className="palette-field"
            role="combobox"
            aria-label={title}
            aria-expanded={ids.length > 0}
            aria-controls={list}
            aria-autocomplete="list"
            aria-activedescendant={ids.length > 0 ? optionId(active) : undefined}
            placeholder={placeholder}
            autoComplete="off"
            autoCapitalize="off"
            spellCheck={false}
            data-first
            value={typed}
            onChange={(event) => onTyped(event.target.value)}
            onKeyDown={onKeyDown}
          />
          <p className="palette-status" role="status" data-empty={ids.length === 0 || undefined}>
            {status}
          </p>
          <ul
            className="palette-list"
            id={list}
            role="listbox"
            aria-label={title}
            ref={scroller}
            hidden={ids.length === 0}
          >
            {options.map(({ id, content, unavailable }, index) => (
              <li
                key={id}
                id={optionId(index)}
                className="palette-option"
                role="option"
                aria-selected={index === active}
                aria-disabled={unavailable === undefined ? undefined : true}
                onPointerDown={(event) => event.preventDefault()}
                onPointerMove={() => (index === active ? undefined : setActive(index))}
                onClick={() => choose(id)}
              >
                {content}
              </li>
            ))}
          </ul>
          <div className="palette-foot">{foot}</div>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  )
}
