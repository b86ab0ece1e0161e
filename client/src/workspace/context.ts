import { createContext, useContext } from 'react'
import { useStore } from '../lib/store'
import { canEdit, type WorkspaceSession } from './session'

export const WorkspaceContext = createContext<WorkspaceSession | null>(null)

export function useWorkspace(): WorkspaceSession {
  const session = useContext(WorkspaceContext)
  if (session === null) throw new Error('There is no workspace around this component')
  return session
}

export function useRole() {
  const { role } = useStore(useWorkspace().summary)
  return { role, canEdit: canEdit(role), isOwner: role === 'owner' }
}
