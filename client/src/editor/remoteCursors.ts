import { type Extension, type Range, RangeSet, StateEffect, type Text } from '@codemirror/state'
import { Decoration, type DecorationSet, EditorView, ViewPlugin, type ViewUpdate, WidgetType } from '@codemirror/view'
import type { Awareness } from 'y-protocols/awareness'
import * as Y from 'yjs'
import { Alarm } from '../lib/alarm'
import { type Peer, readPeers } from './peers'

/** Milliseconds for which a name stands at a cursor that has moved. */
const nameTime = 2_500

/** Of several views on a text, the one whose cursor others see. */
const announcing = new WeakMap<Awareness, object>()

const peersChanged = StateEffect.define()

class Caret extends WidgetType {
  constructor(
    readonly peer: Peer,
    readonly named: boolean,
    readonly below: boolean,
  ) {
    super()
  }

  override eq(other: Caret) {
    const { client, color, name } = this.peer
    return (
      other.peer.client === client &&
      other.peer.color === color &&
      other.peer.name === name &&
      other.named === this.named &&
      other.below === this.below
    )
  }

  override toDOM() {
    const caret = document.createElement('span')
    caret.className = 'cm-peer-caret'
    caret.style.setProperty('--person', this.peer.color)
    if (this.named) caret.dataset.named = ''
    if (this.below) caret.dataset.below = ''
    const name = caret.appendChild(document.createElement('span'))
    name.className = 'cm-peer-name'
    name.textContent = this.peer.name
    // The name is in the list of people too; between the words of a text a screen reader should not meet it.
    caret.ariaHidden = 'true'
    return caret
  }

  override ignoreEvent() {
    return true
  }
}

function drawPeer(peer: Peer, named: boolean, doc: Text): Range<Decoration>[] {
  // A position may be ahead of the text by the update that is just being applied.
  const at = (position: number) => Math.min(position, doc.length)
  const [from, to] = [at(Math.min(peer.anchor, peer.head)), at(Math.max(peer.anchor, peer.head))]
  const head = at(peer.head)
  const drawn: Range<Decoration>[] = []
  if (from < to) {
    const attributes = { style: `--person: ${peer.color}` }
    drawn.push(Decoration.mark({ class: 'cm-peer-selection', attributes }).range(from, to))
  }
  const caret = new Caret(peer, named, doc.lineAt(head).number === 1)
  drawn.push(Decoration.widget({ widget: caret, side: peer.head > peer.anchor ? -1 : 1 }).range(head))
  return drawn
}

/**
 * Tells others where one's cursor is, in the fields that y-codemirror.next uses, and draws theirs.
 *
 * Drawn here and not by y-codemirror.next: it resolves every cursor again at each key, and a malformed presence state
 * would throw inside the editor. Between changes of presence the drawings just move along with the text.
 */
class RemoteCursors {
  decorations: DecorationSet
  private readonly lastMoved = new Map<number, { place: string; time: number }>()
  private readonly fading = new Alarm(() => this.redraw())
  private frame = 0

  constructor(
    private readonly view: EditorView,
    private readonly awareness: Awareness,
    private readonly text: Y.Text,
  ) {
    this.decorations = this.draw(view.state.doc)
    awareness.on('change', this.onChange)
  }

  update(update: ViewUpdate): void {
    const changed = update.transactions.some((transaction) => transaction.effects.some((e) => e.is(peersChanged)))
    if (changed) this.decorations = this.draw(update.state.doc)
    else if (update.docChanged) this.decorations = this.decorations.map(update.changes)
    if (update.selectionSet || update.docChanged || update.focusChanged) this.announce()
  }

  destroy(): void {
    this.fading.stop()
    cancelAnimationFrame(this.frame)
    this.awareness.off('change', this.onChange)
    if (announcing.get(this.awareness) === this) this.awareness.setLocalStateField('cursor', null)
  }

  private readonly onChange = ({ added, updated, removed }: Record<'added' | 'updated' | 'removed', number[]>) => {
    if ([...added, ...updated, ...removed].some((client) => client !== this.awareness.clientID)) this.later()
  }

  /** Once in a frame, however many have moved. */
  private later(): void {
    if (this.frame === 0) this.frame = requestAnimationFrame(() => this.redraw())
  }

  private redraw(): void {
    this.frame = 0
    this.view.dispatch({ effects: peersChanged.of(null) })
  }

  private draw(doc: Text): DecorationSet {
    const now = performance.now()
    const peers = readPeers(this.awareness, this.text)
    const clients = new Set(peers.map((peer) => peer.client))
    for (const client of this.lastMoved.keys()) if (!clients.has(client)) this.lastMoved.delete(client)
    let nextFade = Infinity
    const ranges = peers.flatMap((peer) => {
      const last = this.lastMoved.get(peer.client)
      const time = last?.place === peer.place ? last.time : now
      this.lastMoved.set(peer.client, { place: peer.place, time })
      const left = time + nameTime - now
      if (left > 0) nextFade = Math.min(nextFade, left)
      return drawPeer(peer, left > 0, doc)
    })
    if (nextFade < Infinity) this.fading.set(nextFade + 10)
    else this.fading.stop()
    return RangeSet.of(ranges, true)
  }

  private announce(): void {
    const { view, awareness } = this
    // Without focus the last place stays: that is where this person will go on.
    if (!view.hasFocus) return
    announcing.set(awareness, this)
    const { anchor, head } = view.state.selection.main
    const cursor = {
      anchor: Y.createRelativePositionFromTypeIndex(this.text, anchor),
      head: Y.createRelativePositionFromTypeIndex(this.text, head),
    }
    const last = awareness.getLocalState()?.cursor as typeof cursor | null | undefined
    const same =
      last &&
      Y.compareRelativePositions(last.anchor, cursor.anchor) &&
      Y.compareRelativePositions(last.head, cursor.head)
    if (!same) awareness.setLocalStateField('cursor', cursor)
  }
}

export function remoteCursors(awareness: Awareness, text: Y.Text): Extension {
  const plugin = ViewPlugin.define((view) => new RemoteCursors(view, awareness, text), {
    decorations: (cursors) => cursors.decorations,
  })
  return plugin
}
