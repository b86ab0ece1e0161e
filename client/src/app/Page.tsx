import type { ReactNode } from 'react'
import { useTitle } from '../lib/hooks'

/** A page outside any workspace: one sheet in the middle. */
export function Page({ title, children }: { title: string; children: ReactNode }) {
  useTitle(`${title} · Scriptorium`)
  return (
    <main className="page">
      <p className="wordmark">Scriptorium</p>
      <section className="sheet">
        <h1>{title}</h1>
        {children}
      </section>
    </main>
  )
}
