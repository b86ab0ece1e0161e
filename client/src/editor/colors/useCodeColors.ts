import type { Compartment } from '@codemirror/state'
import type { EditorView } from '@codemirror/view'
import { useEffect } from 'react'
import { useStore } from '../../lib/store'
import { currentScheme } from './setting'

/** Gives a text the colours that this person has chosen for code. */
export function useCodeColors(view: EditorView | null, part: Compartment): void {
  const scheme = useStore(currentScheme)
  useEffect(() => {
    // Whoever keeps the page's own colours loads nothing for it.
    if (view === null || (scheme.name === 'ink' && isBare(view, part))) return undefined
    let current = true
    import('./load')
      .then(({ loadScheme }) => loadScheme(scheme))
      .then(
        (colors) => {
          if (current) view.dispatch({ effects: part.reconfigure(colors) })
        },
        (error: unknown) => console.warn('The colours of code did not load', error),
      )
    return () => {
      current = false
    }
  }, [view, scheme, part])
}

function isBare(view: EditorView, part: Compartment): boolean {
  const now = part.get(view.state)
  return now === undefined || (Array.isArray(now) && now.length === 0)
}
