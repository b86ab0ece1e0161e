import { attempt } from '../ui/toasts'
import { useWorkspace } from '../workspace/context'
import { CommentField } from './CommentField'
import { quoteInWords } from './quote'
import type { Draft } from './store'

/** A comment that is about to be made on what was selected. */
export function Beginning({ draft, path }: { draft: Draft; path: string }) {
  const { comments } = useWorkspace()
  return (
    <div className="thread" data-focused>
      <div className="thread-head">
        <blockquote>{quoteInWords(draft.quote, path)}</blockquote>
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
