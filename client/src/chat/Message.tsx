import type { ChatMessage } from '../api/types'
import { cancelJob, retryJob } from '../api/workspace'
import { Saw } from '../assistant/Saw'
import { formatFull, formatWhen } from '../lib/format'
import { Markdown } from '../markdown/Markdown'
import { useColorOf } from '../people/useColorOf'
import { AssistantAvatar, Avatar } from '../ui/Avatar'
import { Button } from '../ui/Button'
import { attempt } from '../ui/toasts'
import { useRole } from '../workspace/context'

function State({ message }: { message: ChatMessage }) {
  const { canEdit } = useRole()
  const { state, job, error, text } = message
  if (state === 'done') return error ? <p className="quiet">{error}</p> : null
  if (state === 'failed') {
    return (
      <p className="message-state problem" role="alert">
        <span>{error ?? 'The assistant could not answer.'}</span>
        {job && canEdit ? (
          <Button small onClick={() => void attempt('It was not tried again', () => retryJob(job))}>
            Try again
          </Button>
        ) : null}
      </p>
    )
  }
  if (state === 'cancelled') return <p className="quiet">Stopped.</p>
  return (
    <p className="message-state">
      {text === '' ? 'Thinking…' : 'Writing…'}
      {job && canEdit ? (
        <Button small onClick={() => void attempt('The assistant was not stopped', () => cancelJob(job))}>
          Stop
        </Button>
      ) : null}
    </p>
  )
}

export function Message({ message }: { message: ChatMessage }) {
  const { role, author, author_name: name, text, created_at: time } = message
  const color = useColorOf(author)
  return (
    <li className="message" data-role={role} aria-busy={message.state === 'streaming'}>
      {role === 'assistant' ? <AssistantAvatar /> : <Avatar name={name} color={color} />}
      <div className="message-body">
        <p className="message-head">
          <strong>{name}</strong>
          <time dateTime={time} title={formatFull(time)}>
            {formatWhen(time)}
          </time>
        </p>
        {/* What people type stands as they typed it; only the assistant is known to write Markdown. */}
        {role === 'assistant' ? <Markdown text={text} path="" /> : <p className="message-text">{text}</p>}
        <State message={message} />
        <Saw context={message.context} />
      </div>
    </li>
  )
}
