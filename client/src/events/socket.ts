import { socketUrl } from '../api/http'
import { backoff } from '../lib/backoff'
import { type EventData, type EventType, readEvent } from './event'

/** A close code from 4400 to 4499 is the server's last word; everything else is tried again. */
const isFinal = (code: number) => code >= 4400 && code < 4500

/**
 * The events of one workspace. After a break it goes on where it stopped (`?after=`); only the very first connection
 * starts with what is new, so `onFresh` is the moment to read the present state over HTTP. Deltas are not resumed:
 * `onResumed` is the moment to read again what was being written.
 */
export class EventSocket {
  private readonly handlers = new Map<EventType, Set<(data: never) => void>>()
  private socket: WebSocket | null = null
  private timer: ReturnType<typeof setTimeout> | undefined
  private attempt = 0
  private lastId: string | null = null
  private stopped = false

  onFresh: () => void = () => undefined
  onResumed: () => void = () => undefined

  constructor(private readonly path: string) {}

  on<T extends EventType>(type: T, handler: (data: EventData[T]) => void): void {
    const known = this.handlers.get(type) ?? new Set()
    known.add(handler)
    this.handlers.set(type, known)
  }

  open(): void {
    addEventListener('online', this.retryNow)
    this.connect()
  }

  close(): void {
    this.stopped = true
    removeEventListener('online', this.retryNow)
    clearTimeout(this.timer)
    this.socket?.close()
  }

  private readonly retryNow = () => {
    if (this.socket !== null || this.stopped) return
    clearTimeout(this.timer)
    this.connect()
  }

  private connect(): void {
    const socket = new WebSocket(socketUrl(this.path + (this.lastId === null ? '' : `?after=${this.lastId}`)))
    this.socket = socket
    let openedAt = Infinity
    socket.onopen = () => {
      openedAt = performance.now()
      // Nothing numbered has been seen yet, so there is no place to resume from: what was missed has to be read.
      if (this.lastId === null) this.onFresh()
      else this.onResumed()
    }
    socket.onmessage = (message) => this.receive(message.data)
    socket.onclose = (event) => {
      this.socket = null
      if (this.stopped) return
      // Only a connection that lasted counts as a success: one that is closed at once must be tried ever more slowly.
      if (performance.now() - openedAt > 10_000) this.attempt = 0
      if (!isFinal(event.code)) this.timer = setTimeout(() => this.connect(), backoff(this.attempt++))
    }
  }

  private receive(frame: unknown): void {
    const event = readEvent(frame)
    if (event === null) return
    if (event.id !== null) this.lastId = event.id
    for (const handler of this.handlers.get(event.type as EventType) ?? []) handler(event.data as never)
  }
}
