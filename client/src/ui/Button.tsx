import { Tooltip } from 'radix-ui'
import type { ComponentProps, ReactNode } from 'react'

type ButtonProps = ComponentProps<'button'> & { look?: 'plain' | 'primary' | 'danger' | 'quiet'; small?: boolean }

export function Button({ look = 'plain', small = false, className = '', type = 'button', ...rest }: ButtonProps) {
  return (
    <button {...rest} type={type} className={`button ${className}`} data-look={look} data-small={small || undefined} />
  )
}

type IconButtonProps = Omit<ComponentProps<'button'>, 'aria-label'> & {
  /** What it does; read out, and shown when one points at it. */
  label: string
  keys?: string
  side?: 'top' | 'right' | 'bottom' | 'left'
  children: ReactNode
}

export function IconButton({ label, keys, side = 'bottom', className = '', ...rest }: IconButtonProps) {
  return (
    <Hint label={label} keys={keys} side={side}>
      <button type="button" {...rest} className={`icon-button ${className}`} aria-label={label} />
    </Hint>
  )
}

interface HintProps {
  label: string
  keys?: string | undefined
  side?: 'top' | 'right' | 'bottom' | 'left'
  children: ReactNode
}

export function Hint({ label, keys, side = 'bottom', children }: HintProps) {
  return (
    <Tooltip.Root>
      <Tooltip.Trigger asChild>{children}</Tooltip.Trigger>
      <Tooltip.Portal>
        <Tooltip.Content className="hint" side={side} sideOffset={6} collisionPadding={8}>
          {label}
          {keys === undefined ? null : <kbd>{keys}</kbd>}
        </Tooltip.Content>
      </Tooltip.Portal>
    </Tooltip.Root>
  )
}
