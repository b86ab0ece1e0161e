import { History, SquarePen, Trash2 } from 'lucide-react'
import { useEffect, useRef } from 'react'
import { FailedRequests } from '../assistant/FailedRequests'
import { OutageNote } from '../assistant/OutageNote'
import { useNarrow } from '../lib/hooks'
import { useStore } from '../lib/store'
import { IconButton } from '../ui/Button'
import { Menu, MenuChoice, MenuItem, MenuSeparator } from '../ui/Menu'
import { attempt } from '../ui/toasts'
import { useRole, useWorkspace } from '../workspace/context'
import { Composer } from './Composer'
import { MessageList } from './MessageList'

function ConversationMenu() {
  const { chat } = useWorkspace()
  const { canEdit } = useRole()
  const list = useStore(chat.list) ?? []
  const current = useStore(chat.current)
  if (list.length === 0) return null
  const choices = list.map(({ id, title }) => [id, title] as const)
  const open = (id: string) => void attempt('The conversation could not be opened', () => chat.open(id))
  const remove = (id: string) => void attempt('The conversation was not deleted', () => chat.remove(id))
  return (
    <Menu
      trigger={
        <button type="button" className="icon-button" aria-label="Other conversations">
          <History />
        </button>
      }
    >
      <div className="menu-scroller">
        <MenuChoice value={current ?? ''} choices={choices} onChange={open} />
      </div>
      {current !== null && canEdit ? (
        <>
          <MenuSeparator />
          <MenuItem danger onSelect={() => remove(current)}>
            <Trash2 aria-hidden /> Delete this conversation
          </MenuItem>
        </>
      ) : null}
    </Menu>
  )
}

/** Conversations of the workspace with its assistant. Everybody reads along. */
export default function ChatPanel({ path }: { path: string | null }) {
  const { chat, assistant } = useWorkspace()
  const { canEdit } = useRole()
  const current = useStore(chat.current)
  const title = useStore(chat.list)?.find(({ id }) => id === current)?.title
  const status = useStore(assistant)
  const news = useStore(chat.news)
  const composer = useRef<HTMLTextAreaElement>(null)
  const narrow = useNarrow()
  useEffect(() => {
    // On a phone the keyboard would cover what one came to read.
    if (!narrow) composer.current?.focus()
  }, [narrow])
  useEffect(() => {
    // The first question of a conversation takes the box away in which it was typed, and the focus with it.
    if (!narrow && document.activeElement === document.body) composer.current?.focus()
  }, [narrow, current])
  useEffect(() => {
    if (news) chat.seen()
  }, [chat, news])
  return (
    <div className="chat">
      <div className="side-header">
        <h2>{title ?? 'New conversation'}</h2>
        {canEdit ? (
          <IconButton label="New conversation" onClick={() => void chat.open(null)}>
            <SquarePen />
          </IconButton>
        ) : null}
        <ConversationMenu />
      </div>
      {status === null || status.configured ? null : (
        <p className="chat-label">
          <strong>{status.label}.</strong> {status.label_detail}
        </p>
      )}
      <OutageNote className="chat-label" />
      <FailedRequests />
      <MessageList conversation={current} />
      {canEdit ? (
        <Composer key={current ?? 'new'} path={path} ref={composer} />
      ) : (
        <p className="chat-label">Viewers read along; editors can ask.</p>
      )}
    </div>
  )
}
