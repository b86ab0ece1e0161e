import type { ChatMessage, Conversation } from '../api/types'
import type { Selection, WorkspaceApi } from '../api/workspace'
import type { EventSocket } from '../events/socket'
import { createStore, type ReadableStore } from '../lib/store'
import { attempt, tell } from '../ui/toasts'
import {
  conversationForgotten,
  conversationRead,
  type Conversations,
  lacks,
  messageChanged,
  messageDelta,
} from './messages'

/** Milliseconds between two looks for what is missing: the server stores an answer once a second while it streams. */
const lookAgain = 1_000

/** The conversations of a workspace with its assistant; everybody in the workspace sees the same ones. */
export class ChatStore {
  private readonly listStore = createStore<readonly Conversation[] | null>(null)
  private readonly talkStore = createStore<Conversations>(new Map())
  private readonly currentStore = createStore<string | null>(null)
  private readonly unreadStore = createStore<ReadonlySet<string>>(new Set())
  /** Until somebody here chooses a conversation, the panel shows whichever the others are having. */
  private chosen = false
  /** Whether the conversation that is open is in sight. */
  private attended = false
  private looking: ReturnType<typeof setTimeout> | undefined

  private reveal: () => void = () => undefined

  /** Newest first; null until it has been read. */
  readonly list: ReadableStore<readonly Conversation[] | null> = this.listStore
  readonly talks: ReadableStore<Conversations> = this.talkStore
  readonly current: ReadableStore<string | null> = this.currentStore
  /** Conversations in which something was said that nobody has looked at here. */
  readonly unread: ReadableStore<ReadonlySet<string>> = this.unreadStore

  constructor(
    private readonly api: WorkspaceApi,
    private readonly me: string,
    events: EventSocket,
  ) {
    events.on('chat.message', ({ conversation, message }) => this.heard(conversation, message))
    events.on('chat.delta', (delta) => {
      this.talkStore.update((state) => messageDelta(state, delta))
      this.lookForMissing(delta.conversation)
    })
    events.on('conversation.changed', (conversation) => {
      this.listStore.update(
        (list) => list?.map((known) => (known.id === conversation.id ? conversation : known)) ?? null,
      )
    })
    events.on('conversation.deleted', ({ id }) => {
      if (this.currentStore.get() === id) tell('The conversation was deleted')
      this.forget(id)
    })
    events.onResumed = () => {
      const id = this.currentStore.get()
      if (id !== null) void attempt('The conversation could not be read again', () => this.read(id))
    }
  }

  close(): void {
    clearTimeout(this.looking)
  }

  async loadList(): Promise<void> {
    this.listStore.set(await this.api.conversations())
  }

  async open(id: string | null): Promise<void> {
    this.chosen = true
    await this.show(id)
  }

  /** `reveal` brings the panel into sight. */
  onAsked(reveal: () => void): void {
    this.reveal = reveal
  }

  /** Says whether the panel with the open conversation is in sight. */
  attend(attended: boolean): void {
    this.attended = attended
    this.see()
  }

  async ask(message: string, path: string | null, mentions: readonly string[]): Promise<void> {
    const { conversation } = await this.api.ask(message, this.currentStore.get(), path, mentions)
    if (conversation !== this.currentStore.get()) await this.open(conversation)
  }

  /** A conversation of its own about a file, or about what is selected in it. */
  async askAbout(message: string, path: string, selection?: Selection): Promise<void> {
    const { conversation } = await this.api.ask(message, null, path, [], selection)
    this.reveal()
    await this.open(conversation)
  }

  async rename(id: string, title: string): Promise<void> {
    await this.api.renameConversation(id, title)
  }

  async remove(id: string): Promise<void> {
    this.forget(id)
    try {
      await this.api.deleteConversation(id)
    } catch (error) {
      await this.loadList()
      throw error
    }
  }

  async loadEarlier(id: string): Promise<void> {
    const first = this.talkStore.get().get(id)?.messages[0]
    if (first === undefined) return
    const { messages, earlier } = await this.api.conversation(id, first.id)
    this.talkStore.update((state) => conversationRead(state, id, messages, earlier, true))
  }

  /** After a break, or at the start: what is shown is read again. */
  async refresh(): Promise<void> {
    await this.loadList()
    // Who has begun a new one meanwhile means it: the question must not go into the last one.
    const last = this.chosen ? null : (this.listStore.get()?.[0]?.id ?? null)
    await this.show(this.currentStore.get() ?? last)
  }

  private heard(id: string, message: ChatMessage): void {
    this.talkStore.update((state) => messageChanged(state, id, message))
    if (message.author !== this.me) this.unreadStore.update((unread) => new Set(unread).add(id))
    this.see()
    const list = this.listStore.get()
    const known = list?.find((conversation) => conversation.id === id)
    if (list !== null && known === undefined) {
      void attempt('The list of conversations could not be read', () => this.loadList())
    } else if (list !== null && known !== undefined && known.updated_at < message.created_at) {
      const others = list.filter((conversation) => conversation.id !== id)
      this.listStore.set([{ ...known, updated_at: message.created_at }, ...others])
    }
    if (this.currentStore.get() === null && !this.chosen) {
      void attempt('A new conversation could not be read', () => this.show(id))
    }
  }

  private async show(id: string | null): Promise<void> {
    this.currentStore.set(id)
    this.see()
    if (id === null) return
    // Known as empty first, so that events from now on are not missed while HTTP answers.
    if (!this.talkStore.get().has(id)) this.talkStore.update((state) => conversationRead(state, id, [], false))
    await this.read(id)
  }

  private async read(id: string): Promise<void> {
    const { messages, earlier } = await this.api.conversation(id)
    this.talkStore.update((state) => conversationRead(state, id, messages, earlier))
    this.lookForMissing(id)
  }

  /** Deltas that a break has swallowed do not come again, but the server has stored them, or will in a moment. */
  private lookForMissing(id: string): void {
    if (this.looking !== undefined || !lacks(this.talkStore.get().get(id))) return
    this.looking = setTimeout(() => {
      this.looking = undefined
      if (lacks(this.talkStore.get().get(id))) {
        void attempt('The conversation could not be read again', () => this.read(id))
      }
    }, lookAgain)
  }

  private see(): void {
    const id = this.currentStore.get()
    if (!this.attended || id === null || !this.unreadStore.get().has(id)) return
    this.unreadStore.update((unread) => new Set([...unread].filter((other) => other !== id)))
  }

  private forget(id: string): void {
    this.listStore.update((list) => list?.filter((conversation) => conversation.id !== id) ?? null)
    this.talkStore.update((state) => conversationForgotten(state, id))
    this.unreadStore.update((unread) => new Set([...unread].filter((other) => other !== id)))
    if (this.currentStore.get() === id) this.currentStore.set(null)
  }
}
