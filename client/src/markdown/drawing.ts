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

/** Adds to what was rendered, before it is shown. Another one of these, and what it adds to is drawn anew. */
export interface Decorate {
  /** Found in the HTML of a block that it adds to. */
  to: RegExp
  add: (fragment: DocumentFragment) => void
}

export interface Wanted {
  reading: Reading
  decorate: readonly Decorate[]
}

/** A text that was slow to draw is drawn again after this many times what that took: a hostile one is. */
const rest = 2
/** Milliseconds that are slow. */
const slow = 50

/** Blocks that are made at once: some two milliseconds. */
const few = 24

const numbers = new WeakMap<Decorate, string>()
let given = 0

function numberOf(decorate: Decorate): string {
  let number = numbers.get(decorate)
  if (number === undefined) numbers.set(decorate, (number = String((given += 1))))
  return number
}

/** All that decides how a block is drawn. */
const keyOf = ({ html, formulas }: Block, decorate: readonly Decorate[]) =>
  [html, ...formulas, ...decorate.filter(({ to }) => to.test(html)).map(numberOf)].join('\0')

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
  private async show(blocks: readonly Block[], decorate: readonly Decorate[]): Promise<void> {
    const keys = blocks.map((block) => keyOf(block, decorate))
    const before = this.shown
    const { head, tail } = patchOf(
      before.map(({ key }) => key),
      keys,
    )
    const old = before.slice(head, before.length - tail)
    const wanted = blocks.slice(head, blocks.length - tail)
    // Where as many come as go, some between those that changed may have stayed the same.
    const stays = (index: number) => wanted.length === old.length && old[index]?.key === keys[head + index]
    const made = await this.make(
      wanted.filter((_, index) => !stays(index)),
      decorate,
    )
    let taken = 0
    const middle = wanted.map((_, index) => (stays(index) ? old[index]?.element : made[taken++]) ?? null)
    const behind = before[before.length - tail]?.element ?? null
    middle.forEach((element, index) => {
      const replaced = old[index]?.element
      if (element === null || element === replaced) return
      if (replaced === undefined) this.box.insertBefore(element, behind)
      else {
        inheritDiagrams(element, replaced)
        replaced.replaceWith(element)
      }
    })
    for (const { element } of old.slice(middle.length)) element.remove()
    const elements = [
      ...before.slice(0, head).map(({ element }) => element),
      ...middle.filter((element) => element !== null),
      ...before.slice(before.length - tail).map(({ element }) => element),
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

  private async make(blocks: readonly Block[], decorate: readonly Decorate[]): Promise<HTMLElement[]> {
    if (blocks.length === 0) return []
    const purify = await prepare(blocks)
    const fragment = document.createDocumentFragment()
    const slice = yieldEvery(8)
    for (let at = 0; at < blocks.length; at += few) {
      fragment.append(...purify(blocks.slice(at, at + few)))
      await slice()
    }
    for (const { add } of decorate) add(fragment)
    return [...fragment.children] as HTMLElement[]
  }
}
