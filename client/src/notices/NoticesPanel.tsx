import { useEffect } from 'react'
import { useStore } from '../lib/store'
import { useFocusKept } from '../ui/useFocusKept'
import { useWorkspace } from '../workspace/context'
import { NoticeCard } from './NoticeCard'
import { decided, unread, waiting } from './notices'

/** What the assistant has noticed by itself: what waits, and what was decided last. */
export default function NoticesPanel({ onLeave }: { onLeave: () => void }) {
  const { me, notices, tree } = useWorkspace()
  const { nodes } = useStore(tree.tree)
  const known = useStore(notices.state)
  const open = waiting(known, (document) => nodes.has(document))
  const done = decided(known)
  const kept = useFocusKept()
  const unseen = unread(open, me.id).join()
  useEffect(() => {
    // Whoever cannot be told keeps the mark, and is told with the next ones.
    if (unseen !== '') notices.markRead(unseen.split(',')).catch(() => undefined)
  }, [notices, unseen])

  return (
    <div className="notices" ref={kept}>
      <div className="side-header">
        <h2>Notices</h2>
      </div>
      <div className="side-scroller">
        {open.length > 0 ? (
          <ul aria-label="To decide">
            {open.map((notice) => (
              <NoticeCard key={notice.id} notice={notice} onLeave={onLeave} />
            ))}
          </ul>
        ) : (
          <p className="notices-empty">
            Nothing to say. When a file that you have open rests, the assistant looks at it, and says here what cannot
            be read or is likely wrong.
          </p>
        )}
        {done.length === 0 ? null : (
          <section>
            <h3>Decided</h3>
            <ul aria-label="Decided">
              {done.map((notice) => (
                <NoticeCard key={notice.id} notice={notice} onLeave={onLeave} />
              ))}
            </ul>
          </section>
        )}
      </div>
    </div>
  )
}
