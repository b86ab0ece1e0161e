import { useEffect, useState, useSyncExternalStore } from 'react'
import { unsavedDocuments } from '../document/session'

/** Milliseconds for which edits are on their way without a word about it. */
const patience = 1_500

/** Whether this document has edits of one's own that have not been saved for a while. */
export function useUnsaved(document: string): boolean {
  const unsaved = useSyncExternalStore(unsavedDocuments.subscribe, () => unsavedDocuments.get().has(document))
  const [long, setLong] = useState(false)
  useEffect(() => {
    if (!unsaved) return undefined
    const timer = setTimeout(() => setLong(true), patience)
    return () => {
      clearTimeout(timer)
      setLong(false)
    }
  }, [unsaved])
  return unsaved && long
}
