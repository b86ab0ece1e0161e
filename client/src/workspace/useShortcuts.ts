import { useEffect } from 'react'

/** Keys that work everywhere in a workspace; those of the editor and of the tree are theirs. */
export function useShortcuts({ toggleFiles }: { toggleFiles: () => void }): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 'b' || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return
      event.preventDefault()
      toggleFiles()
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [toggleFiles])
}
