import { lazy, type ReactNode, Suspense, useEffect } from 'react'
import type { DocumentSession } from '../document/session'
import { useStore } from '../lib/store'
import type { TreeNode } from '../tree/rules'
import { Waiting } from '../ui/Waiting'
import { useWorkspace } from '../workspace/context'

const Comparison = lazy(() => import('./Comparison'))

interface HistoryPlaceProps {
  node: TreeNode
  session: DocumentSession
  children: ReactNode
}

/** A text, or in its place the version of it that somebody looks at. The text goes on underneath. */
export function HistoryPlace({ node, session, children }: HistoryPlaceProps) {
  const history = useWorkspace().history.of(node.id)
  const look = useStore(history.look)
  useEffect(() => () => history.leave(), [history])
  return (
    <>
      <div className="present-text" inert={look !== null}>
        {children}
      </div>
      {look === null ? null : (
        <div className="comparison-place">
          <Suspense fallback={<Waiting>Opening the version…</Waiting>}>
            <Comparison look={look} node={node} session={session} />
          </Suspense>
        </div>
      )}
    </>
  )
}
