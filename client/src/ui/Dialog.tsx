import { Dialog as Radix } from 'radix-ui'
import { X } from 'lucide-react'
import type { ReactNode } from 'react'
import { IconButton } from './Button'

interface DialogProps {
  title: string
  /** What the dialog is about in a sentence, or nothing when the title says it all. */
  description?: string
  onClose: () => void
  children: ReactNode
  wide?: boolean
}

export function Dialog({ title, description, onClose, children, wide = false }: DialogProps) {
  return (
    <Radix.Root open onOpenChange={(open) => (open ? undefined : onClose())}>
      <Radix.Portal>
        <Radix.Overlay className="veil" />
        <Radix.Content
          className="dialog"
          data-wide={wide || undefined}
          {...(description === undefined ? { 'aria-describedby': undefined } : {})}
        >
          <header>
            <Radix.Title>{title}</Radix.Title>
            <Radix.Close asChild>
              <IconButton label="Close" keys="Esc">
                <X />
              </IconButton>
            </Radix.Close>
          </header>
          {description === undefined ? null : <Radix.Description>{description}</Radix.Description>}
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}
