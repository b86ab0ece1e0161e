import { Dialog } from 'radix-ui'
import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from 'react'
import { useNarrow, useWindowWidth } from '../lib/hooks'
import { useStore } from '../lib/store'
import { focusItself } from '../ui/focusItself'
import { SideLine } from './SideLine'
import { chosenWidths, type SideName, sideWidths } from './sideWidths'

interface SideProps {
  side: SideName
  title: string
  onClose: () => void
  children: ReactNode
}

/**
 * The panel that somebody has just asked for. It takes the focus unless something in it has, so that the next key does
 * not press the button again that opened it; closing gives the focus back.
 */
function AskedFor({ title, width, onClose, children }: Omit<SideProps, 'side'> & { width: number }) {
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
    <aside
      className="side"
      data-side="right"
      style={{ width }}
      aria-label={title}
      ref={place}
      tabIndex={-1}
      onKeyDown={onKeyDown}
    >
      {children}
    </aside>
  )
}

/** A panel beside the text, as wide as one has made it. */
function Beside({ side, title, onClose, children }: SideProps) {
  const width = sideWidths(useStore(chosenWidths), useWindowWidth())[side]
  const line = <SideLine side={side} title={title} width={width} />
  if (side === 'right') {
    return (
      <AskedFor key={title} title={title} width={width.now} onClose={onClose}>
        {children}
        {line}
      </AskedFor>
    )
  }
  return (
    <aside className="side" data-side={side} style={{ width: width.now }} aria-label={title}>
      {children}
      {line}
    </aside>
  )
}

/** A panel beside the text; on a phone a drawer over it. */
export function Side(props: SideProps) {
  const { side, title, onClose, children } = props
  if (!useNarrow()) return <Beside {...props} />
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
