import { useEffect } from 'react'
import { useStore } from '../lib/store'
import { useWorkspace } from '../workspace/context'
import type { DocumentHistory } from './store'

/** The history of a text, kept new while the component is there, and read again once the server is back. */
export function useHistory(document: string): DocumentHistory {
  const { history: histories, tree } = useWorkspace()
  const history = histories.of(document)
  const connected = useStore(tree.connected)
  useEffect(() => history.watch(), [history, connected])
  return history
}
