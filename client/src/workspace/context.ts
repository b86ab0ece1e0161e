import { createContext, useContext } from 'react'
import { useStore } from '../lib/store'
import type { Side } from '../tabs/layout'
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

interface HalfPlace {
  side: Side
  /** Whether it is the half with the focus, to which belongs all that is there only once. */
  focused: boolean
}

export const HalfContext = createContext<HalfPlace>({ side: 0, focused: true })

/** In which half of the window a component is. */
export const useHalf = (): HalfPlace => useContext(HalfContext)
