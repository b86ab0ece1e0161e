import { unsavedDocuments } from '../document/session'
import { useLasting } from '../lib/hooks'
import { useSelected } from '../lib/store'

/** Milliseconds for which edits are on their way without a word about it. */
const patience = 1_500

/** Whether this document has edits of one's own that have not been saved for a while. */
export function useUnsaved(document: string): boolean {
  return useLasting(
    useSelected(unsavedDocuments, (documents) => documents.has(document)),
    patience,
  )
}
