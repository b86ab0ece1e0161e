import { Check, RotateCcw } from 'lucide-react'
import type { Thread } from '../api/types'
import { formatWhen } from '../lib/format'
import { useStore } from '../lib/store'
import { Button, IconButton } from '../ui/Button'
import { attempt } from '../ui/toasts'
import { useRole, useWorkspace } from '../workspace/context'
import { CommentField } from './CommentField'
import { CommentView } from './CommentView'
import { quoteInWords } from './quote'
import { isOpen } from './threads'

interface ThreadCardProps {
  thread: Thread
  path: string
  /** Whether its place in the text that is open is gone. */
  lost: boolean
}

/** One thread: what it is about, what was said, and what can be said to it. */
export function ThreadCard({ thread, path, lost }: ThreadCardProps) {
  const { comments } = useWorkspace()
  const { canEdit } = useRole()
  const focused = useStore(comments.focus) === thread.id
  const open = isOpen(thread)
  const resolve = () =>
    attempt(open ? 'The comments were not resolved' : 'The comments were not opened again', () =>
      comments.resolve(thread.id, open),
    )
  return (
    <li
      className="thread"
      data-focused={focused || undefined}
      data-resolved={!open || undefined}
      onFocus={() => comments.focusOn(thread.id)}
      onClick={() => comments.focusOn(thread.id)}
    >
      <div className="thread-head">
        <blockquote>{quoteInWords(thread.quote, path)}</blockquote>
        {canEdit ? (
          <IconButton label={open ? 'Resolve' : 'Open again'} onClick={() => void resolve()}>
            {open ? <Check /> : <RotateCcw />}
          </IconButton>
        ) : null}
      </div>
      {lost ? <p className="thread-note">What this was about is no longer in the text.</p> : null}
      <ol>
        {thread.messages.map((message) => (
          <CommentView key={message.id} thread={thread.id} comment={message} path={path} />
        ))}
      </ol>
      {thread.resolved_by === null || thread.resolved_at === null ? null : (
        <p className="thread-note">
          Resolved by {thread.resolved_by.name}, {formatWhen(thread.resolved_at)}
        </p>
      )}
      {canEdit && focused ? (
        <CommentField
          label="Your answer"
          placeholder="Answer…"
          action="Answer"
          onSend={(text) => attempt('Your answer was not sent', () => comments.answer(thread.id, text))}
        />
      ) : canEdit ? (
        <Button small look="quiet" onClick={() => comments.focusOn(thread.id)}>
          Answer
        </Button>
      ) : null}
    </li>
  )
}
