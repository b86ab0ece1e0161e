import { DropdownMenu } from 'radix-ui'
import type { ReactNode } from 'react'

interface MenuProps {
  trigger: ReactNode
  children: ReactNode
  align?: 'start' | 'end'
}

export function Menu({ trigger, children, align = 'end' }: MenuProps) {
  return (
    // Not modal: the page behind stays readable for screen readers, and can be scrolled.
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" align={align} sideOffset={4} collisionPadding={8}>
          {children}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  )
}

interface MenuAtProps {
  /** What it opens at, and what has the focus again afterwards. */
  anchor: HTMLElement
  onClose: () => void
  children: ReactNode
}

/** An open menu at something that React has not made. */
export function MenuAt({ anchor, onClose, children }: MenuAtProps) {
  const { left, top, width, height } = anchor.getBoundingClientRect()
  const change = (open: boolean) => {
    if (open) return
    // At once: what a choice opens finds the focus where it is to come back to.
    anchor.focus()
    onClose()
  }
  return (
    <DropdownMenu.Root modal={false} open onOpenChange={change}>
      <DropdownMenu.Trigger asChild>
        <span className="menu-anchor" style={{ left, top, width, height }} aria-hidden />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          className="menu"
          align="end"
          sideOffset={4}
          collisionPadding={8}
          onCloseAutoFocus={(event) => event.preventDefault()}
        >
          {children}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  )
}

interface MenuItemProps {
  onSelect: () => void
  children: ReactNode
  keys?: string
  danger?: boolean
  disabled?: boolean
}

export function MenuItem({ onSelect, children, keys, danger = false, disabled = false }: MenuItemProps) {
  return (
    <DropdownMenu.Item className="menu-item" data-danger={danger || undefined} disabled={disabled} onSelect={onSelect}>
      {children}
      {keys === undefined ? null : <kbd>{keys}</kbd>}
    </DropdownMenu.Item>
  )
}

export const MenuSeparator = () => <DropdownMenu.Separator className="menu-separator" />
export const MenuLabel = ({ children }: { children: ReactNode }) => (
  <DropdownMenu.Label className="menu-label">{children}</DropdownMenu.Label>
)

interface MenuChoiceProps<T extends string> {
  value: T
  choices: readonly (readonly [value: T, label: string])[]
  onChange: (value: T) => void
}

export function MenuChoice<T extends string>({ value, choices, onChange }: MenuChoiceProps<T>) {
  return (
    <DropdownMenu.RadioGroup value={value} onValueChange={(next) => onChange(next as T)}>
      {choices.map(([choice, label]) => (
        <DropdownMenu.RadioItem key={choice} value={choice} className="menu-item">
          <span className="menu-mark" aria-hidden>
            <DropdownMenu.ItemIndicator>✓</DropdownMenu.ItemIndicator>
          </span>
          {label}
        </DropdownMenu.RadioItem>
      ))}
    </DropdownMenu.RadioGroup>
  )
}
