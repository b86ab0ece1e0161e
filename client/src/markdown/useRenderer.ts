import { useEffect, useState } from 'react'
import type { renderMarkdown } from './render'

type Renderer = typeof renderMarkdown

let loaded: Renderer | null = null

/** The renderer, which loads when the first Markdown is to be shown; null until then. */
export function useRenderer(): Renderer | null {
  const [renderer, setRenderer] = useState<{ render: Renderer } | null>(loaded && { render: loaded })
  useEffect(() => {
    if (loaded !== null) return
    import('./render').then(
      ({ renderMarkdown }) => {
        loaded = renderMarkdown
        setRenderer({ render: renderMarkdown })
      },
      (error: unknown) => console.warn('The Markdown renderer did not load', error),
    )
  }, [])
  return renderer?.render ?? null
}
