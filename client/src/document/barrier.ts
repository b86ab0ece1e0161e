import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { messageYjsSyncStep1 } from 'y-protocols/sync'
import type { WebsocketProvider } from 'y-websocket'
import type { Doc } from 'yjs'
import { createStore, type ReadableStore } from '../lib/store'
import { initial, isBarrierDue, isSaved, reduce, type SaveEvent, type SaveState } from './saveState'

const syncMessage = 0
const barrierMessage = 102

/** Milliseconds between two barriers: each makes the server commit early, and nobody reads faster than this. */
const interval = 250

export function encodeBarrier(edits: number): Uint8Array {
  const token = encoding.encode((encoder) => encoding.writeVarUint(encoder, edits))
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, barrierMessage)
    encoding.writeVarUint8Array(encoder, token)
  })
}

/** Runs the save state of one document over the socket of its provider. */
export class Barriers {
  private readonly store = createStore<SaveState>(initial)
  private readonly waiting = new Set<{ edits: number; resolve: () => void }>()
  private timer: ReturnType<typeof setTimeout> | undefined
  private lastSent = -Infinity

  readonly state: ReadableStore<SaveState> = this.store

  constructor(
    private readonly provider: WebsocketProvider,
    private readonly doc: Doc,
  ) {
    doc.on('update', this.onUpdate)
    provider.on('status', this.onStatus)
    this.watchUpload()
    provider.messageHandlers[barrierMessage] = (_encoder, decoder) => {
      const token = decoding.createDecoder(decoding.readVarUint8Array(decoder))
      this.advance({ type: 'barrier answered', edits: decoding.readVarUint(token) })
    }
  }

  /** Says whether this person may edit now. */
  allow(allowed: boolean): void {
    this.advance({ type: 'allowed', allowed })
  }

  /** Resolves once every edit made so far is durable. */
  saved(): Promise<void> {
    const { edits } = this.store.get()
    if (isSaved(this.store.get())) return Promise.resolve()
    return new Promise((resolve) => this.waiting.add({ edits, resolve }))
  }

  stop(): void {
    clearTimeout(this.timer)
    this.doc.off('update', this.onUpdate)
    this.provider.off('status', this.onStatus)
  }

  /** What the browser kept from an earlier visit counts like typing: only what came from the server is there already. */
  private readonly onUpdate = (_update: Uint8Array, origin: unknown) => {
    if (origin !== this.provider) this.advance({ type: 'edited' })
  }

  private readonly onStatus = ({ status }: { status: 'connected' | 'disconnected' | 'connecting' }) => {
    if (status === 'connecting') return
    this.advance({ type: status })
  }

  /** The provider sends the answer to sync step 1 when the handler has returned, hence the microtask. */
  private watchUpload(): void {
    const { messageHandlers } = this.provider
    const handleSync = messageHandlers[syncMessage]
    if (handleSync === undefined) throw new Error('y-websocket has no handler for sync messages')
    messageHandlers[syncMessage] = (encoder, decoder, provider, emitSynced, type) => {
      const isStep1 = decoding.peekVarUint(decoder) === messageYjsSyncStep1
      handleSync(encoder, decoder, provider, emitSynced, type)
      if (isStep1) queueMicrotask(() => this.advance({ type: 'uploaded' }))
    }
  }

  private advance(event: SaveEvent): void {
    const state = reduce(this.store.get(), event)
    this.store.set(state)
    for (const waiter of this.waiting) {
      if (state.confirmed < waiter.edits) continue
      this.waiting.delete(waiter)
      waiter.resolve()
    }
    this.schedule()
  }

  private schedule(): void {
    clearTimeout(this.timer)
    if (!isBarrierDue(this.store.get())) return
    this.timer = setTimeout(() => this.send(), Math.max(0, this.lastSent + interval - performance.now()))
  }

  private send(): void {
    const { ws } = this.provider
    if (ws?.readyState !== WebSocket.OPEN) return
    this.lastSent = performance.now()
    ws.send(encodeBarrier(this.store.get().edits) as Uint8Array<ArrayBuffer>)
    this.advance({ type: 'barrier sent' })
  }
}
