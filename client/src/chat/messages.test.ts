import { describe, expect, test } from 'vitest'
import type { ChatMessage } from '../api/types'
import { type Conversations, conversationRead, messageChanged, messageDelta } from './messages'

const message = (id: string, text: string, state: ChatMessage['state'] = 'done'): ChatMessage => ({
  id,
  role: 'assistant',
  author: 'assistant',
  author_name: 'Assistant',
  text,
  state,
  created_at: '2026-01-01T00:00:00Z',
})
const empty: Conversations = new Map()
const texts = (state: Conversations) => state.get('c')?.map((m) => m.text)

describe('conversations', () => {
  test('deltas append, repeat harmlessly, and never leave a hole', () => {
    let state = messageChanged(conversationRead(empty, 'c', []), 'c', message('m', '', 'streaming'))
    state = messageDelta(state, 'c', 'm', 0, 'Hel')
    state = messageDelta(state, 'c', 'm', 3, 'lo')
    state = messageDelta(state, 'c', 'm', 0, 'Hel')
    expect(texts(state)).toEqual(['Hello'])
    expect(messageDelta(state, 'c', 'm', 9, 'lost')).toBe(state)
  })

  test('the finished message replaces what streamed', () => {
    let state = conversationRead(empty, 'c', [message('m', 'Hel', 'streaming')])
    state = messageChanged(state, 'c', message('m', 'Hello.'))
    expect(texts(state)).toEqual(['Hello.'])
    expect(messageDelta(state, 'c', 'm', 6, 'late')).toBe(state)
  })

  test('reading again keeps what streamed further meanwhile', () => {
    let state = conversationRead(empty, 'c', [message('m', 'Hello wor', 'streaming')])
    state = conversationRead(state, 'c', [message('m', 'Hel', 'streaming')])
    expect(texts(state)).toEqual(['Hello wor'])
    state = conversationRead(state, 'c', [message('m', 'Hello world')])
    expect(texts(state)).toEqual(['Hello world'])
  })

  test('a conversation that is not open here is not collected', () => {
    expect(messageChanged(empty, 'c', message('m', 'x'))).toBe(empty)
  })
})
