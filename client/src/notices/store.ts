import type { Notice } from '../api/types'
import type { WorkspaceApi } from '../api/workspace'
import type { EventSocket } from '../events/socket'
import { createStore, type ReadableStore } from '../lib/store'
import { merged, type Notices, seenBy } from './notices'

/** Feeds what the assistant has noticed from HTTP and from the events. */
export class NoticeStore {
  private readonly store = createStore<Notices>(new Map())

  readonly state: ReadableStore<Notices> = this.store

  constructor(
    private readonly api: WorkspaceApi,
    private readonly me: string,
    events: EventSocket,
  ) {
    events.on('notice.changed', (notice) => this.take(notice))
    events.on('notices.read', ({ notices, by }) => this.store.update((known) => seenBy(known, notices, by)))
  }

  async load(): Promise<void> {
    const read = await this.api.notices()
    this.store.update((known) => merged(known, read))
  }

  decide = async (notice: string, decision: 'accept' | 'reject' | 'undo', shownMs?: number) =>
    this.take(await this.api.decideNotice(notice, decision, shownMs))

  /** These have been on the screen of whoever is here. */
  async markRead(notices: readonly string[]): Promise<void> {
    this.store.update((known) => seenBy(known, notices, this.me))
    await this.api.readNotices(notices)
  }

  private take(notice: Notice): void {
    this.store.update((known) => merged(known, [notice]))
  }
}
