import type { Thread } from '../api/types'
import type { WorkspaceApi } from '../api/workspace'
import type { EventSocket } from '../events/socket'
import { createStore, type ReadableStore } from '../lib/store'
import { merged, type Places, type Threads, without } from './threads'

/** A comment that is being written, on a piece of a text that others go on changing. */
export interface Draft {
  document: string
  /** Encoded relative positions of both ends, base64. */
  anchors: [string, string]
  /** What was selected. */
  quote: string
}

const none: ReadonlySet<string> = new Set()

/** Feeds the threads of one workspace from HTTP and from its events, and knows which one somebody is at. */
export class CommentStore {
  private readonly threadStore = createStore<Threads>(new Map())
  private readonly draftStore = createStore<Draft | null>(null)
  private readonly focusStore = createStore<string | null>(null)
  private readonly placeStore = createStore<Places>(new Map())
  private readonly readStore = createStore(none)
  private readonly asked = new Set<() => void>()

  readonly threads: ReadableStore<Threads> = this.threadStore
  readonly draft: ReadableStore<Draft | null> = this.draftStore
  /** The thread that somebody is at, in the text or beside it. */
  readonly focus: ReadableStore<string | null> = this.focusStore
  /** In the text that is open. */
  readonly places: ReadableStore<Places> = this.placeStore
  /** Documents of which all threads are known, also what was resolved. */
  readonly read: ReadableStore<ReadonlySet<string>> = this.readStore

  constructor(
    private readonly api: WorkspaceApi,
    events: EventSocket,
  ) {
    events.on('comment.changed', (thread) => this.threadStore.update((known) => merged(known, [thread])))
    events.on('comment.deleted', ({ id }) => this.threadStore.update((known) => without(known, id)))
  }

  /** Reads what is open in all files. */
  async load(): Promise<void> {
    const read = await this.api.openThreads()
    this.threadStore.update((known) => merged(known, read))
  }

  /** Reads all threads of a file. */
  async loadAll(document: string): Promise<void> {
    const read = await this.api.threads(document)
    this.threadStore.update((known) => merged(known, read))
    this.readStore.update((known) => new Set(known).add(document))
  }

  /** Calls back whenever somebody wants to see comments. */
  onAsked(callback: () => void): () => void {
    this.asked.add(callback)
    return () => this.asked.delete(callback)
  }

  begin(draft: Draft): void {
    this.draftStore.set(draft)
    this.focusStore.set(null)
    for (const callback of [...this.asked]) callback()
  }

  dropDraft(): void {
    this.draftStore.set(null)
  }

  /** `open`: the panel as well. */
  focusOn(thread: string | null, open = false): void {
    this.focusStore.set(thread)
    if (open) for (const callback of [...this.asked]) callback()
  }

  place(places: Places): void {
    const known = this.placeStore.get()
    const same = known.size === places.size && [...places].every(([id, at]) => known.get(id) === at)
    if (!same) this.placeStore.set(places)
  }

  async send(draft: Draft, text: string): Promise<void> {
    const thread = await this.api.comment(draft.document, { anchors: draft.anchors, text })
    this.take(thread)
    this.draftStore.set(null)
    this.focusStore.set(thread.id)
  }

  answer = async (thread: string, text: string) => this.take(await this.api.answerThread(thread, text))
  edit = async (thread: string, message: string, text: string) =>
    this.take(await this.api.editComment(thread, message, text))
  resolve = async (thread: string, resolved: boolean) => this.take(await this.api.resolveThread(thread, resolved))
  remove = (thread: string, message: string) => this.api.removeComment(thread, message)

  private take(thread: Thread): void {
    this.threadStore.update((known) => merged(known, [thread]))
  }
}
