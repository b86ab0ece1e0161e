import { type KeyboardEvent, useState } from 'react'

interface Choice {
  active: number
  setActive: (index: number) => void
  /** Handles the keys of a list below a field; whether the key was one of them. */
  onKey: (event: KeyboardEvent) => boolean
}

/** Which of `paths` is chosen next, by the arrow keys; `choose` takes it, `close` leaves the list. */
export function useChoice(paths: readonly string[], choose: (path: string) => void, close: () => void): Choice {
  const [at, setAt] = useState({ paths, index: 0 })
  // Another list begins at its top again.
  const active = at.paths === paths ? at.index : 0
  const setActive = (index: number) => setAt({ paths, index })

  const onKey = (event: KeyboardEvent): boolean => {
    if (paths.length === 0 || event.nativeEvent.isComposing) return false
    const chosen = paths[active]
    if (event.key === 'ArrowDown') setActive((active + 1) % paths.length)
    else if (event.key === 'ArrowUp') setActive((active + paths.length - 1) % paths.length)
    else if ((event.key === 'Enter' || event.key === 'Tab') && !event.shiftKey && chosen !== undefined) choose(chosen)
    else if (event.key === 'Escape') close()
    else return false
    event.preventDefault()
    // The panel around it closes with the same key.
    event.stopPropagation()
    return true
  }
  return { active, setActive, onKey }
}
