import { describe, expect, test } from 'vitest'
import type { ChatMessage } from '../api/types'
import {
  type Conversations,
  conversationForgotten,
  conversationRead,
  lacks,
  messageChanged,
  messageDelta,
  turnsOf,
} from './messages'

const message = (id: string, text: string, state: ChatMessage['state'] = 'done', attempt = 1): ChatMessage => ({
  id,
  role: 'assistant',
  author: 'assistant',
  author_name: 'Assistant',
  text,
  state,
  attempt,
  created_at: '2026-01-01T00:00:00Z',
})
const delta = (offset: number, text: string, attempt = 1) => ({
  conversation: 'c',
  message: 'm',
  attempt,
  offset,
  text,
})
const empty: Conversations = new Map()
const open = (...messages: ChatMessage[]) => conversationRead(empty, 'c', messages, false)
const texts = (state: Conversations) => state.get('c')?.messages.map((m) => m.text)

describe('conversations', () => {
  test('deltas append, and repeat harmlessly', () => {
    let state = messageChanged(open(), 'c', message('m', '', 'streaming'))
    for (const piece of [delta(0, 'Hel'), delta(3, 'lo'), delta(0, 'Hel')]) state = messageDelta(state, piece)
    expect(texts(state)).toEqual(['Hello'])
    expect(lacks(state.get('c'))).toBe(false)
  })

  test('a piece after a gap waits, says so, and joins once the conversation was read again', () => {
    let state = open(message('m', 'Hel', 'streaming'))
    state = messageDelta(state, delta(6, 'world'))
    expect(texts(state)).toEqual(['Hel'])
    expect(lacks(state.get('c'))).toBe(true)
    state = conversationRead(state, 'c', [message('m', 'Hello wo', 'streaming')], false)
    expect(texts(state)).toEqual(['Hello world'])
    expect(lacks(state.get('c'))).toBe(false)
  })

  test('whoever joins in the middle has what came before the message itself was known', () => {
    let state = messageDelta(open(), delta(5, ' world'))
    expect(lacks(state.get('c'))).toBe(true)
    state = conversationRead(state, 'c', [message('m', 'Hello', 'streaming')], false)
    expect(texts(state)).toEqual(['Hello world'])
  })

  test('the finished message replaces what streamed', () => {
    let state = messageChanged(open(message('m', 'Hel', 'streaming')), 'c', message('m', 'Hello.'))
    expect(texts(state)).toEqual(['Hello.'])
    state = messageDelta(state, delta(6, 'late'))
    expect(texts(state)).toEqual(['Hello.'])
  })

  test('a worker that takes over begins anew, and nothing of the one before comes back', () => {
    let state = open(message('m', 'What the first one wro', 'streaming', 1))
    state = messageChanged(state, 'c', message('m', '', 'streaming', 2))
    state = messageDelta(state, delta(22, 'te', 1))
    state = messageDelta(state, delta(0, 'Anew', 2))
    state = conversationRead(state, 'c', [message('m', 'What the first one', 'streaming', 1)], false)
    expect(texts(state)).toEqual(['Anew'])
  })

  test('an answer that was asked for again is not taken back by what was read before', () => {
    const question = (answer: string, attempt: number): ChatMessage => ({
      ...message('q', 'Why?', 'done', attempt),
      role: 'user',
      answer,
    })
    let state = messageChanged(open(question('a', 0)), 'c', question('b', 1))
    state = conversationRead(state, 'c', [question('a', 0)], false)
    expect(state.get('c')?.messages[0]?.answer).toBe('b')
  })

  test('reading older messages puts them first, reading the newest again keeps them', () => {
    const at = (id: string, minute: number) => ({ ...message(id, id), created_at: `2026-01-01T00:0${minute}:00Z` })
    let state = conversationRead(empty, 'c', [at('c', 3), at('d', 4)], true)
    state = conversationRead(state, 'c', [at('a', 1), at('b', 2)], false, true)
    expect(texts(state)).toEqual(['a', 'b', 'c', 'd'])
    expect(state.get('c')?.earlier).toBe(false)
    state = messageChanged(state, 'c', at('e', 5))
    state = conversationRead(state, 'c', [at('c', 3), at('d', 4)], true)
    expect(texts(state)).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect(state.get('c')?.earlier).toBe(false)
  })

  test('a conversation that is not open here is not collected', () => {
    expect(messageChanged(empty, 'c', message('m', 'x'))).toBe(empty)
    expect(messageDelta(empty, delta(0, 'x'))).toBe(empty)
    expect(conversationForgotten(open(), 'c').has('c')).toBe(false)
  })

  test('answers stand under their question, however late they were asked for', () => {
    const question = (id: string): ChatMessage => ({ ...message(id, id), role: 'user' })
    const answer = (id: string, to: string, second: number): ChatMessage => ({
      ...message(id, id),
      question: to,
      created_at: `2026-01-01T00:00:0${second}Z`,
    })
    const turns = turnsOf([
      question('q1'),
      answer('a1', 'q1', 1),
      question('q2'),
      answer('a2', 'q2', 3),
      answer('b1', 'q1', 5),
      answer('lost', 'q0', 6),
      message('old', 'old'),
    ])
    expect(turns.map(({ question: q, answers }) => [q?.id, ...answers.map((a) => a.id)])).toEqual([
      ['q1', 'a1', 'b1'],
      ['q2', 'a2'],
      [undefined, 'old'],
    ])
  })
})

/** A small random generator with a seed, so that a failure can be had again. */
function random(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((state / 2_147_483_648) * below)
  }
}

type Step = (state: Conversations) => Conversations

/** All that the server tells of one answer: `attempts` of them, each with its deltas, and the end. */
function story(below: (n: number) => number): { steps: Step[]; end: ChatMessage; reads: ChatMessage[] } {
  const steps: Step[] = []
  const reads: ChatMessage[] = []
  const attempts = 1 + below(3)
  let text = ''
  for (let attempt = 1; attempt <= attempts; attempt++) {
    text = ''
    const begun = message('m', '', 'streaming', attempt)
    steps.push((state) => messageChanged(state, 'c', begun))
    for (let count = below(12); count > 0; count--) {
      const piece = delta(text.length, `${attempt}${'abc😀'.repeat(below(3))}.`, attempt)
      text += piece.text
      steps.push((state) => messageDelta(state, piece))
      reads.push(message('m', text, 'streaming', attempt))
    }
  }
  return { steps, end: message('m', text, 'done', attempts), reads }
}

test('whatever is shuffled, repeated and lost on the way, the end is the whole answer, and never a hole before it', () => {
  for (let seed = 1; seed <= 2_000; seed++) {
    const below = random(seed)
    const { steps, end, reads } = story(below)
    const attempts = end.attempt
    const told: Step[] = steps.flatMap((step) => Array.from({ length: [0, 1, 1, 1, 2][below(5)] ?? 1 }, () => step))
    for (let swaps = below(told.length + 1); swaps > 0; swaps--) {
      const [a, b] = [below(told.length), below(told.length)]
      const [one, other] = [told[a], told[b]]
      if (one !== undefined && other !== undefined) [told[a], told[b]] = [other, one]
    }
    const finish: Step = (state) => messageChanged(state, 'c', end)
    // The end is numbered, so it comes for sure; it may overtake what is not.
    told.splice(below(told.length + 1), 0, finish)
    let state = open()
    for (const step of told) {
      state = step(state)
      if (below(4) === 0) {
        const read = reads[below(reads.length)]
        if (read !== undefined) state = conversationRead(state, 'c', [read], false)
      }
      const shown = state.get('c')?.messages[0]
      if (shown?.attempt === attempts) expect(end.text.startsWith(shown.text)).toBe(true)
    }
    expect(texts(state)).toEqual([end.text])
    expect(lacks(state.get('c'))).toBe(false)
  }
})
