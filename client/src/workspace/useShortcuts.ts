import { useEffect } from 'react'

interface Shortcuts {
  toggleFiles: () => void
  toggleChat: () => void
}

/** Keys that work everywhere in a workspace; those of the editor and of the tree are theirs. */
export function useShortcuts({ toggleFiles, toggleChat }: Shortcuts): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return
      const action = { b: toggleFiles, j: toggleChat }[event.key.toLowerCase()]
      if (action === undefined) return
      event.preventDefault()
      action()
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [toggleFiles, toggleChat])
}
