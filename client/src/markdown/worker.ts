import { type Block, mayHoldTex, type Reading, renderBlocks } from './blocks'
import type { texToHtml } from './texOutput'

/** Renders Markdown beside the page: a long text, or one that is made to be costly, holds up nobody who types. */

export interface Request extends Reading {
  id: number
}

export interface Answer {
  id: number
  blocks: Block[]
}

type Tex = typeof texToHtml

/** Formulas that were drawn lately: while one is being typed, the others of the text need not be drawn again. */
const drawn = new Map<string, { html: string } | { problem: unknown }>()
const kept = 2_000

const remembering =
  (tex: Tex): Tex =>
  (source, isDisplayed) => {
    const key = (isDisplayed ? '$' : '') + source
    let found = drawn.get(key)
    if (found === undefined) {
      try {
        found = { html: tex(source, isDisplayed) }
      } catch (problem) {
        found = { problem }
      }
      if (drawn.size >= kept) drawn.clear()
      drawn.set(key, found)
    }
    if ('problem' in found) throw found.problem
    return found.html
  }

let tex: Promise<Tex | null> | null = null

async function loadTex(): Promise<Tex | null> {
  try {
    const { texToHtml } = await import('./texOutput')
    return remembering(texToHtml)
  } catch {
    tex = null
    return null
  }
}

addEventListener('message', ({ data }: MessageEvent<Request>) => {
  void (async () => {
    const needed = mayHoldTex(data.text) ? await (tex ??= loadTex()) : null
    postMessage({ id: data.id, blocks: renderBlocks(data, needed) } satisfies Answer)
  })()
})

postMessage({ id: 0, blocks: [] } satisfies Answer)
