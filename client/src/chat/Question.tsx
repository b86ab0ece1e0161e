import { FileText } from 'lucide-react'
import type { ChatMessage, SharedFile } from '../api/types'
import { PlaceLink } from '../app/PlaceLink'
import { formatFull, formatWhen } from '../lib/format'
import { baseName } from '../lib/paths'
import { useStore } from '../lib/store'
import { useColorOf } from '../people/useColorOf'
import { Avatar } from '../ui/Avatar'
import { useWorkspace } from '../workspace/context'

export function When({ time }: { time: string }) {
  return (
    <time dateTime={time} title={formatFull(time)}>
      {formatWhen(time)}
    </time>
  )
}

/** The files that a question is about, wherever they are by now. */
function Files({ files }: { files: readonly SharedFile[] }) {
  const { id, tree } = useWorkspace()
  const { nodes } = useStore(tree.tree)
  return (
    <ul className="message-files" aria-label="Files of this question">
      {files.map(({ document, path: was }) => {
        const path = nodes.get(document)?.path
        const name = baseName(path ?? was)
        return (
          <li key={document}>
            {path === undefined ? (
              <span className="message-file" title={`${was} is gone`}>
                <FileText aria-hidden /> <s>{name}</s>
              </span>
            ) : (
              <PlaceLink className="message-file" title={path} place={{ at: 'workspace', workspace: id, path }}>
                <FileText aria-hidden /> <bdi>{name}</bdi>
              </PlaceLink>
            )}
          </li>
        )
      })}
    </ul>
  )
}

export function Question({ message }: { message: ChatMessage }) {
  const { author, author_name: name, text, created_at: time, about, mentions = [] } = message
  const color = useColorOf(author)
  const others = mentions.filter(({ document }) => document !== about?.document)
  const files = about === undefined ? others : [about, ...others]
  return (
    <li className="message" data-role="user">
      <Avatar name={name} color={color} />
      <div className="message-body">
        <p className="message-head">
          <strong>{name}</strong>
          <When time={time} />
        </p>
        {/* What people type stands as they typed it; only the assistant is known to write Markdown. */}
        <p className="message-text">{text}</p>
        {files.length === 0 ? null : <Files files={files} />}
      </div>
    </li>
  )
}
