import { Dialog } from 'radix-ui'
import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from 'react'
import { useNarrow } from '../lib/hooks'
import { focusItself } from '../ui/focusItself'

interface SideProps {
  side: 'left' | 'right'
  title: string
  onClose: () => void
  children: ReactNode
}

/**
 * The panel that somebody has just asked for. It takes the focus unless something in it has, so that the next key does
 * not press the button again that opened it; closing gives the focus back.
 */
function AskedFor({ title, onClose, children }: Omit<SideProps, 'side'>) {
  const place = useRef<HTMLElement>(null)
  const [opener] = useState(() => document.activeElement)
  useEffect(() => {
    if (!place.current?.contains(document.activeElement)) place.current?.focus()
    return () => {
      // Only a focus that went with the panel comes back; whoever clicked elsewhere stays there.
      if (document.activeElement === document.body && opener instanceof HTMLElement) opener.focus()
    }
  }, [opener])
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    // React brings keys of open menus here, too, which have their own use for Escape.
    const isOwn = event.target instanceof Node && event.currentTarget.contains(event.target)
    if (event.key === 'Escape' && isOwn && !event.nativeEvent.isComposing) onClose()
  }
  return (
    <aside className="side" data-side="right" aria-label={title} ref={place} tabIndex={-1} onKeyDown={onKeyDown}>
      {children}
    </aside>
  )
}

/** A panel beside the text; on a phone a drawer over it. */
export function Side({ side, title, onClose, children }: SideProps) {
  const narrow = useNarrow()
  if (!narrow) {
    if (side === 'right') {
      return (
        <AskedFor key={title} title={title} onClose={onClose}>
          {children}
        </AskedFor>
      )
    }
    return (
      <aside className="side" data-side={side} aria-label={title}>
        {children}
      </aside>
    )
  }
  return (
    <Dialog.Root open onOpenChange={(open) => (open ? undefined : onClose())}>
      <Dialog.Portal>
        <Dialog.Overlay className="veil" />
        <Dialog.Content
          className="side drawer"
          data-side={side}
          aria-describedby={undefined}
          onOpenAutoFocus={focusItself}
        >
          <Dialog.Title className="sr-only">{title}</Dialog.Title>
          {children}
          <Dialog.Close className="sr-only">Close</Dialog.Close>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  )
}
