import type { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { createProvider } from '../lib/provider'
import { type OnScreen, type Page, readPages } from '../people/onScreen'
import { createStore, type ReadableStore } from '../lib/store'
import { type Presence, readPresence } from './presence'
import { legalTree, type Tree } from './rules'

export type TreeState = { is: 'opening' } | { is: 'open' } | { is: 'ended'; code: number }

const empty = legalTree([])

const isSame = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other)

/** The reason with which the server closes a socket when what it showed there may be what it no longer has itself. */
const rebuilt = 'the document was rebuilt'

/** The file tree of a workspace as a shared document, and who is in which file. Changes go over HTTP, not through here. */
export class TreeDocument {
  private provider: WebsocketProvider
  private readonly treeStore = createStore<Tree>(empty)
  private readonly presenceStore = createStore<readonly Presence[]>([])
  private readonly pageStore = createStore<ReadonlyMap<number, Page>>(new Map())
  private readonly stateStore = createStore<TreeState>({ is: 'opening' })
  private readonly connectedStore = createStore(false)
  private frame = 0

  readonly tree: ReadableStore<Tree> = this.treeStore
  readonly presence: ReadableStore<readonly Presence[]> = this.presenceStore
  /** What everybody has on the screen, by client, one's own page among them. */
  readonly pages: ReadableStore<ReadonlyMap<number, Page>> = this.pageStore
  readonly state: ReadableStore<TreeState> = this.stateStore
  readonly connected: ReadableStore<boolean> = this.connectedStore

  constructor(private readonly workspace: string) {
    this.provider = this.begin()
  }

  private begin(): WebsocketProvider {
    const provider = createProvider(this.workspace, 'tree', new Y.Doc())
    provider.doc.getMap('nodes').observeDeep(() => this.schedule())
    provider.awareness.on('change', () => {
      const present = readPresence(provider.awareness)
      // Whoever scrolls is where they were.
      if (!isSame(present, this.presenceStore.get())) this.presenceStore.set(present)
      this.pageStore.set(readPages(provider.awareness))
    })
    provider.on('status', ({ status }) => this.connectedStore.set(status === 'connected'))
    provider.on('closed', ({ code }) => this.stateStore.set({ is: 'ended', code }))
    provider.on('connection-close', (event) => {
      // The provider has not finished with the socket yet.
      if (event?.reason === rebuilt) setTimeout(() => this.beginAnew(provider))
    })
    provider.on('sync', (synced) => {
      if (!synced) return
      // The tree must be there before it is called open: an empty one would say that files do not exist.
      this.rebuild()
      this.stateStore.set({ is: 'open' })
    })
    provider.connect()
    return provider
  }

  /**
   * Nothing here is anybody's own, so all of it may go. A document takes in no second time what it has under the same
   * names, be it different: somebody may have forged an update that this page has and the server has thrown out.
   */
  private beginAnew(provider: WebsocketProvider): void {
    if (!provider.shouldConnect) return
    cancelAnimationFrame(this.frame)
    this.frame = 0
    const said = provider.awareness.getLocalState()
    provider.destroy()
    provider.doc.destroy()
    this.provider = this.begin()
    this.provider.awareness.setLocalState(said)
  }

  /** Tells everybody which document one has open. */
  enter(document: string | null): void {
    this.provider.awareness.setLocalStateField('document', document)
  }

  /** Tells everybody what one has on the screen of that document. */
  show(screen: OnScreen | null): void {
    this.provider.awareness.setLocalStateField('screen', screen)
  }

  /** What one has on the screen, as it was told. */
  shown(): OnScreen | null {
    return (this.provider.awareness.getLocalState()?.screen ?? null) as OnScreen | null
  }

  /** Tells everybody whom one follows. */
  follow(user: string | null): void {
    this.provider.awareness.setLocalStateField('follows', user)
  }

  close(): void {
    cancelAnimationFrame(this.frame)
    this.provider.destroy()
    this.provider.doc.destroy()
  }

  /** An import changes thousands of nodes in as many transactions; the tree is built once for each picture. */
  private schedule(): void {
    if (this.frame !== 0) return
    this.frame = requestAnimationFrame(() => this.rebuild())
  }

  private rebuild(): void {
    cancelAnimationFrame(this.frame)
    this.frame = 0
    this.treeStore.set(legalTree(this.provider.doc.getMap('nodes').entries()))
  }
}
