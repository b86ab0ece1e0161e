import { attempt } from '../ui/toasts'
import { useWorkspace } from '../workspace/context'
import { CommentField } from './CommentField'
import type { Draft } from './store'

/** A comment that is about to be made on what was selected. */
export function Beginning({ draft }: { draft: Draft }) {
  const { comments } = useWorkspace()
  return (
    <div className="thread" data-focused>
      <div className="thread-head">
        <blockquote>{draft.quote === '' ? 'an empty line' : draft.quote}</blockquote>
      </div>
      <CommentField
        label="Your comment"
        placeholder="Comment…"
        action="Comment"
        autoFocus
        onSend={(text) => attempt('The comment was not sent', () => comments.send(draft, text))}
        onCancel={() => comments.dropDraft()}
      />
    </div>
  )
}
