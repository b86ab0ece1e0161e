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

/** The file tree of a workspace as a shared document, and who is in which file. Changes go over HTTP, not through here. */
export class TreeDocument {
  private readonly doc = new Y.Doc()
  private readonly nodes = this.doc.getMap('nodes')
  private readonly provider: WebsocketProvider
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

  constructor(workspace: string) {
    this.provider = createProvider(workspace, 'tree', this.doc)
    this.nodes.observeDeep(() => this.schedule())
    this.provider.awareness.on('change', () => {
      const { awareness } = this.provider
      const present = readPresence(awareness)
      // Whoever scrolls is where they were.
      if (!isSame(present, this.presenceStore.get())) this.presenceStore.set(present)
      this.pageStore.set(readPages(awareness))
    })
    this.provider.on('status', ({ status }) => this.connectedStore.set(status === 'connected'))
    this.provider.on('closed', ({ code }) => this.stateStore.set({ is: 'ended', code }))
    this.provider.on('sync', (synced) => {
      if (!synced) return
      // The tree must be there before it is called open: an empty one would say that files do not exist.
      this.rebuild()
      this.stateStore.set({ is: 'open' })
    })
    this.provider.connect()
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
    this.doc.destroy()
  }

  /** An import changes thousands of nodes in as many transactions; the tree is built once for each picture. */
  private schedule(): void {
    if (this.frame !== 0) return
    this.frame = requestAnimationFrame(() => this.rebuild())
  }

  private rebuild(): void {
    cancelAnimationFrame(this.frame)
    this.frame = 0
    this.treeStore.set(legalTree(this.nodes.entries()))
  }
}
