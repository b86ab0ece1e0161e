import type { Block, Reading } from './blocks'
import { addColours } from './colours'
import { drawDiagrams, inheritDiagrams } from './diagrams'
import { patchOf } from './patch'
import { readMarkdown } from './reader'
import { Sideways } from './sideways'
import { turn, yieldEvery } from './slices'

/** A block that is on the page. */
export interface Shown {
  element: HTMLElement
  /** What it was made from. */
  key: string
  /** The line of the text, counted from 0, that it begins in. */
  line: number
}

/** Adds to what was rendered, before it is shown. */
export type Decorate = (fragment: DocumentFragment) => void

export interface Wanted {
  reading: Reading
  decorate: Decorate | undefined
}

/** A text that was slow to draw is drawn again after this many times what that took: a hostile one is. */
const rest = 2
/** Milliseconds that are slow. */
const slow = 50

/** Blocks that are made at once: some two milliseconds. */
const few = 24

const keyOf = ({ html, formulas }: Block) => (formulas.length === 0 ? html : `${html}\0${formulas.join('\0')}`)

async function prepare(blocks: readonly Block[]) {
  const needsTex = blocks.some(({ formulas }) => formulas.length > 0)
  const [{ purify }] = await Promise.all([import('./purify'), needsTex ? import('katex/dist/katex.min.css') : null])
  return purify
}

/**
 * Blocks of a text on the page. Those that did not change stay the same elements, whatever was made of them: images do
 * not load again, diagrams stay drawn, selections and scroll positions stay.
 */
export class Drawing {
  shown: readonly Shown[] = []
  private decorated: Decorate | undefined
  private wanted: Wanted | null = null
  private busy = false
  private stopped = false
  private readonly sideways = new Sideways()

  /** `onDrawn` hears whether it could be drawn, whenever that was tried. */
  constructor(
    readonly box: HTMLElement,
    private readonly onDrawn: (isDrawn: boolean) => void,
  ) {}

  /** Has a text drawn in place of what is there. Of many that come meanwhile the last one is. */
  want(wanted: Wanted): void {
    this.wanted = wanted
    if (!this.busy) void this.work()
  }

  stop(): void {
    this.stopped = true
    this.sideways.stop()
  }

  private tell(isDrawn: boolean): void {
    if (!this.stopped) this.onDrawn(isDrawn)
  }

  private async work(): Promise<void> {
    this.busy = true
    while (this.wanted !== null && !this.stopped) {
      const { reading, decorate } = this.wanted
      this.wanted = null
      const began = performance.now()
      try {
        await this.show(await readMarkdown(reading), decorate)
        this.tell(true)
      } catch (error) {
        console.warn(error)
        this.shown = []
        this.box.replaceChildren()
        this.tell(false)
      }
      const took = performance.now() - began
      if (took > slow) await turn(rest * took)
    }
    this.busy = false
  }

  /** Shows these blocks in place of all that was there, in as many turns as it takes. */
  private async show(blocks: readonly Block[], decorate: Decorate | undefined): Promise<void> {
    const keys = blocks.map(keyOf)
    const before = decorate === this.decorated ? this.shown : []
    const { head, tail } = patchOf(
      before.map(({ key }) => key),
      keys,
    )
    const fresh = blocks.slice(head, blocks.length - tail)
    const purify = fresh.length === 0 ? null : await prepare(fresh)
    const made: HTMLElement[] = []
    const slice = yieldEvery(8)
    for (let at = 0; at < fresh.length && purify !== null; at += few) {
      const fragment = document.createDocumentFragment()
      fragment.append(...purify(fresh.slice(at, at + few)))
      decorate?.(fragment)
      made.push(...([...fragment.children] as HTMLElement[]))
      await slice()
    }
    const old = before.slice(head, before.length - tail)
    const behind = before.at(before.length - tail)?.element ?? null
    if (before.length === 0) this.box.replaceChildren(...made)
    else {
      made.forEach((element, index) => {
        const replaced = old[index]?.element
        if (replaced === undefined) this.box.insertBefore(element, tail === 0 ? null : behind)
        else {
          inheritDiagrams(element, replaced)
          replaced.replaceWith(element)
        }
      })
      for (const { element } of old.slice(made.length)) element.remove()
    }
    this.decorated = decorate
    const elements = [
      ...before.slice(0, head).map(({ element }) => element),
      ...made,
      ...(tail === 0 ? [] : before.slice(-tail).map(({ element }) => element)),
    ]
    this.shown = elements.map((element, index) => ({
      element,
      key: keys[index] ?? '',
      line: blocks[index]?.line ?? 0,
    }))
    for (const element of made) {
      addColours(element)
      this.sideways.watch(element)
      drawDiagrams(element)
    }
  }
}
