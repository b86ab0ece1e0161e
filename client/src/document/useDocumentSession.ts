import { useEffect, useState } from 'react'
import { useWorkspace } from '../workspace/context'
import { DocumentSession } from './session'

/**
 * The open text document with this id; null for none, and for the moment until it is there. One that was deleted, and
 * so ended, is opened anew when it is back from the trash.
 */
export function useDocumentSession(document: string | null, deleted = false): DocumentSession | null {
  const { id: workspace, me } = useWorkspace()
  const [wasDeleted, setWasDeleted] = useState(deleted)
  const [returns, setReturns] = useState(0)
  if (deleted !== wasDeleted) {
    setWasDeleted(deleted)
    if (!deleted) setReturns(returns + 1)
  }
  const [session, setSession] = useState<{ document: string; session: DocumentSession } | null>(null)

  useEffect(() => {
    if (document === null) return undefined
    const opened = new DocumentSession(workspace, document, me.id)
    // Opening a socket is no matter of rendering; the state only tells the component what was opened.
    // eslint-disable-next-line react-hooks/set-state-in-effect
    setSession({ document, session: opened })
    const warn = (event: BeforeUnloadEvent) => {
      if (opened.wouldLose) event.preventDefault()
    }
    addEventListener('beforeunload', warn)
    return () => {
      removeEventListener('beforeunload', warn)
      opened.close()
      setSession(null)
    }
  }, [workspace, document, me.id, returns])

  return session?.document === document ? session.session : null
}
