import { currentPlace, go, noteInHistory, notedInHistory } from '../app/location'
import { unsavedDocuments } from '../document/session'
import type { TextPlace } from '../document/textPlace'
import { createStore, type ReadableStore } from '../lib/store'
import type { TreeDocument } from '../tree/document'
import { activate, activeTab, elsewhere, emptyLayout, follow, type Layout, open, type Side, sideWith } from './layout'
import { readLayout, writeLayout } from './saved'

function kept(key: string): Layout {
  try {
    return readLayout(localStorage.getItem(key))
  } catch {
    return emptyLayout
  }
}

/**
 * The tabs of one page on a workspace. The address always names what the half with the focus shows: whoever goes
 * somewhere goes there by the address, and the tabs follow; whoever changes the tabs takes the address along.
 */
export class OpenTabs {
  private readonly store = createStore(emptyLayout)
  private readonly stops: (() => void)[]
  private readonly key: string
  private started = false
  /** The path of a file that is to be kept, which may not be there yet. */
  private toKeep: string | null = null

  /** Empty until the tree is there, without which nobody knows what the files are called by now. */
  readonly layout: ReadableStore<Layout> = this.store
  /** Where one was in the texts that were shown, by half and document. */
  readonly places = new Map<string, TextPlace>()

  constructor(
    private readonly workspace: string,
    user: string,
    private readonly tree: Pick<TreeDocument, 'tree' | 'state'>,
  ) {
    this.key = `scriptorium:tabs:${workspace}:${user}`
    this.stops = [
      currentPlace.subscribe(this.arrive),
      tree.tree.subscribe(this.onTree),
      tree.state.subscribe(this.onTree),
      unsavedDocuments.subscribe(this.onTree),
    ]
    this.onTree()
  }

  close(): void {
    for (const stop of this.stops) stop()
  }

  /** Goes to a file that is opened to work in it, and not only looked at. */
  openKept(path: string): void {
    this.toKeep = path
    go({ at: 'workspace', workspace: this.workspace, path })
    this.arrive()
  }

  /** Changes the tabs. `visit`: whether going back in the browser leads back to what is shown now. */
  change(next: (layout: Layout) => Layout, visit = false): void {
    const before = this.store.get()
    const layout = next(before)
    if (layout === before) return
    this.set(layout)
    this.steer(visit, activeTab(before) !== undefined)
  }

  /** Takes the address along, to the first page if nothing is left of what was shown. */
  private steer(visit: boolean, wasFile: boolean): void {
    const place = currentPlace.get()
    if (place.at === 'home' || place.workspace !== this.workspace) return
    const path = activeTab(this.store.get())?.node.path
    if (path !== undefined) go({ at: 'workspace', workspace: this.workspace, path }, !visit)
    else if (wasFile) go({ at: 'workspace', workspace: this.workspace, path: '' }, true)
    this.note()
  }

  /** Shows a tab of this half, or of the other one where they are shown together. */
  choose(side: Side, document: string): void {
    this.change((layout) => activate(layout, sideWith(layout, document, side) ?? side, document), true)
  }

  private set(layout: Layout): void {
    if (layout === this.store.get()) return
    this.store.set(layout)
    try {
      localStorage.setItem(this.key, writeLayout(layout))
    } catch {
      // They are open for this page then.
    }
  }

  private get path(): string | null {
    const place = currentPlace.get()
    return place.at === 'workspace' && place.workspace === this.workspace ? place.path : null
  }

  private readonly onTree = () => {
    if (this.tree.state.get().is !== 'open') return
    if (!this.started) this.start()
    else {
      this.change((layout) => follow(layout, this.tree.tree.get(), unsavedDocuments.get()))
      // What was not there a moment ago may have come.
      if (activeTab(this.store.get()) === undefined) this.arrive()
    }
  }

  private start(): void {
    this.started = true
    const saved = kept(this.key)
    const tree = this.tree.tree.get()
    const known = saved.halves.flatMap(({ tabs }) => tabs).find(({ node }) => node.path === this.path)
    // What was deleted meanwhile is not shown, and the address says what is.
    const cleared = { ...saved, halves: saved.halves.map((half) => ({ ...half, active: null })) }
    this.store.set(follow(cleared, tree, unsavedDocuments.get()))
    const named = tree.byPath.get(this.path ?? '') ?? tree.nodes.get(known?.node.id ?? '')
    const side = named === undefined ? null : (this.notedSide(named.id) ?? sideWith(this.store.get(), named.id))
    if (named === undefined || named.kind === 'folder') this.arrive()
    else {
      // By a link from elsewhere one comes to work in a file.
      this.set(
        side === null ? open(this.store.get(), named, { kept: true }) : activate(this.store.get(), side, named.id),
      )
      this.steer(false, false)
    }
  }

  /** The half in which one was with this file when this entry of the browser's history was made. */
  private notedSide(document: string): Side | null {
    const noted = notedInHistory()
    const side = noted === 0 || noted === 1 ? noted : null
    return side !== null && sideWith(this.store.get(), document, side) === side ? side : null
  }

  private readonly arrive = () => {
    if (!this.started) return
    const { path } = this
    const layout = this.store.get()
    const node = path === null ? undefined : this.tree.tree.get().byPath.get(path)
    if (node === undefined || node.kind === 'folder') {
      // A file that was deleted while it is shown is shown until one goes elsewhere.
      if (activeTab(layout)?.node.path !== path) this.set(elsewhere(layout))
    } else {
      const keep = this.toKeep === path
      if (keep) this.toKeep = null
      const side = this.notedSide(node.id) ?? layout.focus
      const isShown = activeTab(layout, side)?.node.path === path
      this.change((now) => (isShown && !keep ? activate(now, side, node.id) : open(now, node, { kept: keep, side })))
    }
    this.note()
  }

  private note(): void {
    const place = currentPlace.get()
    if (place.at !== 'home' && place.workspace === this.workspace) noteInHistory(this.store.get().focus)
  }
}
