import { Ellipsis, Pencil, Trash2 } from 'lucide-react'
import { useState } from 'react'
import type { Comment } from '../api/types'
import { formatFull, formatWhen } from '../lib/format'
import { Markdown } from '../markdown/Markdown'
import { Avatar } from '../ui/Avatar'
import { Menu, MenuItem } from '../ui/Menu'
import { attempt } from '../ui/toasts'
import { useRole, useWorkspace } from '../workspace/context'
import { CommentField } from './CommentField'

interface CommentViewProps {
  thread: string
  comment: Comment
  path: string
}

/** What somebody said; whoever said it can change it or take it away. */
export function CommentView({ thread, comment, path }: CommentViewProps) {
  const { me, comments } = useWorkspace()
  const { canEdit } = useRole()
  const [editing, setEditing] = useState(false)
  const { by } = comment
  const remove = () => attempt('The comment was not deleted', () => comments.remove(thread, comment.id))
  const edit = async (text: string) => {
    const done = await attempt('The comment was not changed', () => comments.edit(thread, comment.id, text))
    if (done) setEditing(false)
    return done
  }
  return (
    <li className="comment">
      <div className="comment-head">
        <Avatar name={by.name} color={by.color} size="small" />
        <strong>{by.id === me.id ? 'You' : by.name}</strong>
        <time dateTime={comment.at} title={formatFull(comment.at)}>
          {formatWhen(comment.at)}
          {comment.edited_at === null ? '' : ', changed'}
        </time>
        {by.id === me.id && canEdit && !editing ? (
          <Menu
            trigger={
              <button type="button" className="icon-button" aria-label="This comment">
                <Ellipsis />
              </button>
            }
          >
            <MenuItem onSelect={() => setEditing(true)}>
              <Pencil aria-hidden /> Change
            </MenuItem>
            <MenuItem danger onSelect={() => void remove()}>
              <Trash2 aria-hidden /> Delete
            </MenuItem>
          </Menu>
        ) : null}
      </div>
      {editing ? (
        <CommentField
          label="Your comment"
          placeholder="Comment…"
          action="Change"
          text={comment.text}
          autoFocus
          onSend={edit}
          onCancel={() => setEditing(false)}
        />
      ) : (
        <Markdown text={comment.text} path={path} />
      )}
    </li>
  )
}
