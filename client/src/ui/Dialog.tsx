import { Dialog as Radix } from 'radix-ui'
import { X } from 'lucide-react'
import type { ReactNode } from 'react'
import { IconButton } from './Button'
import { focusItself } from './focusItself'
import { useGiveBack } from './opener'

interface DialogProps {
  title: string
  /** What the dialog is about in a sentence, or nothing when the title says it all. */
  description?: string
  /** As large as a page, for something to look through. */
  wide?: boolean
  onClose: () => void
  children: ReactNode
}

export function Dialog({ title, description, wide = false, onClose, children }: DialogProps) {
  const giveBack = useGiveBack()
  return (
    <Radix.Root open onOpenChange={(open) => (open ? undefined : onClose())}>
      <Radix.Portal>
        <Radix.Overlay className="veil" />
        <Radix.Content
          className="dialog"
          data-wide={wide || undefined}
          onOpenAutoFocus={focusItself}
          onCloseAutoFocus={giveBack}
          {...(description === undefined ? { 'aria-describedby': undefined } : {})}
        >
          <div className="dialog-head">
            <Radix.Title>{title}</Radix.Title>
            <Radix.Close asChild>
              <IconButton label="Close" keys="Esc">
                <X />
              </IconButton>
            </Radix.Close>
          </div>
          {description === undefined ? null : <Radix.Description>{description}</Radix.Description>}
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}
