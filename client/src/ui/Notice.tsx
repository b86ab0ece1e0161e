import type { ReactNode } from 'react'

interface NoticeProps {
  title: string
  children?: ReactNode
  actions?: ReactNode
}

/** A page or a pane that holds nothing but a message. */
export function Notice({ title, children, actions }: NoticeProps) {
  return (
    <section className="notice">
      <h2>{title}</h2>
      {children}
      {actions === undefined ? null : <div className="notice-actions">{actions}</div>}
    </section>
  )
}
