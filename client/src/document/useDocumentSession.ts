import { useLayoutEffect, useState } from 'react'
import { useWorkspace } from '../workspace/context'
import type { DocumentSession } from './session'

/**
 * The open text document with this id; null for none, and for the moment until it is there. One that was deleted, and
 * so ended, is opened anew when it is back from the trash.
 */
export function useDocumentSession(document: string | null, deleted = false): DocumentSession | null {
  const { documents } = useWorkspace()
  const [wasDeleted, setWasDeleted] = useState(deleted)
  const [returns, setReturns] = useState(0)
  if (deleted !== wasDeleted) {
    setWasDeleted(deleted)
    if (!deleted) setReturns(returns + 1)
  }
  const [session, setSession] = useState<{ document: string; session: DocumentSession } | null>(null)

  // Before the page is drawn: whoever goes from one text to another sees nothing in between.
  useLayoutEffect(() => {
    if (document === null) return undefined
    // Opening a socket is no matter of rendering; the state only tells the component what was opened.
    // eslint-disable-next-line react-hooks/set-state-in-effect
    setSession({ document, session: documents.acquire(document) })
    return () => {
      documents.release(document)
      setSession(null)
    }
  }, [documents, document, returns])

  return session?.document === document ? session.session : null
}
