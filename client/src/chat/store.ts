import type { Conversation } from '../api/types'
import type { Selection, WorkspaceApi } from '../api/workspace'
import type { EventSocket } from '../events/socket'
import { createStore, type ReadableStore } from '../lib/store'
import { attempt } from '../ui/toasts'
import { conversationForgotten, conversationRead, type Conversations, messageChanged, messageDelta } from './messages'

/** The conversations of a workspace with its assistant; everybody in the workspace sees the same ones. */
export class ChatStore {
  private readonly listStore = createStore<readonly Conversation[] | null>(null)
  private readonly messageStore = createStore<Conversations>(new Map())
  private readonly currentStore = createStore<string | null>(null)
  private readonly newsStore = createStore(false)
  /** Until somebody here chooses a conversation, the panel shows whichever the others are having. */
  private chosen = false

  private reveal: () => void = () => undefined

  /** Null until it has been read. */
  readonly list: ReadableStore<readonly Conversation[] | null> = this.listStore
  readonly messages: ReadableStore<Conversations> = this.messageStore
  readonly current: ReadableStore<string | null> = this.currentStore
  /** Whether something was said that nobody has looked at here. */
  readonly news: ReadableStore<boolean> = this.newsStore

  constructor(
    private readonly api: WorkspaceApi,
    events: EventSocket,
  ) {
    events.on('chat.message', ({ conversation, message }) => {
      this.messageStore.update((state) => messageChanged(state, conversation, message))
      this.newsStore.set(true)
      const known = this.listStore.get()?.some(({ id }) => id === conversation)
      if (known === false) void attempt('The list of conversations could not be read', () => this.loadList())
      if (this.currentStore.get() === null && !this.chosen) {
        void attempt('A new conversation could not be read', () => this.show(conversation))
      }
    })
    events.on('chat.delta', ({ conversation, message, offset, text }) =>
      this.messageStore.update((state) => messageDelta(state, conversation, message, offset, text)),
    )
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

  /** Called while the panel is in sight. */
  seen(): void {
    this.newsStore.set(false)
  }

  async ask(message: string, path: string | null): Promise<void> {
    const { conversation } = await this.api.ask(message, this.currentStore.get(), path)
    if (conversation !== this.currentStore.get()) await this.open(conversation)
  }

  /** A conversation of its own about a file, or about what is selected in it. */
  async askAbout(message: string, path: string, selection?: Selection): Promise<void> {
    const { conversation } = await this.api.ask(message, null, path, selection)
    this.reveal()
    await this.open(conversation)
  }

  async remove(id: string): Promise<void> {
    await this.api.deleteConversation(id)
    this.listStore.update((list) => list?.filter((conversation) => conversation.id !== id) ?? null)
    this.messageStore.update((state) => conversationForgotten(state, id))
    if (this.currentStore.get() === id) this.currentStore.set(null)
  }

  /** After a break, or at the start: what is shown is read again. */
  async refresh(): Promise<void> {
    await this.loadList()
    await this.show(this.currentStore.get() ?? this.listStore.get()?.[0]?.id ?? null)
  }

  private async show(id: string | null): Promise<void> {
    this.currentStore.set(id)
    if (id === null) return
    // Known as empty first, so that events from now on are not missed while HTTP answers.
    if (!this.messageStore.get().has(id)) this.messageStore.update((state) => conversationRead(state, id, []))
    const { messages } = await this.api.conversation(id)
    this.messageStore.update((state) => conversationRead(state, id, messages))
  }
}
