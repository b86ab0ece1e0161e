import { svgUrl } from '../lib/svgUrl'
import type { Drawn, Order } from './protocol'

/** Milliseconds for one diagram. Then it is one that was made to take for ever. */
const patience = 15_000
/** UTF-16 code units of a drawing that is shown. */
const largest = 4_000_000
/** Drawings that are kept, for when a text is opened again or a theme comes back. */
const kept = 60

interface Task {
  order: Order
  resolve: (svg: string) => void
  reject: (error: Error) => void
}

/** Has diagrams drawn, one after the other, in a frame that may run the drawing program and do nothing else. */
class Drawer {
  private frame: HTMLIFrameElement | null = null
  private ready = false
  private readonly tasks: Task[] = []
  private current: Task | null = null
  private timer: ReturnType<typeof setTimeout> | undefined
  private asked = 0

  constructor() {
    addEventListener('message', ({ source, data }: MessageEvent<Drawn>) => {
      if (source === null || source !== this.frame?.contentWindow) return
      if ('ready' in data) {
        this.ready = true
        this.send()
      } else this.take(data)
    })
  }

  draw(source: string, dark: boolean): Promise<string> {
    return new Promise((resolve, reject) => {
      this.tasks.push({ order: { id: (this.asked += 1), source, dark }, resolve, reject })
      this.next()
    })
  }

  private next(): void {
    if (this.current !== null) return
    this.current = this.tasks.shift() ?? null
    if (this.current === null) return
    this.timer = setTimeout(() => this.giveUp(), patience)
    this.send()
  }

  private send(): void {
    if (this.frame === null) {
      this.frame = document.createElement('iframe')
      this.frame.src = '/diagram.html'
      // Without "allow-same-origin" it is a stranger to the page. While developing, its program comes from a server that
      // serves no strangers.
      this.frame.setAttribute('sandbox', import.meta.env.DEV ? 'allow-scripts allow-same-origin' : 'allow-scripts')
      this.frame.className = 'diagram-frame'
      this.frame.title = 'Draws diagrams'
      this.frame.ariaHidden = 'true'
      this.frame.tabIndex = -1
      document.body.append(this.frame)
    }
    if (this.ready && this.current !== null) this.frame.contentWindow?.postMessage(this.current.order, '*')
  }

  private take(drawn: Exclude<Drawn, { ready: true }>): void {
    const task = this.current
    if (task?.order.id !== drawn.id) return
    this.finish()
    if ('problem' in drawn) task.reject(new Error(drawn.problem))
    else if (drawn.svg.length > largest) task.reject(new Error('The diagram is too large.'))
    else task.resolve(drawn.svg)
    this.next()
  }

  private finish(): void {
    clearTimeout(this.timer)
    this.current = null
  }

  private giveUp(): void {
    const task = this.current
    this.frame?.remove()
    this.frame = null
    const wasReady = this.ready
    this.ready = false
    this.finish()
    task?.reject(new Error(wasReady ? 'The diagram takes too long to draw.' : 'What draws diagrams did not load.'))
    this.next()
  }
}

let drawer: Drawer | null = null
const drawn = new Map<string, Promise<string>>()

/** A diagram as the address of a picture, in which nothing runs and which loads nothing. Rejects with what is wrong. */
export function diagramUrl(source: string, dark: boolean): Promise<string> {
  const key = `${dark ? 'dark' : 'light'}\n${source}`
  const known = drawn.get(key)
  if (known !== undefined) return known
  drawer ??= new Drawer()
  const url = drawer.draw(source, dark).then(svgUrl)
  if (drawn.size >= kept) drawn.delete(drawn.keys().next().value ?? '')
  drawn.set(key, url)
  // It may have been the network.
  url.catch(() => drawn.delete(key))
  return url
}
