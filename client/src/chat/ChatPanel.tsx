import { Ellipsis, History, Pencil, SquarePen, Trash2 } from 'lucide-react'
import { type SyntheticEvent, useEffect, useRef, useState } from 'react'
import { useActions } from '../actions/useActions'
import { FailedRequests } from '../assistant/FailedRequests'
import { OutageNote } from '../assistant/OutageNote'
import { useNarrow } from '../lib/hooks'
import { useStore } from '../lib/store'
import { Button, IconButton } from '../ui/Button'
import { Confirm } from '../ui/Confirm'
import { Dialog } from '../ui/Dialog'
import { Sentence } from '../ui/Sentence'
import { Menu, MenuItem } from '../ui/Menu'
import { attempt } from '../ui/toasts'
import { useFocusKept } from '../ui/useFocusKept'
import { useRole, useWorkspace } from '../workspace/context'
import { Composer } from './Composer'
import { ConversationList } from './ConversationList'
import { MessageList } from './MessageList'

const longestTitle = 80

function Rename({ id, title, onClose }: { id: string; title: string; onClose: () => void }) {
  const { chat } = useWorkspace()
  const [typed, setTyped] = useState(title)
  const rename = async (event: SyntheticEvent) => {
    event.preventDefault()
    if (await attempt('The conversation was not renamed', () => chat.rename(id, typed.trim()))) onClose()
  }
  return (
    <Dialog title="Rename this conversation" onClose={onClose}>
      <form className="row" onSubmit={(event) => void rename(event)}>
        <label className="field">
          Name
          <input value={typed} maxLength={longestTitle} data-first onChange={(event) => setTyped(event.target.value)} />
        </label>
        <Button type="submit" look="primary" disabled={typed.trim() === '' || typed.trim() === title}>
          Rename
        </Button>
      </form>
    </Dialog>
  )
}

/** What can be done with the conversation that is open. */
function ConversationMenu({ id, title }: { id: string; title: string }) {
  const { chat } = useWorkspace()
  const [asking, setAsking] = useState<'rename' | 'delete' | null>(null)
  const close = () => setAsking(null)
  useActions({ 'chat.rename': () => setAsking('rename'), 'chat.remove': () => setAsking('delete') })
  return (
    <>
      <Menu
        trigger={
          <button type="button" className="icon-button" aria-label="This conversation">
            <Ellipsis />
          </button>
        }
      >
        <MenuItem onSelect={() => setAsking('rename')}>
          <Pencil aria-hidden /> Rename…
        </MenuItem>
        <MenuItem danger onSelect={() => setAsking('delete')}>
          <Trash2 aria-hidden /> Delete…
        </MenuItem>
      </Menu>
      {asking === 'rename' ? <Rename id={id} title={title} onClose={close} /> : null}
      {asking === 'delete' ? (
        <Confirm
          title={`Delete “${title}”?`}
          description="It is gone for everybody, with all questions and answers. What was proposed from it stays."
          action="Delete"
          onConfirm={() => void attempt('The conversation was not deleted', () => chat.remove(id))}
          onClose={close}
        />
      ) : null}
    </>
  )
}

interface ChatPanelProps {
  path: string | null
  /** Called when somebody goes to a file from here, for a drawer to close. */
  onLeave: () => void
}

/** Conversations of the workspace with its assistant. Everybody reads along. */
export default function ChatPanel({ path, onLeave }: ChatPanelProps) {
  const { chat, assistant } = useWorkspace()
  const { canEdit } = useRole()
  const [listed, setListed] = useState(false)
  const current = useStore(chat.current)
  const title = useStore(chat.list)?.find(({ id }) => id === current)?.title
  const status = useStore(assistant)
  const news = useStore(chat.unread).size > 0
  const composer = useRef<HTMLTextAreaElement>(null)
  const narrow = useNarrow()
  useEffect(() => {
    // On a phone the keyboard would cover what one came to read.
    if (!narrow) composer.current?.focus()
  }, [narrow])
  useEffect(() => {
    // The first question of a conversation takes the box away in which it was typed, and the focus with it.
    if (!narrow && document.activeElement === document.body) composer.current?.focus()
  }, [narrow, current, listed])
  const kept = useFocusKept(() => (narrow ? null : composer.current))
  useEffect(() => {
    chat.attend(!listed)
    return () => chat.attend(false)
  }, [chat, listed])
  useActions({ 'chat.list': () => setListed(true) })
  if (listed) return <ConversationList onClose={() => setListed(false)} />
  return (
    <div className="chat" ref={kept}>
      <div className="side-header">
        <h2>{title ?? 'New conversation'}</h2>
        {canEdit ? (
          <IconButton label="New conversation" onClick={() => void chat.open(null)}>
            <SquarePen />
          </IconButton>
        ) : null}
        <IconButton
          label={news ? 'All conversations: something new' : 'All conversations'}
          data-news={news || undefined}
          onClick={() => setListed(true)}
        >
          <History />
        </IconButton>
        {current !== null && canEdit && title !== undefined ? <ConversationMenu id={current} title={title} /> : null}
      </div>
      {status === null || status.configured ? null : (
        <p className="chat-label">
          <strong>{status.label}.</strong> <Sentence text={status.label_detail} />
        </p>
      )}
      <OutageNote className="chat-label" />
      <FailedRequests />
      <MessageList conversation={current} path={path} onLeave={onLeave} />
      {canEdit ? (
        <Composer key={current ?? 'new'} path={path} ref={composer} />
      ) : (
        <p className="chat-label">Viewers read along; editors can ask.</p>
      )}
    </div>
  )
}
