import { type ReactNode, Suspense, useEffect, useState } from 'react'
import { lazily } from '../ui/lazily'
import type { DocumentSession } from '../document/session'
import { useStore } from '../lib/store'
import type { TreeNode } from '../tree/rules'
import { Waiting } from '../ui/Waiting'
import { useHalf, useWorkspace } from '../workspace/context'
import { useFollowedVersion } from './useFollowedVersion'

const Comparison = lazily(() => import('./Comparison'), { ahead: true })

interface HistoryPlaceProps {
  node: TreeNode
  session: DocumentSession
  children: ReactNode
}

/**
 * A text, or in its place the version of it that somebody looks at. The text goes on underneath. Of two places with the
 * same text, the version stands in the one from which it was asked for.
 */
export function HistoryPlace({ node, session, children }: HistoryPlaceProps) {
  const history = useWorkspace().history.of(node.id)
  const { focused } = useHalf()
  const looked = useStore(history.look)
  const isLooking = looked !== null
  const [asked, setAsked] = useState({ isLooking: false, here: false })
  // Adjusted while rendering, as React advises for state that follows what is passed in.
  if (asked.isLooking !== isLooking) setAsked({ isLooking, here: isLooking && focused })
  const look = asked.here ? looked : null
  useFollowedVersion(node.id)
  useEffect(() => (asked.here ? () => history.leave() : undefined), [history, asked.here])
  return (
    <div className="history-place">
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
    </div>
  )
}
