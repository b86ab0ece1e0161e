import { ArrowLeft, Search, SquarePen } from 'lucide-react'
import { useEffect, useState } from 'react'
import type { Conversation } from '../api/types'
import { formatFull, formatWhen } from '../lib/format'
import { useStore } from '../lib/store'
import { IconButton } from '../ui/Button'
import { attempt, tellProblem } from '../ui/toasts'
import { useRole, useWorkspace } from '../workspace/context'

/** Milliseconds without a key after which what was typed is searched for. */
const pause = 200

type Found = { query: string; conversations: readonly Conversation[] } | null

/** What is found for `query`, once somebody has stopped typing; null while there is nothing to search for. */
function useFound(query: string): Found {
  const { api } = useWorkspace()
  const [found, setFound] = useState<Found>(null)
  const wanted = query.trim()
  useEffect(() => {
    if (wanted === '') return undefined
    let late = false
    const timer = setTimeout(() => {
      api.conversations(wanted).then(
        (conversations) => (late ? undefined : setFound({ query: wanted, conversations })),
        (error: unknown) => (late ? undefined : tellProblem('The conversations could not be searched', error)),
      )
    }, pause)
    return () => {
      late = true
      clearTimeout(timer)
    }
  }, [api, wanted])
  return wanted === '' ? null : found
}

/** `text` with the words that were searched for marked in it. */
function Marked({ text, query }: { text: string; query: string }) {
  const words = query.split(/\s+/).filter(Boolean)
  const pattern = words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|')
  // The odd pieces are what the group in the pattern has matched.
  const pieces = text.split(new RegExp(`(${pattern})`, 'iu'))
  return pieces.map((piece, index) => (index % 2 === 1 ? <mark key={index}>{piece}</mark> : piece))
}

interface RowProps {
  conversation: Conversation
  current: boolean
  unread: boolean
  query: string
  onOpen: () => void
}

function Row({ conversation, current, unread, query, onOpen }: RowProps) {
  const { title, updated_at: time, created_by: by, match } = conversation
  return (
    <li>
      <button
        type="button"
        className="talk"
        aria-current={current || undefined}
        data-unread={unread || undefined}
        onClick={onOpen}
      >
        <span className="talk-title">
          <bdi>{title}</bdi>
          {unread ? <span className="sr-only">, something new</span> : null}
        </span>
        <span className="talk-about">
          {by.name}
          <time dateTime={time} title={formatFull(time)}>
            {formatWhen(time)}
          </time>
        </span>
        {match?.message === undefined ? null : (
          <span className="talk-match">
            {match.author_name}: <Marked text={match.snippet} query={query} />
          </span>
        )}
      </button>
    </li>
  )
}

/** All conversations of the workspace, newest first, or those in which the words are that one searches for. */
export function ConversationList({ onClose }: { onClose: () => void }) {
  const { chat } = useWorkspace()
  const { canEdit } = useRole()
  const list = useStore(chat.list) ?? []
  const current = useStore(chat.current)
  const unread = useStore(chat.unread)
  const [query, setQuery] = useState('')
  const found = useFound(query)
  const shown = query.trim() === '' ? list : found?.conversations
  const open = (id: string | null) => {
    void attempt('The conversation could not be opened', () => chat.open(id))
    onClose()
  }
  return (
    <div className="chat">
      <div className="side-header">
        <IconButton label="Back to the conversation" onClick={onClose}>
          <ArrowLeft />
        </IconButton>
        <h2>Conversations</h2>
        {canEdit ? (
          <IconButton label="New conversation" onClick={() => open(null)}>
            <SquarePen />
          </IconButton>
        ) : null}
      </div>
      <label className="talk-search">
        <Search aria-hidden />
        <input
          type="search"
          value={query}
          maxLength={200}
          placeholder="Search what was said"
          aria-label="Search the conversations"
          autoFocus
          onChange={(event) => setQuery(event.target.value)}
        />
      </label>
      <p className="sr-only" role="status">
        {found !== null && query.trim() !== '' ? `${found.conversations.length} found` : ''}
      </p>
      {shown?.length === 0 ? (
        <p className="chat-empty quiet">{query.trim() === '' ? 'Nothing was said yet.' : 'Nothing was found.'}</p>
      ) : (
        <ol className="chat-list" aria-label="Conversations">
          {shown?.map((conversation) => (
            <Row
              key={conversation.id}
              conversation={conversation}
              current={conversation.id === current}
              unread={unread.has(conversation.id)}
              query={found?.query ?? ''}
              onOpen={() => open(conversation.id)}
            />
          ))}
        </ol>
      )}
    </div>
  )
}
