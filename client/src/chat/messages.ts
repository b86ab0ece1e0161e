import type { ChatDelta, ChatMessage } from '../api/types'

type Piece = Pick<ChatDelta, 'attempt' | 'offset' | 'text'>

export interface Talk {
  /** In the order in which the server has them; those that came since are behind. */
  messages: readonly ChatMessage[]
  /** Pieces of answers for which something before them is missing here, by message. */
  ahead: ReadonlyMap<string, readonly Piece[]>
  /** Whether there are messages before these. */
  earlier: boolean
}

/**
 * The conversations that this page has read, by id. What events and HTTP tell may come late, twice, in any order or not
 * at all: a message only ever becomes a newer state of itself, and pieces wait until what is missing before them is here.
 */
export type Conversations = ReadonlyMap<string, Talk>

/** Pieces that wait for one message; with more of them something is wrong, and the finished message brings the text. */
const mostAhead = 2_000

const isFinal = ({ state }: ChatMessage) => state !== 'streaming'

/** Which of two states of one message is the newer one; what HTTP told as it was is as good as what is known. */
function newer(known: ChatMessage, other: ChatMessage): ChatMessage {
  if (known.attempt !== other.attempt) return known.attempt > other.attempt ? known : other
  if (isFinal(known) !== isFinal(other)) return isFinal(known) ? known : other
  // Deltas may have run ahead of what is stored.
  return known.text.length > other.text.length ? known : other
}

/** The message with all pieces that fit on to its end, and those that do not yet. */
function joined(message: ChatMessage, pieces: readonly Piece[]): [ChatMessage, readonly Piece[]] {
  if (isFinal(message)) return [message, []]
  const left: Piece[] = []
  let { text } = message
  for (const piece of [...pieces].sort((a, b) => a.offset - b.offset)) {
    if (piece.attempt < message.attempt) continue
    if (piece.attempt > message.attempt || piece.offset > text.length) left.push(piece)
    else if (piece.offset + piece.text.length > text.length) text = text.slice(0, piece.offset) + piece.text
  }
  return [text === message.text ? message : { ...message, text }, left]
}

function withMessage(talk: Talk, message: ChatMessage): Talk {
  const at = talk.messages.findIndex(({ id }) => id === message.id)
  const known = talk.messages[at]
  const [whole, left] = joined(known === undefined ? message : newer(known, message), talk.ahead.get(message.id) ?? [])
  const ahead = new Map(talk.ahead)
  if (left.length === 0) ahead.delete(message.id)
  else ahead.set(message.id, left)
  return { ...talk, ahead, messages: at < 0 ? [...talk.messages, whole] : talk.messages.with(at, whole) }
}

const nothing: Talk = { messages: [], ahead: new Map(), earlier: false }

/** What HTTP told: the newest messages, or with `older` some of those before the ones that are known. */
export function conversationRead(
  state: Conversations,
  id: string,
  messages: readonly ChatMessage[],
  earlier: boolean,
  older = false,
): Conversations {
  const before = state.get(id) ?? nothing
  const known = new Map(before.messages.map((message) => [message.id, message]))
  const read = messages.map((message) => newer(known.get(message.id) ?? message, message))
  for (const { id: readId } of messages) known.delete(readId)
  const rest = [...known.values()]
  const first = read[0]
  // Read again, the newest messages leave alone what was read before them.
  const isOlder = ({ created_at: time }: ChatMessage) => first !== undefined && time < first.created_at
  const knewMore = !older && rest.some(isOlder)
  const ordered = older ? [...read, ...rest] : [...rest.filter(isOlder), ...read, ...rest.filter((m) => !isOlder(m))]
  let talk: Talk = { ...before, messages: ordered, earlier: knewMore ? before.earlier : earlier }
  for (const message of ordered) if (talk.ahead.has(message.id)) talk = withMessage(talk, message)
  return new Map(state).set(id, talk)
}

/** A conversation that nobody reads here is left alone; it is read whole when somebody opens it. */
export function messageChanged(state: Conversations, id: string, message: ChatMessage): Conversations {
  const talk = state.get(id)
  return talk === undefined ? state : new Map(state).set(id, withMessage(talk, message))
}

export function messageDelta(state: Conversations, { conversation, message: id, ...piece }: ChatDelta): Conversations {
  const talk = state.get(conversation)
  const message = talk?.messages.find((known) => known.id === id)
  if (talk === undefined || (message !== undefined && isFinal(message))) return state
  const waiting = [...(talk.ahead.get(id) ?? []), piece]
  const ahead = new Map(talk.ahead).set(id, waiting.length > mostAhead ? [] : waiting)
  const grown = message === undefined ? { ...talk, ahead } : withMessage({ ...talk, ahead }, message)
  return new Map(state).set(conversation, grown)
}

/** Whether something is missing that only reading the conversation again can bring. */
export const lacks = (talk: Talk | undefined): boolean => talk !== undefined && talk.ahead.size > 0

export function conversationForgotten(state: Conversations, id: string): Conversations {
  const left = new Map(state)
  left.delete(id)
  return left
}

/** A question with the answers that it was given; answers of old conversations know no question. */
export interface Turn {
  question: ChatMessage | null
  /** The oldest first. */
  answers: readonly ChatMessage[]
}

/** The conversation as one reads it. An answer whose question has not been read is left out. */
export function turnsOf(messages: readonly ChatMessage[]): Turn[] {
  const answers = new Map<string, ChatMessage[]>()
  for (const message of messages) {
    if (message.question === undefined) continue
    const others = answers.get(message.question)
    if (others === undefined) answers.set(message.question, [message])
    else others.push(message)
  }
  for (const given of answers.values()) given.sort((a, b) => a.created_at.localeCompare(b.created_at))
  return messages
    .filter((message) => message.question === undefined)
    .map((message) =>
      message.role === 'user'
        ? { question: message, answers: answers.get(message.id) ?? [] }
        : { question: null, answers: [message] },
    )
}
