import { Dialog } from 'radix-ui'
import type { ReactNode } from 'react'
import { useNarrow } from '../lib/hooks'
import { focusItself } from '../ui/focusItself'

interface SideProps {
  side: 'left' | 'right'
  title: string
  onClose: () => void
  children: ReactNode
}

/** A panel beside the text; on a phone a drawer over it. */
export function Side({ side, title, onClose, children }: SideProps) {
  const narrow = useNarrow()
  if (!narrow) {
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
