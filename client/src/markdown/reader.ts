import type { Block, Reading } from './blocks'
import type { Answer, Request } from './worker'

/** Milliseconds for one text. Then it is one that was made to take for ever. */
const patience = 10_000

interface Waiting {
  resolve: (blocks: Block[]) => void
  reject: (error: Error) => void
}

/** The worker that renders for the whole page; begun anew after a text that was too much for it. */
class Reader {
  private worker: Worker | null = null
  private readonly waiting = new Map<number, Waiting>()
  private asked = 0
  private timer: ReturnType<typeof setTimeout> | undefined

  /** Rejects when the worker does not load, or the text takes too long. */
  read(reading: Reading): Promise<Block[]> {
    return new Promise((resolve, reject) => {
      const id = (this.asked += 1)
      this.waiting.set(id, { resolve, reject })
      this.begun().postMessage({ id, ...reading } satisfies Request)
      this.timer ??= setTimeout(() => this.fail('took too long'), patience)
    })
  }

  private begun(): Worker {
    if (this.worker !== null) return this.worker
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'Markdown' })
    worker.addEventListener('message', ({ data }: MessageEvent<Answer>) => {
      clearTimeout(this.timer)
      this.waiting.get(data.id)?.resolve(data.blocks)
      this.waiting.delete(data.id)
      this.timer = this.waiting.size === 0 ? undefined : setTimeout(() => this.fail('took too long'), patience)
    })
    worker.addEventListener('error', (event) => {
      event.preventDefault()
      this.fail(event.message || 'did not load')
    })
    this.worker = worker
    return worker
  }

  private fail(why: string): void {
    clearTimeout(this.timer)
    this.timer = undefined
    this.worker?.terminate()
    this.worker = null
    const failed = [...this.waiting.values()]
    this.waiting.clear()
    for (const { reject } of failed) reject(new Error(`The Markdown ${why}`))
  }
}

const reader = new Reader()

/** Renders a text beside the page. */
export const readMarkdown = (reading: Reading): Promise<Block[]> => reader.read(reading)
