import { createStore, type ReadableStore } from '../lib/store'
import type { EventSocket } from '../events/socket'
import { readSuggestion, type WorkspaceApi } from '../api/workspace'
import { ScreenTimes } from './screenTimes'
import { forgetNotes, none, suggestionChanged, suggestionDelta, type Suggestions, suggestionsRead } from './suggestions'
import { pendingByDocument } from './summary'

/** Milliseconds for which a decision stands beside its text. */
const noteTime = 30_000

/** Feeds the suggestions of one workspace from HTTP and from its events. */
export class SuggestionStore {
  private readonly store = createStore<Suggestions>(none)
  private readonly unfit = new Map<string, readonly string[]>()
  private timer: ReturnType<typeof setTimeout> | undefined

  readonly state: ReadableStore<Suggestions> = this.store
  private readonly pendingStore = createStore<ReadonlyMap<string, number>>(new Map())
  /** Document → how many changes wait in it for a decision. Replaced only when that changes, not while text streams. */
  readonly pending: ReadableStore<ReadonlyMap<string, number>> = this.pendingStore
  private readonly closedStore = createStore<ReadonlySet<string>>(new Set())
  /** Suggestions of which nothing more is to be said under the texts. */
  readonly closedRows: ReadableStore<ReadonlySet<string>> = this.closedStore
  /** What of it this page has had on the screen. */
  readonly screen = new ScreenTimes()

  constructor(
    private readonly api: WorkspaceApi,
    events: EventSocket,
  ) {
    this.store.subscribe(() => this.count())
    events.on('suggestion.changed', (suggestion) => {
      this.store.update((state) => suggestionChanged(state, suggestion, performance.now()))
      this.expireNotes()
    })
    events.on('suggestion.delta', (delta) => this.store.update((state) => suggestionDelta(state, delta)))
  }

  /** Reads what was proposed before this page listened. */
  async load(): Promise<void> {
    const read = await this.api.suggestions()
    const moment = { now: performance.now(), wall: Date.now(), news: noteTime }
    this.store.update((state) => suggestionsRead(state, read, moment))
    this.expireNotes()
  }

  /** Shows the change of a notice in its text like any proposal, to whoever is at this page. */
  async show(suggestion: string): Promise<void> {
    const read = await readSuggestion(suggestion)
    this.store.update((state) => suggestionsRead(state, [read]))
  }

  closeRow(suggestion: string): void {
    this.closedStore.update((known) => new Set(known).add(suggestion))
  }

  /** Of `document`, which is open here, these changes do not fit its text any more; of another nobody here can tell. */
  markUnfit(document: string, hunks: readonly string[]): void {
    const known = this.unfit.get(document) ?? []
    if (known.length === hunks.length && hunks.every((hunk) => known.includes(hunk))) return
    this.unfit.set(document, hunks)
    this.count()
  }

  private count(): void {
    const counts = pendingByDocument(this.store.get(), new Set([...this.unfit.values()].flat()))
    const known = this.pendingStore.get()
    const same = counts.size === known.size && [...counts].every(([document, count]) => known.get(document) === count)
    if (!same) this.pendingStore.set(counts)
  }

  close(): void {
    clearTimeout(this.timer)
  }

  private expireNotes(): void {
    clearTimeout(this.timer)
    const oldest = Math.min(...[...this.store.get().notes.values()].map((note) => note.at))
    if (oldest === Infinity) return
    this.timer = setTimeout(
      () => {
        this.store.update((state) => forgetNotes(state, performance.now() - noteTime))
        this.expireNotes()
      },
      Math.max(100, oldest + noteTime - performance.now()),
    )
  }
}
