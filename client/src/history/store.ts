import { HistoryApi, type Version } from '../api/history'
import { Problem } from '../api/problem'
import type { EventSocket } from '../events/socket'
import { createStore, type ReadableStore } from '../lib/store'
import { neighbours, type VersionList, withNewest, withOlder } from './versionList'

/** Versions that are read at a time. */
const pageSize = 50

/**
 * Milliseconds after which to look again. A text that was written to the drive while people still typed gets its version
 * once they pause, and of that nobody tells when it is the same text by then.
 */
const lookAgain = [5_000, 20_000]

/** What a version is held against. */
export type Against = 'present' | 'before'

/** The version that stands in the place of the text. */
export interface Look {
  version: Version
  against: Against
}

export type Reading = { is: 'reading' } | { is: 'read' } | { is: 'failed'; error: unknown }

/** The history of one text, as far as it was read. */
export class DocumentHistory {
  readonly api: HistoryApi
  private readonly listStore = createStore<VersionList | null>(null)
  private readonly readingStore = createStore<Reading>({ is: 'reading' })
  private readonly olderStore = createStore<Reading>({ is: 'read' })
  private readonly lookStore = createStore<Look | null>(null)
  private readonly settledStore = createStore(0)
  private current: Promise<void> | null = null
  private again = false
  /** How many places show the list, and want to have it new. */
  private watchers = 0
  private timers: ReturnType<typeof setTimeout>[] = []

  readonly list: ReadableStore<VersionList | null> = this.listStore
  readonly reading: ReadableStore<Reading> = this.readingStore
  readonly readingOlder: ReadableStore<Reading> = this.olderStore
  readonly look: ReadableStore<Look | null> = this.lookStore
  /** Another number each time that the text has settled. */
  readonly settled: ReadableStore<number> = this.settledStore

  constructor(workspace: string, document: string) {
    this.api = new HistoryApi(workspace, document)
  }

  /** Keeps the list new until the function is called that this returns. */
  watch(): () => void {
    this.watchers += 1
    void this.refresh()
    return () => {
      this.watchers -= 1
      if (this.watchers === 0) this.forgetTimers()
    }
  }

  /** The text has settled, or somebody has made a version. */
  onNews(settled: boolean): void {
    if (settled) this.settledStore.update((count) => count + 1)
    if (this.watchers === 0) return
    void this.refresh()
    this.forgetTimers()
    if (settled) this.timers = lookAgain.map((after) => setTimeout(() => void this.refresh(), after))
  }

  /** Events may have been missed. */
  onFresh(): void {
    if (this.watchers > 0) void this.refresh()
    this.settledStore.update((count) => count + 1)
  }

  /** Reads the newest versions. What happens while that is on its way is read right after it. */
  refresh(): Promise<void> {
    if (this.current !== null) this.again = true
    this.current ??= this.read().finally(() => {
      this.current = null
      const again = this.again
      this.again = false
      if (again) void this.refresh()
    })
    return this.current
  }

  async loadOlder(): Promise<void> {
    const known = this.listStore.get()
    const oldest = known?.versions.at(-1)
    if (!known?.more || oldest === undefined || this.olderStore.get().is === 'reading') return
    this.olderStore.set({ is: 'reading' })
    try {
      const page = await this.api.list(pageSize, oldest.id)
      this.listStore.update((now) => now && withOlder(now, oldest.id, page, pageSize))
      this.olderStore.set({ is: 'read' })
    } catch (error) {
      this.olderStore.set({ is: 'failed', error })
    }
  }

  lookAt(version: Version, against?: Against): void {
    this.lookStore.update((look) => ({ version, against: against ?? look?.against ?? 'present' }))
  }

  readonly compareWith = (against: Against): void => {
    this.lookStore.update((look) => look && { ...look, against })
  }

  leave(): void {
    this.lookStore.set(null)
  }

  async name(name: string): Promise<void> {
    await this.api.make(name)
    await this.refresh()
  }

  /** Makes the live text what it was then. Resolves to whether anything had to be changed. */
  async restore(version: Version): Promise<boolean> {
    const { before } = await this.api.restore(version.id)
    void this.refresh()
    return before !== null
  }

  /** The version before this one, null for the first of all. */
  async before(version: Version): Promise<Version | null> {
    const known = this.listStore.get()
    const { older } = known === null ? { older: null } : neighbours(known, version.id)
    return older ?? (await this.api.list(1, version.id))[0] ?? null
  }

  private forgetTimers(): void {
    for (const timer of this.timers) clearTimeout(timer)
    this.timers = []
  }

  private async read(): Promise<void> {
    if (this.listStore.get() === null) this.readingStore.set({ is: 'reading' })
    try {
      const page = await this.api.list(pageSize)
      this.listStore.update((known) => withNewest(known, page, pageSize))
      this.readingStore.set({ is: 'read' })
    } catch (error) {
      this.readingStore.set({ is: 'failed', error })
    }
  }
}

/** Whether an answer says that there is no such thing (any more). */
export const isGone = (error: unknown) => error instanceof Problem && error.status === 404

/** Whether there was no answer at all. */
export const isAway = (error: unknown) => error instanceof Problem && error.status === 0

/** The histories of the texts of one workspace that somebody has looked at here. */
export class HistoryStore {
  private readonly histories = new Map<string, DocumentHistory>()
  /** Whether each line of the open text tells its author. */
  readonly whoWrote = createStore(false)
  readonly toggleWhoWrote = () => this.whoWrote.update((shown) => !shown)

  constructor(
    private readonly workspace: string,
    events: EventSocket,
  ) {
    events.on('document.settled', ({ document }) => this.histories.get(document)?.onNews(true))
    events.on('version.created', ({ document }) => this.histories.get(document)?.onNews(false))
  }

  of(document: string): DocumentHistory {
    const known = this.histories.get(document) ?? new DocumentHistory(this.workspace, document)
    this.histories.set(document, known)
    return known
  }

  /** Events may have been missed. */
  onFresh(): void {
    for (const history of this.histories.values()) history.onFresh()
  }
}
