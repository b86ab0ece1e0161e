import { useEffect, useRef } from 'react'
import type { ChatMessage } from '../api/types'
import { useStore } from '../lib/store'
import { useWorkspace } from '../workspace/context'
import { Message } from './Message'

/** Pixels from the end within which the list counts as read to the end, and follows what comes. */
const nearEnd = 80

const none: readonly ChatMessage[] = []

export function MessageList({ conversation }: { conversation: string | null }) {
  const { chat } = useWorkspace()
  const all = useStore(chat.messages)
  const messages = (conversation === null ? undefined : all.get(conversation)) ?? none
  const scroller = useRef<HTMLOListElement>(null)
  const atEnd = useRef(true)

  useEffect(() => {
    const list = scroller.current
    if (list !== null && atEnd.current) list.scrollTop = list.scrollHeight
  }, [messages])

  const onScroll = () => {
    const list = scroller.current
    if (list !== null) atEnd.current = list.scrollHeight - list.scrollTop - list.clientHeight < nearEnd
  }
  if (messages.length === 0) {
    return (
      <div className="chat-empty">
        <p>Ask about the files of this workspace.</p>
        <p className="quiet">Everybody here sees the questions and the answers.</p>
      </div>
    )
  }
  return (
    <ol className="chat-list" ref={scroller} onScroll={onScroll} tabIndex={0} aria-label="Messages">
      {messages.map((message) => (
        <Message key={message.id} message={message} />
      ))}
    </ol>
  )
}
