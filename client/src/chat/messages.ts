import type { ChatMessage } from '../api/types'

/** The conversations that this page has read, by id, each with its messages in order. */
export type Conversations = ReadonlyMap<string, readonly ChatMessage[]>

export function conversationRead(state: Conversations, id: string, messages: readonly ChatMessage[]): Conversations {
  const known = new Map((state.get(id) ?? []).map((message) => [message.id, message]))
  // Deltas may have run ahead of what HTTP read: of a message that still streams, the longer text is the newer one.
  const merged = messages.map((message) => {
    const mine = known.get(message.id)
    known.delete(message.id)
    const mineIsNewer =
      mine !== undefined &&
      message.state === 'streaming' &&
      (mine.state !== 'streaming' || mine.text.length > message.text.length)
    return mineIsNewer ? mine : message
  })
  return new Map(state).set(id, [...merged, ...known.values()])
}

/** A conversation that nobody reads here is left alone; it is read whole when somebody opens it. */
export function messageChanged(state: Conversations, id: string, message: ChatMessage): Conversations {
  const messages = state.get(id)
  if (messages === undefined) return state
  const at = messages.findIndex((known) => known.id === message.id)
  return new Map(state).set(id, at < 0 ? [...messages, message] : messages.with(at, message))
}

/**
 * Adds streamed text at `offset` (UTF-16 code units before it). One that leaves a gap is dropped: deltas are not
 * resumed after a break, and the finished message brings the whole text.
 */
export function messageDelta(
  state: Conversations,
  id: string,
  message: string,
  offset: number,
  text: string,
): Conversations {
  const messages = state.get(id)
  const at = messages?.findIndex((known) => known.id === message) ?? -1
  const known = messages?.[at]
  if (messages === undefined || known?.state !== 'streaming' || known.text.length < offset) return state
  const grown = known.text.slice(0, offset) + text
  if (grown.length <= known.text.length) return state
  return new Map(state).set(id, messages.with(at, { ...known, text: grown }))
}

export function conversationForgotten(state: Conversations, id: string): Conversations {
  const left = new Map(state)
  left.delete(id)
  return left
}
