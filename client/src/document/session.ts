import { IndexeddbPersistence } from 'y-indexeddb'
import type { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { createProvider } from '../lib/provider'
import { createStore, type ReadableStore } from '../lib/store'
import { Barriers } from './barrier'
import { type Ending, endingFor, isRefusal, refused } from './ending'
import { type Hold, holdAfter } from './hold'
import { OwnUndo } from './ownUndo'
import { hasOwnEdits, isSaved, type SaveState } from './saveState'

export type Phase = { is: 'opening' } | { is: 'open' } | { is: 'ended'; ending: Ending }

/** How long the browser's own storage may keep the connection waiting, in milliseconds. */
const persistencePatience = 2_000

export const localCopyPrefix = 'scriptorium:'

const unsavedStore = createStore<ReadonlySet<string>>(new Set())

/**
 * Open documents with edits of one's own that are not saved. Such a text stays on the screen also when another file has
 * taken its place: its edits are nowhere else.
 */
export const unsavedDocuments: ReadableStore<ReadonlySet<string>> = unsavedStore

function noteUnsaved(document: string, unsaved: boolean): void {
  const noted = unsavedStore.get()
  if (noted.has(document) === unsaved) return
  unsavedStore.set(new Set(unsaved ? [...noted, document] : [...noted].filter((other) => other !== document)))
}

/** One open text document: the shared text, its connection, its local copy and what is known to be saved. */
export class DocumentSession {
  readonly doc = new Y.Doc()
  readonly text = this.doc.getText('text')
  /** Takes back one's own edits only: everybody else's arrive under the provider's origin, which it does not track. */
  readonly undo = new OwnUndo(this.text)
  readonly provider: WebsocketProvider
  readonly barriers: Barriers

  private readonly phaseStore = createStore<Phase>({ is: 'opening' })
  private readonly keptStore = createStore(true)
  private readonly holdStore = createStore<Hold | null>(null)
  private readonly returningStore = createStore(false)
  private readonly persistence: IndexeddbPersistence
  private refusals = 0

  readonly phase: ReadableStore<Phase> = this.phaseStore
  /** Whether edits survive a reload while offline; false where the browser denies its storage. */
  readonly kept: ReadableStore<boolean> = this.keptStore
  /** Why the server takes nothing for now, until it has taken everything. */
  readonly hold: ReadableStore<Hold | null> = this.holdStore
  /** Whether it is connecting again because somebody shows it again, and not because the server was away. */
  readonly returning: ReadableStore<boolean> = this.returningStore

  constructor(
    workspace: string,
    readonly document: string,
    user: string,
  ) {
    this.persistence = new IndexeddbPersistence(`${localCopyPrefix}${user}:${document}`, this.doc)
    this.provider = createProvider(workspace, document, this.doc)
    this.barriers = new Barriers(this.provider, this.doc)
    this.provider.on('sync', this.onSync)
    this.provider.on('connection-close', this.onClose)
    this.provider.on('connection-error', () => this.returningStore.set(false))
    this.provider.on('status', ({ status }) => {
      if (status === 'connected') this.returningStore.set(false)
    })
    this.provider.on('closed', ({ code, reason }) =>
      this.end(endingFor(code, reason, this.phaseStore.get().is === 'open')),
    )
    this.save.subscribe(() => {
      const state = this.save.get()
      if (isSaved(state)) this.refusals = 0
      noteUnsaved(document, hasOwnEdits(state))
      this.release()
    })
    void this.connect()
  }

  get save(): ReadableStore<SaveState> {
    return this.barriers.state
  }

  /** Whether closing the page now would lose edits. */
  get wouldLose(): boolean {
    return this.save.get().allowed && !isSaved(this.save.get()) && !this.keptStore.get()
  }

  /** Whether it must go on although nobody shows it: there are edits that only this page can bring to the server. */
  get mustGoOn(): boolean {
    return this.phaseStore.get().is === 'ended' ? this.wouldLose : hasOwnEdits(this.save.get())
  }

  /** Whether somebody who shows it again may want to take an edit back. */
  get holdsUndo(): boolean {
    return this.phaseStore.get().is === 'open' && (this.undo.canUndo() || this.undo.canRedo())
  }

  get awareness() {
    return this.provider.awareness
  }

  /** Forgets the edits that the server never took, so that the document can be opened as it was saved. */
  async discardOwnEdits(): Promise<void> {
    this.provider.destroy()
    await this.persistence.clearData()
  }

  /** Without a connection it costs nobody anything, and keeps what can be undone. */
  rest(): void {
    this.provider.disconnect()
  }

  /** After a rest. */
  goOn(): void {
    if (this.phaseStore.get().is === 'ended') return
    this.returningStore.set(true)
    this.provider.connect()
  }

  /** Gives up the edits that are not saved, for the file that has taken the place of this one. */
  leave(): void {
    noteUnsaved(this.document, false)
  }

  close(): void {
    noteUnsaved(this.document, false)
    this.barriers.stop()
    this.provider.destroy()
    this.undo.destroy()
    this.doc.destroy()
  }

  /** The local copy comes first, so that the very first exchange with the server already carries it. */
  private async connect(): Promise<void> {
    const loaded = this.persistence.whenSynced.then(() => true)
    const failed = this.persistence._db.then(
      () => new Promise<never>(() => undefined),
      () => false,
    )
    const patience = new Promise<boolean>((resolve) => setTimeout(resolve, persistencePatience, false))
    const kept = await Promise.race([loaded, failed, patience])
    if (this.doc.isDestroyed) return
    this.keptStore.set(kept)
    void loaded.then(() => this.keptStore.set(true))
    // With a local copy one can write at once, connected or not.
    if (this.text.length > 0) this.begin()
    this.provider.connect()
  }

  private begin(): void {
    if (this.phaseStore.get().is === 'opening') this.phaseStore.set({ is: 'open' })
  }

  private end(ending: Ending): void {
    this.provider.disconnect()
    this.holdStore.set(null)
    this.phaseStore.set({ is: 'ended', ending })
  }

  private readonly onSync = (synced: boolean) => {
    if (synced) this.begin()
    this.release()
  }

  /** Only then: who comes again is let in at times, and sent away with the next edit. */
  private release(): void {
    const state = this.save.get()
    if (this.provider.synced && (isSaved(state) || !state.allowed)) this.holdStore.set(null)
  }

  private readonly onClose = (event: CloseEvent | null) => {
    this.holdStore.update((before) => holdAfter(before, event))
    if (event === null || !isRefusal(event.code)) return
    this.refusals += 1
    // Once may be a frame damaged on its way; twice with nothing saved in between is our own text.
    if (this.refusals >= 2) this.end(refused)
  }
}
