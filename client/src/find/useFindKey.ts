import { useEffect } from 'react'

/** What is selected where one types or reads, if it may be searched for. */
function selected(): string {
  const text = getSelection()?.toString() ?? ''
  const inText = (document.activeElement?.closest('.cm-content') ?? null) !== null
  return inText && text.length <= 200 && !text.includes('\n') ? text : ''
}

/** Ctrl/Cmd-Shift-F works everywhere in a workspace. `find` is told what is selected, "" when nothing is. */
export function useFindKey(find: (text: string) => void): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || !event.shiftKey || event.altKey) return
      if (event.key.toLowerCase() !== 'f') return
      event.preventDefault()
      find(selected())
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [find])
}
