import { useEffect, useState } from 'react'
import { PlaceLink } from '../app/PlaceLink'
import { plural } from '../lib/format'
import { useStore } from '../lib/store'
import { tellProblem } from '../ui/toasts'
import { useFocusKept } from '../ui/useFocusKept'
import { useRole, useWorkspace } from '../workspace/context'
import { Beginning } from './Beginning'
import { ThreadCard } from './ThreadCard'
import { elsewhere, inText, isOpen } from './threads'

const empty = 'Select some text and press “Comment” to say something about it.'

/** The comments on the text that is open, in its order, and those that wait in other files. */
export default function CommentsPanel({ path }: { path: string | null }) {
  const { tree, comments } = useWorkspace()
  const { canEdit } = useRole()
  const { nodes, byPath } = useStore(tree.tree)
  const document = (path === null ? undefined : byPath.get(path))?.id ?? null
  const threads = useStore(comments.threads)
  const places = useStore(comments.places)
  const draft = useStore(comments.draft)
  const [resolvedToo, setResolvedToo] = useState(false)
  useEffect(() => {
    if (document === null || !resolvedToo) return
    comments.loadAll(document).catch((error: unknown) => tellProblem('The comments could not be read', error))
  }, [comments, document, resolvedToo])

  const kept = useFocusKept()
  const here = document === null ? [] : inText(threads, document, places)
  const shown = here.filter((thread) => resolvedToo || isOpen(thread))
  const others = elsewhere(threads, document).filter(([id]) => nodes.has(id))
  return (
    <div className="comments" ref={kept}>
      <div className="side-header">
        <h2>Comments</h2>
        {document === null ? null : (
          <label className="check">
            <input type="checkbox" checked={resolvedToo} onChange={(event) => setResolvedToo(event.target.checked)} />
            Resolved
          </label>
        )}
      </div>
      <div className="side-scroller">
        {path === null || draft?.document !== document || !canEdit ? null : (
          <Beginning key={draft.quote} draft={draft} path={path} />
        )}
        {path !== null && shown.length > 0 ? (
          <ul className="threads" aria-label="In this file">
            {shown.map((thread) => (
              <ThreadCard key={thread.id} thread={thread} path={path} lost={places.get(thread.id) === null} />
            ))}
          </ul>
        ) : draft === null ? (
          <p className="comments-empty">
            {document === null ? 'Open a file to comment on its text.' : canEdit ? empty : 'Nobody has commented here.'}
          </p>
        ) : null}
        {others.length === 0 ? null : (
          <section className="comments-elsewhere">
            <h3>In other files</h3>
            <ul>
              {others.map(([id, waiting]) => (
                <OtherFile key={id} path={nodes.get(id)?.path ?? ''} count={waiting.length} />
              ))}
            </ul>
          </section>
        )}
      </div>
    </div>
  )
}

function OtherFile({ path, count }: { path: string; count: number }) {
  const { id } = useWorkspace()
  return (
    <li>
      <PlaceLink place={{ at: 'workspace', workspace: id, path }}>
        <bdi>{path}</bdi>
      </PlaceLink>
      <span>{plural(count, 'thread')}</span>
    </li>
  )
}
